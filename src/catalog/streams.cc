// Streams come and go.
#include <algorithm>

#include "catalog/rules.h"
#include "model/limits.h"

namespace millrace::catalog::rules {

using base::Errc;
using base::Error;

Refusal check(const State& state, const CreateStream& command, std::int64_t) {
  if (state.find(command.stream) != nullptr) return Error(Errc::exists);
  if (command.shard_count == 0) return guard("shard_count");
  const Account& account = state.account(command.stream.place);
  if (command.creating_max != 0 && account.creating_streams >= command.creating_max) return limit("creating_streams");
  if (account.open_shards + command.shard_count > command.shards_max) return limit("shards");
  if (command.mode == StreamMode::on_demand && account.on_demand_streams + 1 > command.on_demand_streams_max) {
    return limit("on_demand_streams");
  }
  return {};
}

Refusal check(const State& state, const ActivateStream& command, std::int64_t) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (stream->status != StreamStatus::creating) return guard("status");
  return {};
}

Refusal check(const State& state, const MarkDeleting& command, std::int64_t) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (stream->status == StreamStatus::deleting) return guard("status");
  if (command.keep_consumers && !stream->consumers.empty()) return guard("consumers");
  return {};
}

Refusal check(const State& state, const RemoveStream& command, std::int64_t) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (stream->status != StreamStatus::deleting) return guard("status");
  return {};
}

StreamPtr perform(State& state, const CreateStream& command, std::int64_t time_ms) {
  // Sequence numbers begin with the shard's creation second, so that a name used again must get a later one: its
  // numbers and the old stream's would mean each other's records otherwise.
  const std::int64_t created_s = std::max(second_of(time_ms), state.history.last_created_s(command.stream) + 1);
  auto stream = std::make_shared<Stream>();
  stream->uid = ++state.last_uid;
  stream->place = command.stream.place;
  stream->name = command.stream.name;
  stream->mode = command.mode;
  stream->distribution = command.distribution;
  // Shown to clients, who tell streams of the same name apart by it: in step with the creation second.
  stream->created_ms = std::max(time_ms, created_s * 1000);
  stream->retention_hours = model::limits::retention_hours_min;
  stream->record_kib_max = command.record_kib_max;
  stream->warm_throughput_mibps = stream->warm_current_mibps = command.warm_throughput_mibps;
  stream->tags = command.tags;
  stream->shards.reserve(command.shard_count);
  for (const model::HashKeyRange& range : model::uniform_ranges(command.shard_count)) {
    ShardInfo& shard = stream->shards.emplace_back();
    shard.number = stream->next_shard++;
    shard.range = range;
    shard.created_s = created_s;
  }
  state.history.forget_removed(command.stream);
  put_stream(state, command.stream, stream);
  return stream;
}

StreamPtr perform(State& state, const ActivateStream& command, std::int64_t) {
  return replace(state, command.stream, [](Stream& stream) { stream.status = StreamStatus::active; });
}

StreamPtr perform(State& state, const MarkDeleting& command, std::int64_t) {
  return replace(state, command.stream, [](Stream& stream) { stream.status = StreamStatus::deleting; });
}

StreamPtr perform(State& state, const RemoveStream& command, std::int64_t) {
  const Stream& stream = **state.find(command.stream);
  std::int64_t created_s = second_of(stream.created_ms);
  for (const ShardInfo& shard : stream.shards)
    created_s = std::max(created_s, shard.created_s);
  state.history.add_removed(command.stream, {.removed_at = state.version, .created_s = created_s});
  put_stream(state, command.stream, nullptr);
  return nullptr;
}

}  // namespace millrace::catalog::rules
