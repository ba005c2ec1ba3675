#include "catalog/apply.h"

#include <algorithm>
#include <utility>

#include "model/limits.h"

namespace millrace::catalog {
namespace {

using base::Errc;
using base::Error;
using Refusal = std::optional<Error>;

// The stream a command names, or null where there is none of that uid.
template <class Named>
const Stream* named(const State& state, const Named& command) {
  const auto* found = state.find(command.name);
  return found == nullptr || (*found)->uid != command.uid ? nullptr : found->get();
}

Refusal no_such_stream() {
  return Error(Errc::not_found);
}
Refusal guard(const char* which) {
  return Error(Errc::guard_failed, which);
}

// Tags may be changed while a stream is used.
bool is_settled(const Stream& stream) {
  return stream.status == StreamStatus::active || stream.status == StreamStatus::updating;
}

std::uint64_t open_shards_of(const Stream& stream) {
  return static_cast<std::uint64_t>(std::ranges::count_if(stream.shards, &ShardInfo::is_open));
}

// ---- Guards ----

Refusal check(const State& state, const CreateStream& command) {
  if (state.find(command.name) != nullptr) return Error(Errc::exists);
  if (command.shard_count == 0) return guard("shard_count");
  if (state.open_shards + command.shard_count > command.shards_max) return Error(Errc::limit_exceeded, "shards");
  if (command.mode == StreamMode::on_demand && state.on_demand_streams + 1 > command.on_demand_streams_max) {
    return Error(Errc::limit_exceeded, "on_demand_streams");
  }
  return {};
}

Refusal check(const State& state, const ActivateStream& command) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (stream->status != StreamStatus::creating) return guard("status");
  return {};
}

Refusal check(const State& state, const MarkDeleting& command) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (stream->status == StreamStatus::deleting) return guard("status");
  return {};
}

Refusal check(const State& state, const RemoveStream& command) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (stream->status != StreamStatus::deleting) return guard("status");
  return {};
}

Refusal check(const State& state, const SetRetention& command) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (stream->status != StreamStatus::active) return guard("status");
  const bool right_way =
      command.increase ? command.hours >= stream->retention_hours : command.hours <= stream->retention_hours;
  if (!right_way) return guard("retention");
  return {};
}

Refusal check(const State& state, const AddTags& command) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (!is_settled(*stream)) return guard("status");
  std::size_t count = stream->tags.size();
  for (const auto& [key, value] : command.tags)
    count += stream->tags.contains(key) ? 0 : 1;
  if (count > command.tags_max) return guard("tags");
  return {};
}

Refusal check(const State& state, const RemoveTags& command) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (!is_settled(*stream)) return guard("status");
  return {};
}

// ---- Effects; the guard holds ----

// Epoch second of a time in milliseconds; sequence numbers know none before 1970.
std::int64_t second_of(std::int64_t time_ms) {
  return std::max<std::int64_t>(time_ms, 0) / 1000;
}

std::shared_ptr<const Stream> make_stream(State& state, const CreateStream& command, std::int64_t time_ms) {
  // Sequence numbers begin with the shard's creation second, so that a name used again must get a later one: its
  // numbers and the old stream's would mean each other's records otherwise.
  const std::int64_t created_s = std::max(second_of(time_ms), state.history.last_created_s(command.name) + 1);
  auto stream = std::make_shared<Stream>();
  stream->uid = ++state.last_uid;
  stream->name = command.name;
  stream->mode = command.mode;
  stream->distribution = command.distribution;
  // Shown to clients, who tell streams of the same name apart by it: in step with the creation second.
  stream->created_ms = std::max(time_ms, created_s * 1000);
  stream->retention_hours = model::limits::retention_hours_min;
  stream->record_kib_max = command.record_kib_max;
  stream->warm_throughput_mibps = command.warm_throughput_mibps;
  stream->tags = command.tags;
  stream->shards.reserve(command.shard_count);
  for (const model::HashKeyRange& range : model::uniform_ranges(command.shard_count)) {
    ShardInfo& shard = stream->shards.emplace_back();
    shard.number = static_cast<model::ShardNo>(stream->shards.size() - 1);
    shard.range = range;
    shard.created_s = created_s;
  }
  return stream;
}

std::shared_ptr<const Stream> perform(State& state, const CreateStream& command, std::int64_t time_ms) {
  auto stream = make_stream(state, command, time_ms);
  state.history.forget_removed(command.name);
  state.open_shards += command.shard_count;
  if (command.mode == StreamMode::on_demand) ++state.on_demand_streams;
  state.streams.insert_or_assign(command.name, stream);
  return stream;
}

// Puts a changed copy of the stream in its place.
template <class Change>
std::shared_ptr<const Stream> replace(State& state, const std::string& name, Change change) {
  auto stream = std::make_shared<Stream>(**state.find(name));
  change(*stream);
  state.streams.insert_or_assign(name, stream);
  return stream;
}

std::shared_ptr<const Stream> perform(State& state, const ActivateStream& command, std::int64_t) {
  return replace(state, command.name, [](Stream& stream) { stream.status = StreamStatus::active; });
}

std::shared_ptr<const Stream> perform(State& state, const MarkDeleting& command, std::int64_t) {
  auto stream = replace(state, command.name, [](Stream& changed) { changed.status = StreamStatus::deleting; });
  state.open_shards -= open_shards_of(*stream);
  if (stream->mode == StreamMode::on_demand) --state.on_demand_streams;
  return stream;
}

std::shared_ptr<const Stream> perform(State& state, const RemoveStream& command, std::int64_t) {
  const auto found = state.streams.find(command.name);
  std::int64_t created_s = second_of(found->second->created_ms);
  for (const ShardInfo& shard : found->second->shards)
    created_s = std::max(created_s, shard.created_s);
  state.history.add_removed(command.name, {.removed_at = state.version, .created_s = created_s});
  state.streams.erase(found);
  return nullptr;
}

std::shared_ptr<const Stream> perform(State& state, const SetRetention& command, std::int64_t) {
  return replace(state, command.name, [&](Stream& stream) { stream.retention_hours = command.hours; });
}

std::shared_ptr<const Stream> perform(State& state, const AddTags& command, std::int64_t) {
  return replace(state, command.name, [&](Stream& stream) {
    for (const auto& [key, value] : command.tags)
      stream.tags.insert_or_assign(key, value);
  });
}

std::shared_ptr<const Stream> perform(State& state, const RemoveTags& command, std::int64_t) {
  return replace(state, command.name, [&](Stream& stream) {
    for (const std::string& key : command.keys)
      stream.tags.erase(key);
  });
}

}  // namespace

std::optional<base::Error> refusal(const State& state, const CommandBody& body) {
  return std::visit([&](const auto& command) { return check(state, command); }, body);
}

base::Result<std::shared_ptr<const Stream>> apply_to(State& state, const Command& command, model::Position position) {
  state.version = position;
  if (state.history.has_seen(command.id)) return base::fail(Errc::guard_failed, "repeated");
  // Remembered where it is refused, too: what its writer was told must stay true when a second copy comes.
  state.history.add(command.id);
  if (auto refused = refusal(state, command.body)) return base::fail(*std::move(refused));
  return std::visit([&](const auto& body) { return perform(state, body, command.time_ms); }, command.body);
}

Applied apply(const std::shared_ptr<const State>& state, const Command& command, model::Position position) {
  auto after = std::make_shared<State>(*state);
  auto outcome = apply_to(*after, command, position);
  return {.state = std::move(after), .outcome = std::move(outcome)};
}

}  // namespace millrace::catalog
