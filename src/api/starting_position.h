#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/context.h"
#include "base/result.h"
#include "catalog/state.h"
#include "model/sequence_number.h"
#include "wire/value.h"

namespace millrace::api {

// Where a reader wants to begin, as the members of GetShardIterator and of SubscribeToShard's StartingPosition say it.
struct StartingPosition {
  std::string_view operation;  // for sentences
  std::string_view type;
  const std::string* number = nullptr;
  std::optional<wire::Timestamp> timestamp;
};

// The same for a shard. LATEST is the shard's own to say, at the moment at which it is asked.
struct Start {
  bool is_latest = false;
  model::Position position = 1;
  std::int64_t arrival_min_ms = 0;  // and records of this arrival or later; 0: any
};

// invalid_argument where type, number and time do not go together, or the number is not of that shard.
base::Result<Start> start_in(const Context& context, const catalog::Stream& stream, const catalog::ShardInfo& shard,
                             const StartingPosition& wanted);

}  // namespace millrace::api
