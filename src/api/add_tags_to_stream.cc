#include <utility>

#include "api/operation.h"
#include "api/streams.h"
#include "api/tags.h"
#include "model/limits.h"
#include "wire/sentences.h"

namespace millrace::api {

void add_tags_to_stream(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  if (auto good = require_settled(context, found); !good) return done(base::fail(std::move(good.error())));
  const wire::Object& tags = *input.object("Tags");
  if (auto good = check_tags(context, found.name, tags); !good) return done(base::fail(std::move(good.error())));

  catalog::AddTags change{
      .name = found.name, .uid = found.uid, .tags = tag_map(tags), .tags_max = model::limits::tags_max};
  context.coordinator.add_tags(
      std::move(change), [&context, name = found.name, done = std::move(done)](base::Result<void> added) mutable {
        if (added) return done(wire::Value());
        if (added.error().code == base::Errc::guard_failed && added.error().message == "tags") {
          return done(base::fail(wire::too_many_tags(name, context.identity.account)));
        }
        done(base::fail(told(context, name, added.error())));
      });
}

}  // namespace millrace::api
