#include <utility>

#include "api/operation.h"
#include "api/rates.h"
#include "api/resources.h"
#include "api/starting_position.h"
#include "base/log.h"
#include "model/shard_id.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

base::Result<const catalog::ShardInfo*> shard_of(const Context& context, const catalog::Stream& stream,
                                                 const std::string& raw) {
  const auto number = model::resolve_shard_id(raw);
  if (!number) return base::fail(wire::shard_id_not_found(raw, stream.name, context.identity.account));
  const catalog::ShardInfo* shard = stream.shard(*number);
  if (shard == nullptr || catalog::is_expired(stream, *shard, context.clock.now_ms())) {
    return base::fail(wire::shard_not_found(model::shard_id(*number), stream.name, context.identity.account));
  }
  return shard;
}

// Everything that can be refused before a subscription begins; a dry run ends there.
base::Result<void> check(const Context& context, const wire::Value& input) {
  const auto consumer = find_consumer(context, *input.text("ConsumerARN"));
  if (!consumer) return base::fail(consumer.error());
  if (auto good = require_settled(context, *consumer); !good) return good;
  const auto shard = shard_of(context, consumer->of(), *input.text("ShardId"));
  if (!shard) return base::fail(shard.error());
  const wire::Value& wanted = *input.find("StartingPosition");
  const auto start = start_in(context, consumer->of(), **shard,
                              {.operation = "SubscribeToShard",
                               .type = wanted.view("Type"),
                               .number = wanted.text("SequenceNumber"),
                               .timestamp = wanted.timestamp("Timestamp")});
  if (!start) return base::fail(start.error());
  if (input.boolean("DryRun").value_or(false)) return base::fail(dry_run_answer(context, *consumer->stream));
  return count_subscription(context, *consumer, (*shard)->number);
}

}  // namespace

// Holds requests to what the service demands of them. Events are not pushed: consumers are polled
// with GetRecords.
base::Result<wire::Value> subscribe_to_shard(Context& context, const wire::Value& input) {
  if (auto good = check(context, input); !good) return base::fail(std::move(good.error()));
  base::log::write_limited("subscribe-to-shard", context.clock.now_ms(), base::log::Level::warn,
                           "an unknown operation was asked for",
                           {{"operation", "SubscribeToShard"}, {"consumer", *input.text("ConsumerARN")}});
  return base::fail(wire::unknown_operation());
}

}  // namespace millrace::api
