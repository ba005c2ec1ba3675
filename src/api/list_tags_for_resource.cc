#include "api/operation.h"
#include "api/tags.h"

namespace millrace::api {

// In one page: a resource has at most as many tags as fit.
base::Result<wire::Value> list_tags_for_resource(Context& context, const wire::Value& input) {
  const auto resource = resource_of(context, input);
  if (!resource) return base::fail(resource.error());
  const auto& all = resource->consumer != nullptr ? resource->consumer->tags : resource->of().tags;
  wire::List tags;
  for (const auto& [key, value] : all)
    tags.push_back(tag_value(key, value));
  wire::Value output;
  output.add("Tags", std::move(tags));
  return output;
}

}  // namespace millrace::api
