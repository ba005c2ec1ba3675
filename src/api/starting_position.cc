#include "api/starting_position.h"

#include "model/limits.h"
#include "model/shard_id.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

// The position that a sequence number means: of the record itself, or of what follows it.
base::Result<model::Position> position_of(const Context& context, const catalog::Stream& stream,
                                          const catalog::ShardInfo& info, const StartingPosition& wanted, bool after) {
  const std::string shard = model::shard_id(info.number);
  const std::string& text = *wanted.number;
  const std::string_view account = context.identity.account;
  const auto number = model::parse_sequence_number(text);
  if (!number) return base::fail(wire::starting_number_invalid(text, wanted.operation, shard, stream.name, account));
  if (number->shard != info.number) {
    return base::fail(wire::starting_number_of_another_shard(model::shard_id(number->shard), shard));
  }
  if (number->created_s != info.created_s) {
    return base::fail(wire::starting_number_of_another_stream(text, wanted.operation, shard, stream.name, account));
  }
  return after ? number->position + 1 : number->position;
}

base::Result<std::int64_t> timestamp_of(const Context& context, const StartingPosition& wanted) {
  if (!wanted.timestamp) return base::fail(wire::iterator_needs_timestamp());
  const std::int64_t now_ms = context.clock.now_ms();
  if (wanted.timestamp->ms > now_ms + model::limits::timestamp_ahead_ms) {
    return base::fail(wire::iterator_timestamp_in_future(wanted.timestamp->ms, now_ms));
  }
  return wanted.timestamp->ms;
}

}  // namespace

base::Result<Start> start_in(const Context& context, const catalog::Stream& stream, const catalog::ShardInfo& shard,
                             const StartingPosition& wanted) {
  const std::string_view type = wanted.type;
  const bool by_number = type == "AT_SEQUENCE_NUMBER" || type == "AFTER_SEQUENCE_NUMBER";
  if (wanted.number != nullptr && (type == "TRIM_HORIZON" || type == "LATEST")) {
    return base::fail(wire::iterator_type_takes_no_number(type));
  }
  if (wanted.number == nullptr && by_number) return base::fail(wire::iterator_type_needs_number(type));

  Start start{.is_latest = type == "LATEST", .position = 1, .arrival_min_ms = 0};
  if (by_number) {
    const auto found = position_of(context, stream, shard, wanted, type == "AFTER_SEQUENCE_NUMBER");
    if (!found) return base::fail(found.error());
    start.position = *found;
  } else if (type == "AT_TIMESTAMP") {
    // Kept as a time, since records of that time may still be on their way.
    const auto timestamp_ms = timestamp_of(context, wanted);
    if (!timestamp_ms) return base::fail(timestamp_ms.error());
    start.arrival_min_ms = *timestamp_ms;
  }
  return start;
}

}  // namespace millrace::api
