#include <utility>

#include "api/operation.h"
#include "api/tags.h"

namespace millrace::api {

void remove_tags_from_stream(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  remove_tags(context, {.stream = std::move(*stream)}, *input.list("TagKeys"), std::move(done));
}

}  // namespace millrace::api
