#include <utility>

#include "api/operation.h"
#include "api/streams.h"
#include "api/tags.h"

namespace millrace::api {

void remove_tags_from_stream(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  if (auto good = require_settled(context, found); !good) return done(base::fail(std::move(good.error())));
  const wire::List& keys = *input.list("TagKeys");
  if (auto good = check_tag_keys(context, found.name, keys); !good) return done(base::fail(std::move(good.error())));

  catalog::RemoveTags change{.name = found.name, .uid = found.uid, .keys = {}};
  for (const wire::Value& key : keys)
    change.keys.push_back(*key.text());
  context.coordinator.remove_tags(
      std::move(change), [&context, name = found.name, done = std::move(done)](base::Result<void> removed) mutable {
        if (!removed) return done(base::fail(told(context, name, removed.error())));
        done(wire::Value());
      });
}

}  // namespace millrace::api
