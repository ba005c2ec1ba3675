#include <utility>

#include "api/operation.h"
#include "api/streams.h"
#include "api/tags.h"
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
    tags.push_back(tag_value(at->first, at->second));
  }
  wire::Value output;
  output.add("Tags", std::move(tags));
  output.add("HasMoreTags", at != all.end());
  return output;
}

}  // namespace millrace::api
