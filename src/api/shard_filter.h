#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/state.h"
#include "wire/value.h"

namespace millrace::api {

// A ShardFilter: which shards of a stream a listing shows.
struct ShardFilter {
  enum class Type : std::uint8_t {
    from_trim_horizon,  // every shard not expired; also where there is no filter
    at_trim_horizon,    // those without a living parent
    at_latest,          // the open ones
    at_timestamp,       // those that were open at that time
    from_timestamp,     // those that were open at that time or later
    after_shard_id,     // ids after the given one, which need not exist any more
  };
  Type type = Type::from_trim_horizon;
  std::int64_t timestamp_ms = 0;
  std::string shard_id;
};

// From the ShardFilter member of a request; null: no filter. invalid_argument where the type lacks what it needs.
base::Result<ShardFilter> shard_filter(const wire::Value* input);

// The shards that the filter lets through, ascending by id. Times before the horizon or the stream's creation count as
// the horizon, times in the future as now. A child counts as begun when its parent ended, and the parent as ended then,
// so that the shards of one moment partition the key space.
std::vector<const catalog::ShardInfo*> filter_shards(const catalog::Stream& stream, const ShardFilter& filter,
                                                     std::int64_t now_ms);

}  // namespace millrace::api
