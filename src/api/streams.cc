#include "api/streams.h"

#include <utility>

#include "model/hash_range.h"
#include "wire/sentences.h"

namespace millrace::api {

using base::Errc;

namespace {

// The last part of what the pattern of stream ARNs accepts and what is none of ours: "stream/a/b". It can only be told
// that there is no such stream.
std::string_view last_part(std::string_view arn) {
  constexpr std::string_view resource = ":stream/";
  const std::size_t at = arn.find(resource);
  return at == std::string_view::npos ? std::string_view() : arn.substr(at + resource.size());
}

}  // namespace

base::Result<StreamAddress> stream_address(const Context& context, std::string_view name, std::string_view arn) {
  const std::string_view account = context.identity.account;
  if (name.empty() && arn.empty()) return base::fail(wire::no_stream_given());
  if (arn.empty()) return StreamAddress{.name = name, .account = account, .is_ours = true};
  const auto parsed = model::parse_stream_arn(arn);
  const StreamAddress address =
      !parsed ? StreamAddress{.name = last_part(arn), .account = account, .is_ours = false}
      : context.lenient_arns
          ? StreamAddress{.name = parsed->name, .account = account, .is_ours = true}
          : StreamAddress{.name = parsed->name, .account = parsed->account, .is_ours = parsed->is_of(context.identity)};
  if (!name.empty() && (name != address.name || !address.is_ours)) {
    return base::fail(wire::name_and_arn_disagree(name, arn));
  }
  return address;
}

base::Result<StreamAddress> stream_address(const Context& context, const wire::Value& input) {
  return stream_address(context, input.view("StreamName"), input.view("StreamARN"));
}

base::Result<StreamRef> find_stream(const Context& context, const StreamAddress& address) {
  auto directory = context.coordinator.directory();
  const coordinator::StreamEntry* found =
      address.is_ours ? directory->find({place_of(context), address.name}) : nullptr;
  if (found == nullptr) return base::fail(wire::stream_not_found(address.name, address.account));
  // It shares the directory's count of references, which is this thread's own: no other thread's cache line is touched.
  return StreamRef(std::move(directory), found);
}

base::Result<StreamRef> find_stream(const Context& context, std::string_view name) {
  return find_stream(context, StreamAddress{.name = name, .account = context.identity.account, .is_ours = true});
}

base::Result<StreamRef> stream_of(const Context& context, const wire::Value& input) {
  const auto address = stream_address(context, input);
  if (!address) return base::fail(address.error());
  return find_stream(context, *address);
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

bool is_created_at(const catalog::Stream& stream, wire::Timestamp time) {
  return time.ms == stream.created_ms || time.ms / 1000 == stream.created_ms / 1000;
}

bool is_committed(const Context& context) {
  const auto directory = context.coordinator.directory();
  const auto& account = directory->state->account(place_of(context));
  return account.commitment.at(context.clock.now_ms()).status != catalog::Commitment::Status::disabled;
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
      const coordinator::AccountLimits limits = context.coordinator.limits_of({place_of(context), name});
      if (error.message == "on_demand_streams") {
        return wire::on_demand_limit_exceeded(
            identity.account, identity.region,
            static_cast<std::int64_t>(directory->state->account(place_of(context)).on_demand_streams),
            limits.on_demand_streams_max);
      }
      if (error.message == "encryption_changes") {
        return wire::too_many_encryption_changes(name, identity.account, limits.encryption_changes_per_day_max);
      }
      if (error.message == "memory") {
        return {Errc::limit_exceeded,
                "The broker's memory for streams is full. Its option --memory-max gives it more."};
      }
      return wire::control_rate_exceeded(name, identity.account);
    }
    case Errc::guard_failed: {
      // Another request was faster: say what holds now.
      const auto now = find_stream(context, name);
      if (!now) return now.error();
      if (error.message == "status") {
        return wire::stream_not_active(name, identity.account, wire_name((*now)->stream->status));
      }
      return error;
    }
    case Errc::full:
      return wire::control_rate_exceeded(name, identity.account);
    default:
      return error;
  }
}

wire::List metrics_value(catalog::ShardMetricSet metrics) {
  wire::List names;
  for (std::size_t i = 0; i < catalog::shard_metric_names.size(); ++i) {
    if (metrics.contains(i)) names.emplace_back(catalog::shard_metric_names[i]);
  }
  return names;
}

std::string_view encryption_name(const catalog::Stream& stream) {
  return stream.is_encrypted() ? "KMS" : "NONE";
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
  // One element, whatever is switched on.
  wire::Value metrics;
  metrics.add("ShardLevelMetrics", metrics_value(stream.shard_metrics));
  to.add("EnhancedMonitoring", wire::List{std::move(metrics)});
  to.add("EncryptionType", encryption_name(stream));
  if (stream.is_encrypted()) to.add("KeyId", stream.key_id);
}

}  // namespace millrace::api
