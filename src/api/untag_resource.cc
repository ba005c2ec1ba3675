#include <utility>

#include "api/operation.h"
#include "api/tags.h"

namespace millrace::api {

void untag_resource(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto resource = resource_of(context, input);
  if (!resource) return done(base::fail(std::move(resource.error())));
  remove_tags(context, std::move(*resource), *input.list("TagKeys"), std::move(done));
}

}  // namespace millrace::api
