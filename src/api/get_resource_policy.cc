#include "api/operation.h"
#include "api/resources.h"

namespace millrace::api {

base::Result<wire::Value> get_resource_policy(Context& context, const wire::Value& input) {
  const auto resource = resource_of(context, input);
  if (!resource) return base::fail(resource.error());
  const std::string& policy = resource->consumer != nullptr ? resource->consumer->policy : resource->of().policy;
  wire::Value output;
  // The service answers an empty document where there is none.
  output.add("Policy", policy.empty() ? std::string_view("{}") : std::string_view(policy));
  return output;
}

}  // namespace millrace::api
