#include <algorithm>
#include <utility>

#include "api/operation.h"
#include "api/streams.h"
#include "model/limits.h"
#include "model/shard_id.h"

namespace millrace::api {

base::Result<wire::Value> describe_stream(Context& context, const wire::Value& input) {
  const auto found = stream_of(context, input);
  if (!found) return base::fail(found.error());
  const catalog::Stream& stream = *(*found)->stream;

  // The service gives at most 100 shards a page, whatever larger limit it is asked for.
  const auto page = static_cast<std::size_t>(std::min<std::int64_t>(
      input.integer("Limit").value_or(model::limits::describe_stream_page), model::limits::describe_stream_page));
  wire::List shards;
  bool more = false;
  if (stream.status != catalog::StreamStatus::creating) {
    const std::string* after = input.text("ExclusiveStartShardId");
    for (const catalog::ShardInfo& shard : stream.shards) {
      if (after != nullptr && model::shard_id(shard.number) <= *after) continue;
      if (shards.size() == page) {
        more = true;
        break;
      }
      shards.push_back(shard_value(shard));
    }
  }

  wire::Value description;
  add_stream_members(context, stream, description);
  description.add("Shards", std::move(shards));
  description.add("HasMoreShards", more);
  wire::Value output;
  output.add("StreamDescription", std::move(description));
  return output;
}

}  // namespace millrace::api
