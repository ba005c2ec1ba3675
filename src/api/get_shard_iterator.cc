#include <utility>

#include "api/operation.h"
#include "api/rates.h"
#include "api/starting_position.h"
#include "api/streams.h"
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
  const auto address = stream_address(context, input);
  if (!address) return base::fail(address.error());
  const std::string& raw = *input.text("ShardId");
  const auto number = model::resolve_shard_id(raw);
  if (!number) return base::fail(wire::shard_id_not_found(raw, address->name, address->account));

  const base::Error missing = wire::shard_not_found(model::shard_id(*number), address->name, address->account);
  auto stream = find_stream(context, *address);
  if (!stream) return base::fail(missing);
  const auto status = (*stream)->stream->status;
  if (status == catalog::StreamStatus::creating || status == catalog::StreamStatus::deleting) {
    return base::fail(missing);
  }
  const catalog::ShardInfo* shard = (*stream)->stream->shard(*number);
  if (shard == nullptr || catalog::is_expired(*(*stream)->stream, *shard, context.clock.now_ms())) {
    return base::fail(missing);
  }
  return Target{*stream, shard, *(*stream)->find(*number)};
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
  const auto start = start_in(context, *target->stream->stream, *target->info,
                              {.operation = "GetShardIterator",
                               .type = input.view("ShardIteratorType"),
                               .number = input.text("StartingSequenceNumber"),
                               .timestamp = input.timestamp("Timestamp")});
  if (!start) return done(base::fail(start.error()));
  if (input.boolean("DryRun").value_or(false)) return done(base::fail(dry_run_answer(context, *target->stream)));
  const auto index = static_cast<std::size_t>(target->info - target->stream->stream->shards.data());
  if (auto counted = count_iterator(context, *target->stream, index); !counted) {
    return done(base::fail(std::move(counted.error())));
  }
  if (start->is_latest) return answer_latest(context, std::move(*target), std::move(done));
  answer(context, *target, start->position, start->arrival_min_ms, std::move(done));
}

}  // namespace millrace::api
