#include <utility>

#include "api/operation.h"
#include "api/streams.h"
#include "model/limits.h"

namespace millrace::api {

base::Result<wire::Value> list_tags_for_stream(Context& context, const wire::Value& input) {
  const auto found = stream_of(context, input);
  if (!found) return base::fail(found.error());
  const auto& all = (*found)->stream->tags;
  const auto page = static_cast<std::size_t>(input.integer("Limit").value_or(model::limits::list_tags_page));
  const std::string* after = input.text("ExclusiveStartTagKey");

  wire::List tags;
  auto at = after != nullptr ? all.upper_bound(*after) : all.begin();
  for (; at != all.end() && tags.size() < page; ++at) {
    wire::Value tag;
    tag.add("Key", at->first);
    tag.add("Value", at->second);
    tags.push_back(std::move(tag));
  }
  wire::Value output;
  output.add("Tags", std::move(tags));
  output.add("HasMoreTags", at != all.end());
  return output;
}

}  // namespace millrace::api
