#include <utility>

#include "api/operation.h"
#include "api/policies.h"

namespace millrace::api {

void delete_resource_policy(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto resource = resource_of(context, input);
  if (!resource) return done(base::fail(std::move(resource.error())));
  set_policy(context, std::move(*resource), {}, std::move(done));
}

}  // namespace millrace::api
