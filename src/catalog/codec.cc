#include "catalog/codec.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <optional>
#include <utility>

#include "catalogue.pb.h"

namespace millrace::catalog {
namespace {

namespace pb = millrace::catalogue;
using base::Errc;

// The first thing that was wrong with what is being read. Reading goes on past it and the result is thrown away, so
// that the functions below stay plain.
class Problem {
 public:
  void newer(const char* where) {
    note(Errc::bad_config, std::string("the catalogue was written by a newer version of Millrace (") + where +
                               "); start that version, or a newer one");
  }
  void damaged(const char* where) {
    note(Errc::data_loss, std::string("the catalogue cannot be read (") + where + ")");
  }
  const std::optional<base::Error>& error() const { return error_; }

 private:
  void note(Errc code, std::string message) {
    if (!error_) error_.emplace(code, std::move(message));
  }
  std::optional<base::Error> error_;
};

// ---- Enumerations; the stored values are those of the .proto file ----

pb::StreamStatus stored(StreamStatus status) {
  switch (status) {
    case StreamStatus::creating:
      return pb::STREAM_STATUS_CREATING;
    case StreamStatus::active:
      return pb::STREAM_STATUS_ACTIVE;
    case StreamStatus::updating:
      return pb::STREAM_STATUS_UPDATING;
    case StreamStatus::deleting:
      return pb::STREAM_STATUS_DELETING;
  }
  return pb::STREAM_STATUS_UNSPECIFIED;
}
StreamStatus loaded(pb::StreamStatus status, Problem& problem) {
  switch (status) {
    case pb::STREAM_STATUS_CREATING:
      return StreamStatus::creating;
    case pb::STREAM_STATUS_ACTIVE:
      return StreamStatus::active;
    case pb::STREAM_STATUS_UPDATING:
      return StreamStatus::updating;
    case pb::STREAM_STATUS_DELETING:
      return StreamStatus::deleting;
    default:
      break;
  }
  problem.newer("a stream's status");
  return StreamStatus::creating;
}

pb::StreamMode stored(StreamMode mode) {
  switch (mode) {
    case StreamMode::provisioned:
      return pb::STREAM_MODE_PROVISIONED;
    case StreamMode::on_demand:
      return pb::STREAM_MODE_ON_DEMAND;
  }
  return pb::STREAM_MODE_UNSPECIFIED;
}
StreamMode loaded(pb::StreamMode mode, Problem& problem) {
  switch (mode) {
    case pb::STREAM_MODE_PROVISIONED:
      return StreamMode::provisioned;
    case pb::STREAM_MODE_ON_DEMAND:
      return StreamMode::on_demand;
    default:
      break;
  }
  problem.newer("a stream's mode");
  return StreamMode::provisioned;
}

pb::RecordDistribution stored(RecordDistribution distribution) {
  switch (distribution) {
    case RecordDistribution::user_partition_key:
      return pb::RECORD_DISTRIBUTION_USER_PARTITION_KEY;
    case RecordDistribution::automatic:
      return pb::RECORD_DISTRIBUTION_AUTOMATIC;
  }
  return pb::RECORD_DISTRIBUTION_UNSPECIFIED;
}
RecordDistribution loaded(pb::RecordDistribution distribution, Problem& problem) {
  switch (distribution) {
    case pb::RECORD_DISTRIBUTION_USER_PARTITION_KEY:
      return RecordDistribution::user_partition_key;
    case pb::RECORD_DISTRIBUTION_AUTOMATIC:
      return RecordDistribution::automatic;
    default:
      break;
  }
  problem.newer("a stream's record distribution");
  return RecordDistribution::user_partition_key;
}

// ---- Parts ----

template <class Tags>
void store_tags(const std::map<std::string, std::string>& tags, Tags* to) {
  for (const auto& [key, value] : tags) {
    pb::Tag* tag = to->Add();
    tag->set_key(key);
    tag->set_value(value);
  }
}
template <class Tags>
std::map<std::string, std::string> load_tags(const Tags& from, Problem& problem) {
  std::map<std::string, std::string> tags;
  for (const pb::Tag& tag : from) {
    if (!tags.empty() && tag.key() <= tags.rbegin()->first) problem.damaged("the order of tags");
    tags.emplace_hint(tags.end(), tag.key(), tag.value());
  }
  return tags;
}

CommandId load_id(std::string_view bytes, Problem& problem) {
  CommandId id{};
  if (bytes.size() != id.size()) {
    problem.damaged("a command's id");
    return id;
  }
  std::memcpy(id.data(), bytes.data(), id.size());
  return id;
}
std::string_view text_of(const CommandId& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

// ---- Commands ----

void store(const CreateStream& from, pb::Command& command) {
  pb::CreateStream& to = *command.mutable_create_stream();
  to.set_name(from.name);
  to.set_mode(stored(from.mode));
  to.set_shard_count(from.shard_count);
  to.set_distribution(stored(from.distribution));
  to.set_record_kib_max(from.record_kib_max);
  if (from.warm_throughput_mibps) to.set_warm_throughput_mibps(*from.warm_throughput_mibps);
  store_tags(from.tags, to.mutable_tags());
  to.set_shards_max(from.shards_max);
  to.set_on_demand_streams_max(from.on_demand_streams_max);
}
CreateStream load(const pb::CreateStream& from, Problem& problem) {
  CreateStream to;
  to.name = from.name();
  to.mode = loaded(from.mode(), problem);
  to.shard_count = from.shard_count();
  to.distribution = loaded(from.distribution(), problem);
  to.record_kib_max = from.record_kib_max();
  if (from.has_warm_throughput_mibps()) to.warm_throughput_mibps = from.warm_throughput_mibps();
  to.tags = load_tags(from.tags(), problem);
  to.shards_max = from.shards_max();
  to.on_demand_streams_max = from.on_demand_streams_max();
  return to;
}

template <class From>
void store_ref(const From& from, pb::StreamRef& to) {
  to.set_name(from.name);
  to.set_uid(from.uid);
}
template <class To, class From>
To load_ref(const From& from) {
  To to;
  to.name = from.stream().name();
  to.uid = from.stream().uid();
  return to;
}

void store(const ActivateStream& from, pb::Command& to) {
  store_ref(from, *to.mutable_activate_stream()->mutable_stream());
}
void store(const MarkDeleting& from, pb::Command& to) {
  store_ref(from, *to.mutable_mark_deleting()->mutable_stream());
}
void store(const RemoveStream& from, pb::Command& to) {
  store_ref(from, *to.mutable_remove_stream()->mutable_stream());
}

void store(const SetRetention& from, pb::Command& command) {
  pb::SetRetention& to = *command.mutable_set_retention();
  store_ref(from, *to.mutable_stream());
  to.set_hours(from.hours);
  to.set_increase(from.increase);
}
SetRetention load(const pb::SetRetention& from, Problem&) {
  auto to = load_ref<SetRetention>(from);
  to.hours = from.hours();
  to.increase = from.increase();
  return to;
}

void store(const AddTags& from, pb::Command& command) {
  pb::AddTags& to = *command.mutable_add_tags();
  store_ref(from, *to.mutable_stream());
  store_tags(from.tags, to.mutable_tags());
  to.set_tags_max(from.tags_max);
}
AddTags load(const pb::AddTags& from, Problem& problem) {
  auto to = load_ref<AddTags>(from);
  to.tags = load_tags(from.tags(), problem);
  to.tags_max = from.tags_max();
  return to;
}

void store(const RemoveTags& from, pb::Command& command) {
  pb::RemoveTags& to = *command.mutable_remove_tags();
  store_ref(from, *to.mutable_stream());
  for (const std::string& key : from.keys)
    to.add_keys(key);
}
RemoveTags load(const pb::RemoveTags& from, Problem&) {
  auto to = load_ref<RemoveTags>(from);
  to.keys.assign(from.keys().begin(), from.keys().end());
  return to;
}

CommandBody load_body(const pb::Command& command, Problem& problem) {
  switch (command.body_case()) {
    case pb::Command::kCreateStream:
      return load(command.create_stream(), problem);
    case pb::Command::kActivateStream:
      return load_ref<ActivateStream>(command.activate_stream());
    case pb::Command::kMarkDeleting:
      return load_ref<MarkDeleting>(command.mark_deleting());
    case pb::Command::kRemoveStream:
      return load_ref<RemoveStream>(command.remove_stream());
    case pb::Command::kSetRetention:
      return load(command.set_retention(), problem);
    case pb::Command::kAddTags:
      return load(command.add_tags(), problem);
    case pb::Command::kRemoveTags:
      return load(command.remove_tags(), problem);
    case pb::Command::BODY_NOT_SET:
      break;
  }
  problem.newer("a command");
  return {};
}

// ---- States ----

void store(const ShardInfo& from, pb::Shard& to) {
  to.set_number(from.number);
  pb::HashKeyRange& range = *to.mutable_range();
  range.set_first_high(base::high_of(from.range.first));
  range.set_first_low(base::low_of(from.range.first));
  range.set_last_high(base::high_of(from.range.last));
  range.set_last_low(base::low_of(from.range.last));
  if (from.parent) to.set_parent(*from.parent);
  if (from.adjacent_parent) to.set_adjacent_parent(*from.adjacent_parent);
  to.set_created_s(from.created_s);
  if (from.closed_s) to.set_closed_s(*from.closed_s);
}
ShardInfo load(const pb::Shard& from) {
  ShardInfo to;
  to.number = from.number();
  to.range.first = base::make_u128(from.range().first_high(), from.range().first_low());
  to.range.last = base::make_u128(from.range().last_high(), from.range().last_low());
  if (from.has_parent()) to.parent = from.parent();
  if (from.has_adjacent_parent()) to.adjacent_parent = from.adjacent_parent();
  to.created_s = from.created_s();
  if (from.has_closed_s()) to.closed_s = from.closed_s();
  return to;
}

void store(const Stream& from, pb::Stream& to) {
  to.set_uid(from.uid);
  to.set_name(from.name);
  to.set_status(stored(from.status));
  to.set_mode(stored(from.mode));
  to.set_distribution(stored(from.distribution));
  to.set_created_ms(from.created_ms);
  to.set_retention_hours(from.retention_hours);
  to.set_record_kib_max(from.record_kib_max);
  if (from.warm_throughput_mibps) to.set_warm_throughput_mibps(*from.warm_throughput_mibps);
  store_tags(from.tags, to.mutable_tags());
  for (const ShardInfo& shard : from.shards)
    store(shard, *to.add_shards());
}
std::shared_ptr<const Stream> load(const pb::Stream& from, Problem& problem) {
  auto to = std::make_shared<Stream>();
  to->uid = from.uid();
  to->name = from.name();
  to->status = loaded(from.status(), problem);
  to->mode = loaded(from.mode(), problem);
  to->distribution = loaded(from.distribution(), problem);
  to->created_ms = from.created_ms();
  to->retention_hours = from.retention_hours();
  to->record_kib_max = from.record_kib_max();
  if (from.has_warm_throughput_mibps()) to->warm_throughput_mibps = from.warm_throughput_mibps();
  to->tags = load_tags(from.tags(), problem);
  to->shards.reserve(static_cast<std::size_t>(from.shards_size()));
  for (const pb::Shard& shard : from.shards()) {
    if (!to->shards.empty() && shard.number() <= to->shards.back().number) problem.damaged("the order of shards");
    to->shards.push_back(load(shard));
  }
  return to;
}

void store(const History& from, pb::Snapshot& to) {
  std::string& ids = *to.mutable_recent_ids();
  for (const CommandId& id : from.recent_ids())
    ids += text_of(id);
  for (const auto& [name, removed] : from.removed()) {
    pb::RemovedName& entry = *to.add_removed();
    entry.set_name(name);
    entry.set_removed_at(removed.removed_at);
    entry.set_created_s(removed.created_s);
  }
  to.set_created_floor_s(from.created_floor_s());
}
History load_history(const pb::Snapshot& from, Problem& problem) {
  constexpr std::size_t id_bytes = sizeof(CommandId);
  const std::string_view text = from.recent_ids();
  std::vector<CommandId> ids;
  ids.reserve(text.size() / id_bytes);
  for (std::size_t at = 0; at < text.size(); at += id_bytes)
    ids.push_back(load_id(text.substr(at, id_bytes), problem));
  if (ids.size() > History::recent_ids_max) problem.damaged("the number of recent ids");

  History::RemovedNames removed;
  for (const pb::RemovedName& entry : from.removed()) {
    if (!removed.empty() && entry.name() <= removed.rbegin()->first) problem.damaged("the order of removed names");
    removed.emplace_hint(removed.end(), entry.name(),
                         History::Removed{.removed_at = entry.removed_at(), .created_s = entry.created_s()});
  }
  if (removed.size() > History::removed_max) problem.damaged("the number of removed names");
  return History::restore(std::move(ids), std::move(removed), from.created_floor_s());
}

// What the counters of a state say is what its streams add up to.
void count(const Stream& stream, State& state) {
  if (stream.status == StreamStatus::deleting) return;
  for (const ShardInfo& shard : stream.shards)
    state.open_shards += shard.is_open() ? 1 : 0;
  if (stream.mode == StreamMode::on_demand) ++state.on_demand_streams;
}

std::shared_ptr<State> load(const pb::Snapshot& from, Problem& problem) {
  auto state = std::make_shared<State>();
  state->version = from.version();
  state->last_uid = from.last_uid();
  for (const pb::Stream& entry : from.streams()) {
    if (!state->streams.empty() && entry.name() <= state->streams.rbegin()->first)
      problem.damaged("the order of streams");
    auto stream = load(entry, problem);
    if (stream->uid > state->last_uid) problem.damaged("a stream's number");
    count(*stream, *state);
    state->streams.emplace_hint(state->streams.end(), stream->name, std::move(stream));
  }
  state->history = load_history(from, problem);
  return state;
}

template <class Message>
Message parse(std::span<const std::byte> bytes, const char* where, Problem& problem) {
  Message message;
  if (bytes.size() > INT_MAX || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    problem.damaged(where);
  }
  return message;
}

// The value that was read, unless there was a problem. A member that this version does not know is not in the value:
// the value would be written otherwise than it was read, and differ from that of whoever knows the member.
template <class Value>
base::Result<Value> checked(Value value, const std::string& written, std::span<const std::byte> read,
                            Problem& problem) {
  if (!std::ranges::equal(std::as_bytes(std::span(written)), read)) problem.newer("a member");
  if (problem.error()) return base::fail(*problem.error());
  return value;
}

}  // namespace

std::string encode(const Command& command) {
  pb::Command message;
  message.set_id(std::string(text_of(command.id)));
  message.set_time_ms(command.time_ms);
  std::visit([&](const auto& body) { store(body, message); }, command.body);
  return message.SerializeAsString();
}

std::string encode(const State& state) {
  pb::Snapshot message;
  message.set_version(state.version);
  message.set_last_uid(state.last_uid);
  for (const auto& [name, stream] : state.streams)
    store(*stream, *message.add_streams());
  store(state.history, message);
  return message.SerializeAsString();
}

base::Result<Command> decode_command(std::span<const std::byte> bytes) {
  Problem problem;
  const auto message = parse<pb::Command>(bytes, "a command", problem);
  Command command{
      .id = load_id(message.id(), problem), .time_ms = message.time_ms(), .body = load_body(message, problem)};
  const std::string written = encode(command);
  return checked(std::move(command), written, bytes, problem);
}

base::Result<std::shared_ptr<State>> decode_state(std::span<const std::byte> bytes) {
  Problem problem;
  auto state = load(parse<pb::Snapshot>(bytes, "a snapshot", problem), problem);
  return checked(state, encode(*state), bytes, problem);
}

}  // namespace millrace::catalog
