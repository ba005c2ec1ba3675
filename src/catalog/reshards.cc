// Shards come of shards, and expire. A step has begun when its children are planned, and happened when it is committed:
// all its parents are closed then, and all its children open, at once.
#include <algorithm>
#include <chrono>

#include "catalog/reshard_plan.h"
#include "catalog/rules.h"

namespace millrace::catalog::rules {
namespace {

using base::Errc;
using base::Error;

template <class Command>
Refusal unless_reshardable(const State& state, const Command& command, ReshardCause cause) {
  if (auto refused = unless_active(state, command)) return refused;
  const StreamMode mode = cause == ReshardCause::request ? StreamMode::provisioned : StreamMode::on_demand;
  if (named(state, command)->mode != mode) return guard("mode");
  return {};
}

// The refusal of a shard that is not there, or cannot be changed any more.
Refusal unless_open(const ShardInfo* shard) {
  if (shard == nullptr) return Error(Errc::not_found, "shard");
  if (!shard->is_open()) return guard("closed");
  return {};
}

// The refusal of a command for a step that is not under way any more.
Refusal unless_at_step(const Stream& stream, model::ShardNo step) {
  if (stream.status != StreamStatus::updating) return guard("status");
  if (!stream.reshard || stream.reshard->children.front().number != step) return guard("reshard");
  return {};
}

void begin(Stream& stream, Reshard step) {
  stream.status = StreamStatus::updating;
  // Numbers are not used again where the step is given up: somebody may have made logs for them.
  stream.next_shard += static_cast<model::ShardNo>(step.children.size());
  stream.reshard = std::move(step);
}

void open_children(Stream& stream, std::int64_t closed_ms) {
  // Parents end in one second, so that they expire together. It is not before any of them began, and their children
  // come after it: children have larger numbers whatever the clock does, since the second stands in front of the rest.
  std::int64_t closed_s = second_of(closed_ms);
  std::vector<ShardInfo*> parents;
  for (ShardInfo& shard : stream.shards) {
    if (!std::ranges::binary_search(stream.reshard->parents, shard.number)) continue;
    parents.push_back(&shard);
    closed_s = std::max(closed_s, shard.created_s);
  }
  for (ShardInfo* parent : parents)
    parent->closed_s = closed_s;
  for (ShardInfo& child : stream.reshard->children) {
    child.created_s = closed_s + 1;
    stream.shards.push_back(std::move(child));
  }
}

}  // namespace

Refusal check(const State& state, const SplitShard& command, std::int64_t) {
  if (auto refused = unless_reshardable(state, command, command.cause)) return refused;
  const Stream& stream = *named(state, command);
  const ShardInfo* shard = stream.shard(command.shard);
  if (auto refused = unless_open(shard)) return refused;
  if (state.account(stream.place).open_shards + 1 > command.shards_max) return limit("shards");
  const model::HashKeyRange range = shard->range;
  // At least two keys below, and one more above than the first.
  const bool fits = command.upper_start > range.first && command.upper_start - range.first > 1;
  if (!fits || command.upper_start >= range.last) return guard("range");
  return {};
}

Refusal check(const State& state, const MergeShards& command, std::int64_t) {
  if (auto refused = unless_reshardable(state, command, command.cause)) return refused;
  const Stream& stream = *named(state, command);
  const ShardInfo* lower = stream.shard(command.shard);
  const ShardInfo* upper = stream.shard(command.adjacent_shard);
  if (auto refused = unless_open(lower)) return refused;
  if (auto refused = unless_open(upper)) return refused;
  const bool touch = lower->range.last != base::u128_max && lower->range.last + 1 == upper->range.first;
  if (!touch) return guard("adjacent");
  return {};
}

Refusal check(const State& state, const RescaleStream& command, std::int64_t time_ms) {
  if (auto refused = unless_reshardable(state, command, ReshardCause::request)) return refused;
  const Stream& stream = *named(state, command);
  if (command.target == 0) return guard("shard_count");
  const std::uint64_t open = stream.open_shards();
  if (command.target > 2 * open) return limit("double");
  if (std::uint64_t{2} * command.target < open) return limit("half");
  if (command.stream_shards_max != 0 && command.target > command.stream_shards_max) return limit("stream_shards");
  const std::uint64_t more = std::max<std::uint64_t>(rescale_peak(stream, command.target), open) - open;
  if (more > 0 && state.account(stream.place).open_shards + more > command.shards_max) return limit("shards");
  if (!within_day(stream.times.rescales_ms, time_ms, command.per_day_max)) return limit("rescales");
  return {};
}

Refusal check(const State& state, const CommitReshard& command, std::int64_t) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  return unless_at_step(*stream, command.step);
}

Refusal check(const State& state, const AbortReshard& command, std::int64_t) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  return unless_at_step(*stream, command.step);
}

Refusal check(const State& state, const ExpireShards& command, std::int64_t) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (stream->status == StreamStatus::deleting) return guard("status");
  return {};
}

StreamPtr perform(State& state, const SplitShard& command, std::int64_t) {
  return replace(state, command.stream, [&](Stream& stream) {
    begin(stream, split_step(stream, *stream.shard(command.shard), command.upper_start));
  });
}

StreamPtr perform(State& state, const MergeShards& command, std::int64_t) {
  return replace(state, command.stream, [&](Stream& stream) {
    begin(stream, merge_step(stream, *stream.shard(command.shard), *stream.shard(command.adjacent_shard)));
  });
}

StreamPtr perform(State& state, const RescaleStream& command, std::int64_t time_ms) {
  return replace(state, command.stream, [&](Stream& stream) {
    note_change(stream.times.rescales_ms, time_ms);
    auto step = rescale_step(stream, command.target);
    // It is divided that way already.
    if (!step) return;
    begin(stream, *std::move(step));
    stream.rescale_target = command.target;
  });
}

StreamPtr perform(State& state, const CommitReshard& command, std::int64_t time_ms) {
  return replace(state, command.stream, [&](Stream& stream) {
    open_children(stream, std::max(time_ms, command.last_arrival_ms));
    stream.reshard.reset();
    auto next = stream.rescale_target ? rescale_step(stream, *stream.rescale_target) : std::nullopt;
    if (next) return begin(stream, *std::move(next));
    stream.rescale_target.reset();
    stream.status = StreamStatus::active;
  });
}

StreamPtr perform(State& state, const AbortReshard& command, std::int64_t) {
  return replace(state, command.stream, [](Stream& stream) {
    stream.reshard.reset();
    stream.rescale_target.reset();
    stream.status = StreamStatus::active;
  });
}

StreamPtr perform(State& state, const ExpireShards& command, std::int64_t time_ms) {
  return replace(state, command.stream, [&](Stream& stream) {
    std::erase_if(stream.shards, [&](const ShardInfo& shard) {
      return !shard.is_open() && *shard.closed_s < command.closed_before_s && is_expired(stream, shard, time_ms);
    });
  });
}

}  // namespace millrace::catalog::rules
