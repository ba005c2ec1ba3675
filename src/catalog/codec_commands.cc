#include "catalog/codec_parts.h"

// Commands on disk.
namespace millrace::catalog::codec {
namespace {

// What most commands begin with.
template <class From, class To>
void store_ref(const From& from, To& to) {
  to.mutable_stream()->set_name(from.stream.name);
  to.mutable_stream()->set_uid(from.uid);
  store_place(from.stream.place, *to.mutable_stream());
}
template <class To, class From>
To load_ref(const From& from) {
  To to;
  to.stream = {load_place(from.stream()), from.stream().name()};
  to.uid = from.stream().uid();
  return to;
}

template <class To>
void store_consumer(const ConsumerRef& from, To& to) {
  if (from.name.empty()) return;
  to.mutable_consumer()->set_name(from.name);
  to.mutable_consumer()->set_created_s(from.created_s);
}
template <class From>
ConsumerRef load_consumer(const From& from) {
  return {from.consumer().name(), from.consumer().created_s()};
}

void store(const CreateStream& from, pb::Command& command) {
  pb::CreateStream& to = *command.mutable_create_stream();
  to.set_name(from.stream.name);
  store_place(from.stream.place, to);
  to.set_mode(stored(from.mode));
  to.set_shard_count(from.shard_count);
  to.set_distribution(stored(from.distribution));
  to.set_record_kib_max(from.record_kib_max);
  if (from.warm_throughput_mibps) to.set_warm_throughput_mibps(*from.warm_throughput_mibps);
  store_tags(from.tags, to.mutable_tags());
  to.set_shards_max(from.shards_max);
  to.set_on_demand_streams_max(from.on_demand_streams_max);
  to.set_creating_max(from.creating_max);
}
CreateStream load(const pb::CreateStream& from, Problem& problem) {
  CreateStream to;
  to.stream = {load_place(from), from.name()};
  to.mode = loaded(from.mode(), problem);
  to.shard_count = from.shard_count();
  to.distribution = loaded(from.distribution(), problem);
  to.record_kib_max = from.record_kib_max();
  if (from.has_warm_throughput_mibps()) to.warm_throughput_mibps = from.warm_throughput_mibps();
  to.tags = load_tags(from.tags(), problem);
  to.shards_max = from.shards_max();
  to.on_demand_streams_max = from.on_demand_streams_max();
  to.creating_max = from.creating_max();
  return to;
}

void store(const ActivateStream& from, pb::Command& command) {
  store_ref(from, *command.mutable_activate_stream());
}
ActivateStream load(const pb::ActivateStream& from, Problem&) {
  return load_ref<ActivateStream>(from);
}

void store(const MarkDeleting& from, pb::Command& command) {
  pb::MarkDeleting& to = *command.mutable_mark_deleting();
  store_ref(from, to);
  to.set_keep_consumers(from.keep_consumers);
}
MarkDeleting load(const pb::MarkDeleting& from, Problem&) {
  auto to = load_ref<MarkDeleting>(from);
  to.keep_consumers = from.keep_consumers();
  return to;
}

void store(const RemoveStream& from, pb::Command& command) {
  store_ref(from, *command.mutable_remove_stream());
}
RemoveStream load(const pb::RemoveStream& from, Problem&) {
  return load_ref<RemoveStream>(from);
}

void store(const SetRetention& from, pb::Command& command) {
  pb::SetRetention& to = *command.mutable_set_retention();
  store_ref(from, to);
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
  store_ref(from, to);
  store_tags(from.tags, to.mutable_tags());
  to.set_tags_max(from.tags_max);
  store_consumer(from.consumer, to);
}
AddTags load(const pb::AddTags& from, Problem& problem) {
  auto to = load_ref<AddTags>(from);
  to.tags = load_tags(from.tags(), problem);
  to.tags_max = from.tags_max();
  to.consumer = load_consumer(from);
  return to;
}

void store(const RemoveTags& from, pb::Command& command) {
  pb::RemoveTags& to = *command.mutable_remove_tags();
  store_ref(from, to);
  for (const std::string& key : from.keys)
    to.add_keys(key);
  store_consumer(from.consumer, to);
}
RemoveTags load(const pb::RemoveTags& from, Problem&) {
  auto to = load_ref<RemoveTags>(from);
  to.keys.assign(from.keys().begin(), from.keys().end());
  to.consumer = load_consumer(from);
  return to;
}

void store(const SetMode& from, pb::Command& command) {
  pb::SetMode& to = *command.mutable_set_mode();
  store_ref(from, to);
  to.set_mode(stored(from.mode));
  if (from.warm_throughput_mibps) to.set_warm_throughput_mibps(*from.warm_throughput_mibps);
  to.set_on_demand_streams_max(from.on_demand_streams_max);
  to.set_per_day_max(from.per_day_max);
  to.set_hold(from.hold);
}
SetMode load(const pb::SetMode& from, Problem& problem) {
  auto to = load_ref<SetMode>(from);
  to.mode = loaded(from.mode(), problem);
  if (from.has_warm_throughput_mibps()) to.warm_throughput_mibps = from.warm_throughput_mibps();
  to.on_demand_streams_max = from.on_demand_streams_max();
  to.per_day_max = from.per_day_max();
  to.hold = from.hold();
  return to;
}

void store(const SetRecordSize& from, pb::Command& command) {
  pb::SetRecordSize& to = *command.mutable_set_record_size();
  store_ref(from, to);
  to.set_record_kib_max(from.record_kib_max);
  to.set_hold(from.hold);
}
SetRecordSize load(const pb::SetRecordSize& from, Problem&) {
  auto to = load_ref<SetRecordSize>(from);
  to.record_kib_max = from.record_kib_max();
  to.hold = from.hold();
  return to;
}

void store(const SetWarmThroughput& from, pb::Command& command) {
  pb::SetWarmThroughput& to = *command.mutable_set_warm_throughput();
  store_ref(from, to);
  to.set_warm_throughput_mibps(from.warm_throughput_mibps);
  to.set_hold(from.hold);
}
SetWarmThroughput load(const pb::SetWarmThroughput& from, Problem&) {
  auto to = load_ref<SetWarmThroughput>(from);
  to.warm_throughput_mibps = from.warm_throughput_mibps();
  to.hold = from.hold();
  return to;
}

void store(const SetEncryption& from, pb::Command& command) {
  pb::SetEncryption& to = *command.mutable_set_encryption();
  store_ref(from, to);
  to.set_key_id(from.key_id);
  to.set_per_day_max(from.per_day_max);
  to.set_hold(from.hold);
}
SetEncryption load(const pb::SetEncryption& from, Problem&) {
  auto to = load_ref<SetEncryption>(from);
  to.key_id = from.key_id();
  to.per_day_max = from.per_day_max();
  to.hold = from.hold();
  return to;
}

void store(const EndUpdate& from, pb::Command& command) {
  store_ref(from, *command.mutable_end_update());
}
EndUpdate load(const pb::EndUpdate& from, Problem&) {
  return load_ref<EndUpdate>(from);
}

void store(const SetDistribution& from, pb::Command& command) {
  pb::SetDistribution& to = *command.mutable_set_distribution();
  store_ref(from, to);
  to.set_distribution(stored(from.distribution));
}
SetDistribution load(const pb::SetDistribution& from, Problem& problem) {
  auto to = load_ref<SetDistribution>(from);
  to.distribution = loaded(from.distribution(), problem);
  return to;
}

void store(const SetShardMetrics& from, pb::Command& command) {
  pb::SetShardMetrics& to = *command.mutable_set_shard_metrics();
  store_ref(from, to);
  to.set_metrics(from.metrics.bits);
  to.set_enable(from.enable);
}
SetShardMetrics load(const pb::SetShardMetrics& from, Problem&) {
  auto to = load_ref<SetShardMetrics>(from);
  to.metrics = {from.metrics()};
  to.enable = from.enable();
  return to;
}

void store(const SetPolicy& from, pb::Command& command) {
  pb::SetPolicy& to = *command.mutable_set_policy();
  store_ref(from, to);
  to.set_policy(from.policy);
  store_consumer(from.consumer, to);
}
SetPolicy load(const pb::SetPolicy& from, Problem&) {
  auto to = load_ref<SetPolicy>(from);
  to.policy = from.policy();
  to.consumer = load_consumer(from);
  return to;
}

void store(const RegisterConsumer& from, pb::Command& command) {
  pb::RegisterConsumer& to = *command.mutable_register_consumer();
  store_ref(from, to);
  to.set_name(from.name);
  store_tags(from.tags, to.mutable_tags());
  to.set_consumers_max(from.consumers_max);
  to.set_creating_max(from.creating_max);
}
RegisterConsumer load(const pb::RegisterConsumer& from, Problem& problem) {
  auto to = load_ref<RegisterConsumer>(from);
  to.name = from.name();
  to.tags = load_tags(from.tags(), problem);
  to.consumers_max = from.consumers_max();
  to.creating_max = from.creating_max();
  return to;
}

void store(const ActivateConsumer& from, pb::Command& command) {
  pb::ActivateConsumer& to = *command.mutable_activate_consumer();
  store_ref(from, to);
  store_consumer(from.consumer, to);
}
ActivateConsumer load(const pb::ActivateConsumer& from, Problem&) {
  auto to = load_ref<ActivateConsumer>(from);
  to.consumer = load_consumer(from);
  return to;
}

void store(const MarkConsumerDeleting& from, pb::Command& command) {
  pb::MarkConsumerDeleting& to = *command.mutable_mark_consumer_deleting();
  store_ref(from, to);
  store_consumer(from.consumer, to);
}
MarkConsumerDeleting load(const pb::MarkConsumerDeleting& from, Problem&) {
  auto to = load_ref<MarkConsumerDeleting>(from);
  to.consumer = load_consumer(from);
  return to;
}

void store(const RemoveConsumer& from, pb::Command& command) {
  pb::RemoveConsumer& to = *command.mutable_remove_consumer();
  store_ref(from, to);
  store_consumer(from.consumer, to);
}
RemoveConsumer load(const pb::RemoveConsumer& from, Problem&) {
  auto to = load_ref<RemoveConsumer>(from);
  to.consumer = load_consumer(from);
  return to;
}

void store(const SplitShard& from, pb::Command& command) {
  pb::SplitShard& to = *command.mutable_split_shard();
  store_ref(from, to);
  to.set_shard(from.shard);
  to.set_upper_start_high(base::high_of(from.upper_start));
  to.set_upper_start_low(base::low_of(from.upper_start));
  to.set_cause(stored(from.cause));
  to.set_shards_max(from.shards_max);
}
SplitShard load(const pb::SplitShard& from, Problem& problem) {
  auto to = load_ref<SplitShard>(from);
  to.shard = from.shard();
  to.upper_start = base::make_u128(from.upper_start_high(), from.upper_start_low());
  to.cause = loaded(from.cause(), problem);
  to.shards_max = from.shards_max();
  return to;
}

void store(const MergeShards& from, pb::Command& command) {
  pb::MergeShards& to = *command.mutable_merge_shards();
  store_ref(from, to);
  to.set_shard(from.shard);
  to.set_adjacent_shard(from.adjacent_shard);
  to.set_cause(stored(from.cause));
}
MergeShards load(const pb::MergeShards& from, Problem& problem) {
  auto to = load_ref<MergeShards>(from);
  to.shard = from.shard();
  to.adjacent_shard = from.adjacent_shard();
  to.cause = loaded(from.cause(), problem);
  return to;
}

void store(const RescaleStream& from, pb::Command& command) {
  pb::RescaleStream& to = *command.mutable_rescale_stream();
  store_ref(from, to);
  to.set_target(from.target);
  to.set_shards_max(from.shards_max);
  to.set_stream_shards_max(from.stream_shards_max);
  to.set_per_day_max(from.per_day_max);
}
RescaleStream load(const pb::RescaleStream& from, Problem&) {
  auto to = load_ref<RescaleStream>(from);
  to.target = from.target();
  to.shards_max = from.shards_max();
  to.stream_shards_max = from.stream_shards_max();
  to.per_day_max = from.per_day_max();
  return to;
}

void store(const CommitReshard& from, pb::Command& command) {
  pb::CommitReshard& to = *command.mutable_commit_reshard();
  store_ref(from, to);
  to.set_step(from.step);
  to.set_last_arrival_ms(from.last_arrival_ms);
}
CommitReshard load(const pb::CommitReshard& from, Problem&) {
  auto to = load_ref<CommitReshard>(from);
  to.step = from.step();
  to.last_arrival_ms = from.last_arrival_ms();
  return to;
}

void store(const AbortReshard& from, pb::Command& command) {
  pb::AbortReshard& to = *command.mutable_abort_reshard();
  store_ref(from, to);
  to.set_step(from.step);
}
AbortReshard load(const pb::AbortReshard& from, Problem&) {
  auto to = load_ref<AbortReshard>(from);
  to.step = from.step();
  return to;
}

void store(const ExpireShards& from, pb::Command& command) {
  pb::ExpireShards& to = *command.mutable_expire_shards();
  store_ref(from, to);
  to.set_closed_before_s(from.closed_before_s);
}
ExpireShards load(const pb::ExpireShards& from, Problem&) {
  auto to = load_ref<ExpireShards>(from);
  to.closed_before_s = from.closed_before_s();
  return to;
}

void store(const SetCommitment& from, pb::Command& command) {
  pb::SetCommitment& to = *command.mutable_set_commitment();
  store_place(from.place, to);
  to.set_enable(from.enable);
}
SetCommitment load(const pb::SetCommitment& from, Problem&) {
  return {load_place(from), from.enable()};
}

CommandBody load_body(const pb::Command& command, Problem& problem) {
  switch (command.body_case()) {
    case pb::Command::kCreateStream:
      return load(command.create_stream(), problem);
    case pb::Command::kActivateStream:
      return load(command.activate_stream(), problem);
    case pb::Command::kMarkDeleting:
      return load(command.mark_deleting(), problem);
    case pb::Command::kRemoveStream:
      return load(command.remove_stream(), problem);
    case pb::Command::kSetRetention:
      return load(command.set_retention(), problem);
    case pb::Command::kAddTags:
      return load(command.add_tags(), problem);
    case pb::Command::kRemoveTags:
      return load(command.remove_tags(), problem);
    case pb::Command::kSetMode:
      return load(command.set_mode(), problem);
    case pb::Command::kSetRecordSize:
      return load(command.set_record_size(), problem);
    case pb::Command::kSetWarmThroughput:
      return load(command.set_warm_throughput(), problem);
    case pb::Command::kSetEncryption:
      return load(command.set_encryption(), problem);
    case pb::Command::kEndUpdate:
      return load(command.end_update(), problem);
    case pb::Command::kSetDistribution:
      return load(command.set_distribution(), problem);
    case pb::Command::kSetShardMetrics:
      return load(command.set_shard_metrics(), problem);
    case pb::Command::kSetPolicy:
      return load(command.set_policy(), problem);
    case pb::Command::kRegisterConsumer:
      return load(command.register_consumer(), problem);
    case pb::Command::kActivateConsumer:
      return load(command.activate_consumer(), problem);
    case pb::Command::kMarkConsumerDeleting:
      return load(command.mark_consumer_deleting(), problem);
    case pb::Command::kRemoveConsumer:
      return load(command.remove_consumer(), problem);
    case pb::Command::kSplitShard:
      return load(command.split_shard(), problem);
    case pb::Command::kMergeShards:
      return load(command.merge_shards(), problem);
    case pb::Command::kRescaleStream:
      return load(command.rescale_stream(), problem);
    case pb::Command::kCommitReshard:
      return load(command.commit_reshard(), problem);
    case pb::Command::kAbortReshard:
      return load(command.abort_reshard(), problem);
    case pb::Command::kExpireShards:
      return load(command.expire_shards(), problem);
    case pb::Command::kSetCommitment:
      return load(command.set_commitment(), problem);
    case pb::Command::BODY_NOT_SET:
      break;
  }
  problem.newer("a command");
  return {};
}

}  // namespace

void store(const Command& from, pb::Command& to) {
  to.set_id(std::string(text_of(from.id)));
  to.set_time_ms(from.time_ms);
  std::visit([&](const auto& body) { store(body, to); }, from.body);
}

Command load(const pb::Command& from, Problem& problem) {
  return {.id = load_id(from.id(), problem), .time_ms = from.time_ms(), .body = load_body(from, problem)};
}

}  // namespace millrace::catalog::codec
