#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "catalog/state.h"

namespace millrace::catalog {

// What can be done to the catalogue. Each is a message of proto/catalogue.proto in the log. Guards are part of a
// command: one whose precondition no longer holds when it is applied is refused, and nothing changes.
//
// A command for a stream is for the one of that uid only, so that a late one cannot touch a stream of the same name
// made since. A limit of 0 is not applied.

// ---- Streams ----

struct CreateStream {
  StreamKey stream;
  StreamMode mode = StreamMode::provisioned;
  std::uint32_t shard_count = 1;  // in both modes; at least 1
  RecordDistribution distribution = RecordDistribution::user_partition_key;
  std::uint32_t record_kib_max = 1024;
  std::optional<std::uint32_t> warm_throughput_mibps;
  std::map<std::string, std::string> tags;
  // Limits of the account that hold when the command is applied, so that two creations at once cannot pass them
  // together.
  std::uint32_t shards_max = 0;             // always applied
  std::uint32_t on_demand_streams_max = 0;  // always applied
  std::uint32_t creating_max = 0;
};
struct ActivateStream {
  StreamKey stream;
  std::uint64_t uid = 0;
};
struct MarkDeleting {
  StreamKey stream;
  std::uint64_t uid = 0;
  bool keep_consumers = false;  // refused ("consumers") where it has some
};
struct RemoveStream {
  StreamKey stream;
  std::uint64_t uid = 0;
};
struct SetRetention {
  StreamKey stream;
  std::uint64_t uid = 0;
  std::uint32_t hours = 24;
  bool increase = true;  // refused (guard_failed) where the change would go the other way
};

// ---- Changes that a stream may be UPDATING for ----

// `hold`: the stream is UPDATING afterwards, until EndUpdate; else it stays ACTIVE.
struct SetMode {
  StreamKey stream;
  std::uint64_t uid = 0;
  StreamMode mode = StreamMode::provisioned;
  std::optional<std::uint32_t> warm_throughput_mibps;  // with on_demand only
  std::uint32_t on_demand_streams_max = 0;             // always applied
  std::uint32_t per_day_max = 0;                       // switches
  bool hold = false;
};
struct SetRecordSize {
  StreamKey stream;
  std::uint64_t uid = 0;
  std::uint32_t record_kib_max = 1024;
  bool hold = false;
};
struct SetWarmThroughput {
  StreamKey stream;
  std::uint64_t uid = 0;
  std::uint32_t warm_throughput_mibps = 0;
  bool hold = false;
};
struct SetEncryption {
  StreamKey stream;
  std::uint64_t uid = 0;
  std::string key_id;             // empty: records are encrypted no more
  std::uint32_t per_day_max = 0;  // starts, or stops
  bool hold = false;
};
struct EndUpdate {
  StreamKey stream;
  std::uint64_t uid = 0;
};

// ---- Changes that leave the status alone ----

struct SetDistribution {
  StreamKey stream;
  std::uint64_t uid = 0;
  RecordDistribution distribution = RecordDistribution::user_partition_key;
};
struct SetShardMetrics {
  StreamKey stream;
  std::uint64_t uid = 0;
  ShardMetricSet metrics;
  bool enable = true;
};

// A consumer of a stream; of that creation second only. An empty name means the stream itself, where a command can be
// about both.
struct ConsumerRef {
  std::string name;
  std::int64_t created_s = 0;
};
struct AddTags {
  StreamKey stream;
  std::uint64_t uid = 0;
  std::map<std::string, std::string> tags;
  std::uint32_t tags_max = 50;  // refused (guard_failed) where more would result
  ConsumerRef consumer{};
};
struct RemoveTags {
  StreamKey stream;
  std::uint64_t uid = 0;
  std::vector<std::string> keys;
  ConsumerRef consumer{};
};
struct SetPolicy {
  StreamKey stream;
  std::uint64_t uid = 0;
  std::string policy;  // empty: takes it away, and is refused ("policy") where there is none
  ConsumerRef consumer{};
};

// ---- Consumers ----

struct RegisterConsumer {
  StreamKey stream;
  std::uint64_t uid = 0;
  std::string name;
  std::map<std::string, std::string> tags;
  std::uint32_t consumers_max = 0;
  std::uint32_t creating_max = 0;
};
struct ActivateConsumer {
  StreamKey stream;
  std::uint64_t uid = 0;
  ConsumerRef consumer;
};
struct MarkConsumerDeleting {
  StreamKey stream;
  std::uint64_t uid = 0;
  ConsumerRef consumer;
};
struct RemoveConsumer {
  StreamKey stream;
  std::uint64_t uid = 0;
  ConsumerRef consumer;
};

// ---- Reshards ----

// Who wants a shard split or merged: a client, whose stream must be provisioned, or the broker, whose must be
// on-demand.
enum class ReshardCause : std::uint8_t { request, scaling };

struct SplitShard {
  StreamKey stream;
  std::uint64_t uid = 0;
  model::ShardNo shard = 0;
  model::HashKey upper_start = 0;  // where the upper child begins
  ReshardCause cause = ReshardCause::request;
  std::uint32_t shards_max = 0;  // of the account; always applied
};
struct MergeShards {
  StreamKey stream;
  std::uint64_t uid = 0;
  model::ShardNo shard = 0;           // the lower
  model::ShardNo adjacent_shard = 0;  // begins where the other ends
  ReshardCause cause = ReshardCause::request;
};
struct RescaleStream {
  StreamKey stream;
  std::uint64_t uid = 0;
  std::uint32_t target = 1;
  std::uint32_t shards_max = 0;         // of the account; always applied
  std::uint32_t stream_shards_max = 0;  // of the stream
  std::uint32_t per_day_max = 0;
};
// The step under way: its parents' logs are closed and its children's are there. Begins the next step of a rescale, or
// ends the reshard.
struct CommitReshard {
  StreamKey stream;
  std::uint64_t uid = 0;
  model::ShardNo step = 0;           // the number of its first child: no other step is meant
  std::int64_t last_arrival_ms = 0;  // of the parents' records
};
// Gives the step under way up, before any parent's log was closed; and the rescale with it.
struct AbortReshard {
  StreamKey stream;
  std::uint64_t uid = 0;
  model::ShardNo step = 0;  // as above
};
// Takes out the shards that were closed before that second and whose records have expired with it.
struct ExpireShards {
  StreamKey stream;
  std::uint64_t uid = 0;
  std::int64_t closed_before_s = 0;
};

// ---- Accounts ----

struct SetCommitment {
  Place place;
  bool enable = false;
};

using CommandBody =
    std::variant<CreateStream, ActivateStream, MarkDeleting, RemoveStream, SetRetention, AddTags, RemoveTags, SetMode,
                 SetRecordSize, SetWarmThroughput, SetEncryption, EndUpdate, SetDistribution, SetShardMetrics,
                 SetPolicy, RegisterConsumer, ActivateConsumer, MarkConsumerDeleting, RemoveConsumer, SplitShard,
                 MergeShards, RescaleStream, CommitReshard, AbortReshard, ExpireShards, SetCommitment>;

struct Command {
  CommandId id{};            // tells a command that was written twice
  std::int64_t time_ms = 0;  // apply() knows no other clock
  CommandBody body;
};

}  // namespace millrace::catalog
