#include "api/streams.h"

#include <utility>

#include "model/hash_range.h"
#include "wire/sentences.h"

namespace millrace::api {

using base::Errc;

base::Result<std::string_view> stream_name(std::string_view name, std::string_view arn) {
  if (name.empty() && arn.empty()) return base::fail(wire::no_stream_given());
  if (arn.empty()) return name;
  // The shape's pattern makes sure that there is a name in it.
  const std::string_view named = model::stream_name_of(arn).value_or(std::string_view());
  if (!name.empty() && name != named) return base::fail(wire::name_and_arn_disagree(name, arn));
  return named;
}

base::Result<std::string_view> stream_name(const wire::Value& input) {
  return stream_name(input.view("StreamName"), input.view("StreamARN"));
}

base::Result<StreamRef> find_stream(const Context& context, std::string_view name) {
  auto directory = context.coordinator.directory();
  const coordinator::StreamEntry* found = directory->find(name);
  if (found == nullptr) return base::fail(wire::stream_not_found(name, context.identity.account));
  // It shares the directory's count of references, which is this thread's own: no other thread's cache line is touched.
  return StreamRef(std::move(directory), found);
}

base::Result<StreamRef> stream_of(const Context& context, const wire::Value& input) {
  const auto name = stream_name(input);
  if (!name) return base::fail(name.error());
  return find_stream(context, *name);
}

base::Error shard_told(const Context& context, const catalog::Stream& stream, model::ShardNo shard,
                       const base::Error& error) {
  const std::string id = model::shard_id(shard);
  if (error.code == Errc::resource_not_found) return wire::shard_not_found(id, stream.name, context.identity.account);
  if (error.code == Errc::throughput_exceeded) {
    return wire::shard_rate_exceeded(id, stream.name, context.identity.account);
  }
  return error;
}

base::Result<void> require_active(const Context& context, const catalog::Stream& stream) {
  if (stream.status == catalog::StreamStatus::active) return {};
  return base::fail(wire::stream_not_active(stream.name, context.identity.account, wire_name(stream.status)));
}

base::Result<void> require_settled(const Context& context, const catalog::Stream& stream) {
  if (stream.status == catalog::StreamStatus::updating) return {};
  return require_active(context, stream);
}

base::Error told(const Context& context, std::string_view name, const base::Error& error) {
  const model::Identity& identity = context.identity;
  switch (error.code) {
    case Errc::exists:
      return wire::stream_exists(name, identity.account);
    case Errc::not_found:
      return wire::stream_not_found(name, identity.account);
    case Errc::limit_exceeded: {
      const auto directory = context.coordinator.directory();
      const coordinator::AccountLimits& limits = context.coordinator.limits();
      if (error.message == "on_demand_streams") {
        return wire::on_demand_limit_exceeded(identity.account, identity.region,
                                              static_cast<std::int64_t>(directory->state->on_demand_streams),
                                              limits.on_demand_streams_max);
      }
      if (error.message == "memory") {
        return {Errc::limit_exceeded,
                "The broker's memory for streams is full. Its option --memory-max gives it more."};
      }
      if (error.message == "operations") return wire::control_rate_exceeded(name, identity.account);
      return wire::control_rate_exceeded(name, identity.account);
    }
    case Errc::full:
      return wire::control_rate_exceeded(name, identity.account);
    default:
      return error;
  }
}

wire::Value shard_value(const catalog::ShardInfo& shard) {
  wire::Value value;
  value.add("ShardId", model::shard_id(shard.number));
  if (shard.parent) value.add("ParentShardId", model::shard_id(*shard.parent));
  if (shard.adjacent_parent) value.add("AdjacentParentShardId", model::shard_id(*shard.adjacent_parent));
  wire::Value range;
  range.add("StartingHashKey", base::to_decimal(shard.range.first));
  range.add("EndingHashKey", base::to_decimal(shard.range.last));
  value.add("HashKeyRange", std::move(range));
  wire::Value numbers;
  numbers.add("StartingSequenceNumber", model::to_text(model::starting_sequence_number(shard.created_s, shard.number)));
  if (shard.closed_s) {
    numbers.add("EndingSequenceNumber",
                model::to_text(model::ending_sequence_number(shard.created_s, shard.number, *shard.closed_s)));
  }
  value.add("SequenceNumberRange", std::move(numbers));
  return value;
}

void add_stream_members(const Context& context, const catalog::Stream& stream, wire::Value& to) {
  to.add("StreamName", stream.name);
  to.add("StreamARN", model::stream_arn(context.identity, stream.name));
  to.add("StreamStatus", wire_name(stream.status));
  wire::Value mode;
  mode.add("StreamMode", wire_name(stream.mode));
  to.add("StreamModeDetails", std::move(mode));
  to.add("RetentionPeriodHours", stream.retention_hours);
  to.add("StreamCreationTimestamp", wire::Timestamp{stream.created_ms});
  // The service shows one element with an empty list where nothing is switched on.
  wire::Value metrics;
  metrics.add("ShardLevelMetrics", wire::List{});
  to.add("EnhancedMonitoring", wire::List{std::move(metrics)});
  to.add("EncryptionType", "NONE");
}

}  // namespace millrace::api
