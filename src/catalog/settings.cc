// What of a stream, and of an account, can be set.
#include <chrono>

#include "catalog/rules.h"

namespace millrace::catalog::rules {
namespace {

// A day, the least that a commitment is for. Source: the documentation of UpdateAccountSettings.
constexpr std::int64_t commitment_ms = std::chrono::milliseconds(std::chrono::hours(24)).count();

void hold_if(bool hold, Stream& stream) {
  if (hold) stream.status = StreamStatus::updating;
}

std::vector<std::int64_t>& encryption_times(Stream& stream, const SetEncryption& command) {
  return command.key_id.empty() ? stream.times.encryption_stops_ms : stream.times.encryption_starts_ms;
}

}  // namespace

Refusal check(const State& state, const SetRetention& command, std::int64_t) {
  if (auto refused = unless_active(state, command)) return refused;
  const std::uint32_t hours = named(state, command)->retention_hours;
  const bool right_way = command.increase ? command.hours >= hours : command.hours <= hours;
  if (!right_way) return guard("retention");
  return {};
}

Refusal check(const State& state, const SetMode& command, std::int64_t time_ms) {
  if (auto refused = unless_active(state, command)) return refused;
  const Stream& stream = *named(state, command);
  if (stream.mode == command.mode) return {};
  if (command.mode == StreamMode::provisioned && stream.distribution == RecordDistribution::automatic) {
    return guard("distribution");
  }
  if (command.mode == StreamMode::on_demand &&
      state.account(stream.place).on_demand_streams + 1 > command.on_demand_streams_max) {
    return limit("on_demand_streams");
  }
  if (!within_day(stream.times.mode_switches_ms, time_ms, command.per_day_max)) return limit("mode_switches");
  return {};
}

Refusal check(const State& state, const SetRecordSize& command, std::int64_t) {
  return unless_active(state, command);
}

Refusal check(const State& state, const SetWarmThroughput& command, std::int64_t) {
  if (auto refused = unless_active(state, command)) return refused;
  if (named(state, command)->mode != StreamMode::on_demand) return guard("mode");
  return {};
}

Refusal check(const State& state, const SetEncryption& command, std::int64_t time_ms) {
  if (auto refused = unless_active(state, command)) return refused;
  const ChangeTimes& times = named(state, command)->times;
  const auto& changes = command.key_id.empty() ? times.encryption_stops_ms : times.encryption_starts_ms;
  if (!within_day(changes, time_ms, command.per_day_max)) return limit("encryption_changes");
  return {};
}

Refusal check(const State& state, const EndUpdate& command, std::int64_t) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (stream->status != StreamStatus::updating || stream->reshard) return guard("status");
  return {};
}

Refusal check(const State& state, const SetDistribution& command, std::int64_t) {
  if (auto refused = unless_active(state, command)) return refused;
  const bool is_on_demand = named(state, command)->mode == StreamMode::on_demand;
  if (command.distribution == RecordDistribution::automatic && !is_on_demand) return guard("mode");
  return {};
}

Refusal check(const State& state, const SetShardMetrics& command, std::int64_t) {
  return unless_active(state, command);
}

Refusal check(const State&, const SetCommitment&, std::int64_t) {
  return {};
}

StreamPtr perform(State& state, const SetRetention& command, std::int64_t) {
  return replace(state, command.stream, [&](Stream& stream) { stream.retention_hours = command.hours; });
}

StreamPtr perform(State& state, const SetMode& command, std::int64_t time_ms) {
  return replace(state, command.stream, [&](Stream& stream) {
    if (stream.mode != command.mode) note_change(stream.times.mode_switches_ms, time_ms);
    stream.mode = command.mode;
    if (command.mode == StreamMode::provisioned) {
      stream.warm_throughput_mibps = stream.warm_current_mibps = std::nullopt;
    } else if (command.warm_throughput_mibps) {
      stream.warm_throughput_mibps = command.warm_throughput_mibps;
      if (!command.hold) stream.warm_current_mibps = command.warm_throughput_mibps;
    }
    hold_if(command.hold, stream);
  });
}

StreamPtr perform(State& state, const SetRecordSize& command, std::int64_t) {
  return replace(state, command.stream, [&](Stream& stream) {
    stream.record_kib_max = command.record_kib_max;
    hold_if(command.hold, stream);
  });
}

StreamPtr perform(State& state, const SetWarmThroughput& command, std::int64_t) {
  return replace(state, command.stream, [&](Stream& stream) {
    stream.warm_throughput_mibps = command.warm_throughput_mibps;
    if (!command.hold) stream.warm_current_mibps = command.warm_throughput_mibps;
    hold_if(command.hold, stream);
  });
}

StreamPtr perform(State& state, const SetEncryption& command, std::int64_t time_ms) {
  return replace(state, command.stream, [&](Stream& stream) {
    note_change(encryption_times(stream, command), time_ms);
    stream.key_id = command.key_id;
    hold_if(command.hold, stream);
  });
}

StreamPtr perform(State& state, const EndUpdate& command, std::int64_t) {
  return replace(state, command.stream, [](Stream& stream) {
    stream.status = StreamStatus::active;
    stream.warm_current_mibps = stream.warm_throughput_mibps;
  });
}

StreamPtr perform(State& state, const SetDistribution& command, std::int64_t) {
  return replace(state, command.stream, [&](Stream& stream) { stream.distribution = command.distribution; });
}

StreamPtr perform(State& state, const SetShardMetrics& command, std::int64_t) {
  return replace(state, command.stream, [&](Stream& stream) {
    stream.shard_metrics =
        command.enable ? stream.shard_metrics.with(command.metrics) : stream.shard_metrics.without(command.metrics);
  });
}

StreamPtr perform(State& state, const SetCommitment& command, std::int64_t time_ms) {
  Account account = state.account(command.place);
  Commitment now = account.commitment.at(time_ms);
  using Status = Commitment::Status;
  if (command.enable && now.status == Status::disabled) {
    now = {
        .status = Status::enabled, .started_ms = time_ms, .ended_ms = {}, .earliest_end_ms = time_ms + commitment_ms};
  } else if (command.enable) {
    now.status = Status::enabled;
  } else if (now.status != Status::disabled) {
    // One that is asked to end before it may goes on until then.
    now.status = Status::enabled_until_earliest_end;
    const bool may_end = time_ms >= now.earliest_end_ms.value_or(time_ms);
    if (may_end)
      now = {.status = Status::disabled, .started_ms = now.started_ms, .ended_ms = time_ms, .earliest_end_ms = {}};
  }
  account.commitment = now;
  if (account == Account()) {
    state.accounts.erase(command.place);
  } else {
    state.accounts.set(command.place, account);
  }
  return nullptr;
}

}  // namespace millrace::catalog::rules
