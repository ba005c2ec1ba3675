#include <utility>

#include "api/operation.h"
#include "api/streams.h"
#include "model/limits.h"
#include "model/sequence_number.h"
#include "model/shard_id.h"
#include "model/token.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

// A shard of a stream that may be read, and how the request named it.
struct Target {
  StreamRef stream;
  const catalog::ShardInfo* info = nullptr;
  std::shared_ptr<shard::Shard> shard;
};

base::Result<Target> find_target(const Context& context, const wire::Value& input) {
  const std::string_view account = context.identity.account;
  const auto name = stream_name(input);
  if (!name) return base::fail(name.error());
  const std::string& raw = *input.text("ShardId");
  const auto number = model::resolve_shard_id(raw);
  if (!number) return base::fail(wire::shard_id_not_found(raw, *name, account));

  const base::Error missing = wire::shard_not_found(model::shard_id(*number), *name, account);
  auto stream = find_stream(context, *name);
  if (!stream) return base::fail(missing);
  const auto status = (*stream)->stream->status;
  if (status == catalog::StreamStatus::creating || status == catalog::StreamStatus::deleting) {
    return base::fail(missing);
  }
  const auto& shards = (*stream)->stream->shards;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    if (shards[i].number == *number) return Target{*stream, &shards[i], (*stream)->shards[i]};
  }
  return base::fail(missing);
}

// The position that a StartingSequenceNumber means: of the record itself, or of what follows it.
base::Result<model::Position> position_of(const Context& context, const Target& target, const std::string& text,
                                          bool after) {
  const std::string shard = model::shard_id(target.info->number);
  const std::string& name = target.stream->stream->name;
  const std::string_view account = context.identity.account;
  const auto number = model::parse_sequence_number(text);
  if (!number) return base::fail(wire::starting_number_invalid(text, shard, name, account));
  if (number->shard != target.info->number) {
    return base::fail(wire::starting_number_of_another_shard(model::shard_id(number->shard), shard));
  }
  if (number->created_s != target.info->created_s) {
    return base::fail(wire::starting_number_of_another_stream(text, shard, name, account));
  }
  return after ? number->position + 1 : number->position;
}

base::Result<std::int64_t> timestamp_of(const Context& context, const wire::Value& input) {
  const auto timestamp = input.timestamp("Timestamp");
  if (!timestamp) return base::fail(wire::iterator_needs_timestamp());
  const std::int64_t now_ms = context.clock.now_ms();
  if (timestamp->ms > now_ms + model::limits::timestamp_ahead_ms) {
    return base::fail(wire::iterator_timestamp_in_future(timestamp->ms, now_ms));
  }
  return timestamp->ms;
}

void answer(const Context& context, const Target& target, model::Position position, std::int64_t arrival_min_ms,
            base::Done<wire::Value> done) {
  wire::Value output;
  output.add("ShardIterator", model::seal(context.sealer, {.stream_uid = target.stream->stream->uid,
                                                           .stream_name = target.stream->stream->name,
                                                           .shard = target.info->number,
                                                           .position = position,
                                                           .arrival_min_ms = arrival_min_ms,
                                                           .issued_ms = context.clock.now_ms()}));
  done(std::move(output));
}

// LATEST is fixed now: what is put from here on is returned, whenever the iterator is used.
void answer_latest(const Context& context, Target target, base::Done<wire::Value> done) {
  shard::Shard& shard = *target.shard;
  shard.positions(
      [&context, target = std::move(target), done = std::move(done)](base::Result<shard::Positions> positions) mutable {
        if (!positions) {
          return done(base::fail(shard_told(context, *target.stream->stream, target.info->number, positions.error())));
        }
        answer(context, target, positions->tail + 1, 0, std::move(done));
      });
}

}  // namespace

void get_shard_iterator(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto target = find_target(context, input);
  if (!target) return done(base::fail(std::move(target.error())));
  const std::string& type = *input.text("ShardIteratorType");
  const std::string* number = input.text("StartingSequenceNumber");
  const bool by_number = type == "AT_SEQUENCE_NUMBER" || type == "AFTER_SEQUENCE_NUMBER";
  if (number != nullptr && (type == "TRIM_HORIZON" || type == "LATEST")) {
    return done(base::fail(wire::iterator_type_takes_no_number(type)));
  }
  if (number == nullptr && by_number) return done(base::fail(wire::iterator_type_needs_number(type)));

  model::Position position = 1;
  std::int64_t arrival_min_ms = 0;
  if (by_number) {
    const auto found = position_of(context, *target, *number, type == "AFTER_SEQUENCE_NUMBER");
    if (!found) return done(base::fail(found.error()));
    position = *found;
  } else if (type == "AT_TIMESTAMP") {
    // Kept as a time in the iterator, since records of that time may still be on their way.
    const auto timestamp_ms = timestamp_of(context, input);
    if (!timestamp_ms) return done(base::fail(timestamp_ms.error()));
    arrival_min_ms = *timestamp_ms;
  }
  if (input.boolean("DryRun").value_or(false)) return done(base::fail(wire::dry_run_would_succeed()));
  if (type == "LATEST") return answer_latest(context, std::move(*target), std::move(done));
  answer(context, *target, position, arrival_min_ms, std::move(done));
}

}  // namespace millrace::api
