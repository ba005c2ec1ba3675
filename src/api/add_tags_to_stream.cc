#include <utility>

#include "api/operation.h"
#include "api/tags.h"

namespace millrace::api {

void add_tags_to_stream(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  add_tags(context, {.stream = std::move(*stream)}, *input.object("Tags"), std::move(done));
}

}  // namespace millrace::api
