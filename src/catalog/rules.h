#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "catalog/command.h"
#include "catalog/state.h"

// What apply.cc is made of; nobody else includes it. Each command has a check, which says why it is refused, and an
// effect, which is had where the check passed. Both know nothing but their arguments.
namespace millrace::catalog::rules {

using StreamPtr = std::shared_ptr<const Stream>;
using Refusal = std::optional<base::Error>;

// streams.cc
Refusal check(const State& state, const CreateStream& command, std::int64_t time_ms);
Refusal check(const State& state, const ActivateStream& command, std::int64_t time_ms);
Refusal check(const State& state, const MarkDeleting& command, std::int64_t time_ms);
Refusal check(const State& state, const RemoveStream& command, std::int64_t time_ms);
StreamPtr perform(State& state, const CreateStream& command, std::int64_t time_ms);
StreamPtr perform(State& state, const ActivateStream& command, std::int64_t time_ms);
StreamPtr perform(State& state, const MarkDeleting& command, std::int64_t time_ms);
StreamPtr perform(State& state, const RemoveStream& command, std::int64_t time_ms);

// settings.cc
Refusal check(const State& state, const SetRetention& command, std::int64_t time_ms);
Refusal check(const State& state, const SetMode& command, std::int64_t time_ms);
Refusal check(const State& state, const SetRecordSize& command, std::int64_t time_ms);
Refusal check(const State& state, const SetWarmThroughput& command, std::int64_t time_ms);
Refusal check(const State& state, const SetEncryption& command, std::int64_t time_ms);
Refusal check(const State& state, const EndUpdate& command, std::int64_t time_ms);
Refusal check(const State& state, const SetDistribution& command, std::int64_t time_ms);
Refusal check(const State& state, const SetShardMetrics& command, std::int64_t time_ms);
Refusal check(const State& state, const SetCommitment& command, std::int64_t time_ms);
StreamPtr perform(State& state, const SetRetention& command, std::int64_t time_ms);
StreamPtr perform(State& state, const SetMode& command, std::int64_t time_ms);
StreamPtr perform(State& state, const SetRecordSize& command, std::int64_t time_ms);
StreamPtr perform(State& state, const SetWarmThroughput& command, std::int64_t time_ms);
StreamPtr perform(State& state, const SetEncryption& command, std::int64_t time_ms);
StreamPtr perform(State& state, const EndUpdate& command, std::int64_t time_ms);
StreamPtr perform(State& state, const SetDistribution& command, std::int64_t time_ms);
StreamPtr perform(State& state, const SetShardMetrics& command, std::int64_t time_ms);
StreamPtr perform(State& state, const SetCommitment& command, std::int64_t time_ms);

// consumers.cc, with what streams and consumers both have
Refusal check(const State& state, const AddTags& command, std::int64_t time_ms);
Refusal check(const State& state, const RemoveTags& command, std::int64_t time_ms);
Refusal check(const State& state, const SetPolicy& command, std::int64_t time_ms);
Refusal check(const State& state, const RegisterConsumer& command, std::int64_t time_ms);
Refusal check(const State& state, const ActivateConsumer& command, std::int64_t time_ms);
Refusal check(const State& state, const MarkConsumerDeleting& command, std::int64_t time_ms);
Refusal check(const State& state, const RemoveConsumer& command, std::int64_t time_ms);
StreamPtr perform(State& state, const AddTags& command, std::int64_t time_ms);
StreamPtr perform(State& state, const RemoveTags& command, std::int64_t time_ms);
StreamPtr perform(State& state, const SetPolicy& command, std::int64_t time_ms);
StreamPtr perform(State& state, const RegisterConsumer& command, std::int64_t time_ms);
StreamPtr perform(State& state, const ActivateConsumer& command, std::int64_t time_ms);
StreamPtr perform(State& state, const MarkConsumerDeleting& command, std::int64_t time_ms);
StreamPtr perform(State& state, const RemoveConsumer& command, std::int64_t time_ms);

// reshards.cc
Refusal check(const State& state, const SplitShard& command, std::int64_t time_ms);
Refusal check(const State& state, const MergeShards& command, std::int64_t time_ms);
Refusal check(const State& state, const RescaleStream& command, std::int64_t time_ms);
Refusal check(const State& state, const CommitReshard& command, std::int64_t time_ms);
Refusal check(const State& state, const AbortReshard& command, std::int64_t time_ms);
Refusal check(const State& state, const ExpireShards& command, std::int64_t time_ms);
StreamPtr perform(State& state, const SplitShard& command, std::int64_t time_ms);
StreamPtr perform(State& state, const MergeShards& command, std::int64_t time_ms);
StreamPtr perform(State& state, const RescaleStream& command, std::int64_t time_ms);
StreamPtr perform(State& state, const CommitReshard& command, std::int64_t time_ms);
StreamPtr perform(State& state, const AbortReshard& command, std::int64_t time_ms);
StreamPtr perform(State& state, const ExpireShards& command, std::int64_t time_ms);

// ---- What they share ----

inline Refusal guard(const char* which) {
  return base::Error(base::Errc::guard_failed, which);
}
inline Refusal limit(const char* which) {
  return base::Error(base::Errc::limit_exceeded, which);
}
inline Refusal no_such_stream() {
  return base::Error(base::Errc::not_found);
}

// The stream a command names, or null where there is none of that uid.
template <class Command>
const Stream* named(const State& state, const Command& command) {
  const auto* found = state.find(command.stream);
  return found == nullptr || (*found)->uid != command.uid ? nullptr : found->get();
}

// The refusal of a command whose stream must be ACTIVE.
template <class Command>
Refusal unless_active(const State& state, const Command& command) {
  const Stream* stream = named(state, command);
  if (stream == nullptr) return no_such_stream();
  if (stream->status != StreamStatus::active) return guard("status");
  return {};
}

// Tags, consumers and the like may be changed while a stream is used.
inline bool is_settled(const Stream& stream) {
  return stream.status == StreamStatus::active || stream.status == StreamStatus::updating;
}

// Epoch second of a time in milliseconds; sequence numbers know none before 1970.
inline std::int64_t second_of(std::int64_t time_ms) {
  return time_ms < 0 ? 0 : time_ms / 1000;
}

// Puts the stream in, or takes it out where it is null, and keeps the counters of its account.
void put_stream(State& state, const StreamKey& key, StreamPtr stream);
// Puts a changed copy of the stream in its place.
template <class Change>
StreamPtr replace(State& state, const StreamKey& key, Change change) {
  auto stream = std::make_shared<Stream>(**state.find(key));
  change(*stream);
  put_stream(state, key, stream);
  return stream;
}

// Whether one more change at that time is within the limit for 24 hours; 0: there is none.
bool within_day(const std::vector<std::int64_t>& times_ms, std::int64_t time_ms, std::uint32_t per_day_max);
// Notes the change; keeps what within_day can need, for limits of at most day_times_max.
void note_change(std::vector<std::int64_t>& times_ms, std::int64_t time_ms);
inline constexpr std::size_t day_times_max = 25;

}  // namespace millrace::catalog::rules
