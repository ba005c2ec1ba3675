#include <utility>

#include "api/reshard.h"
#include "base/u128.h"
#include "model/shard_id.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

// A key that the lower child and the upper one are both left something by.
bool is_inside(const model::HashKeyRange& range, std::optional<base::u128> key) {
  return key && *key > range.first && *key - range.first > 1 && *key < range.last;
}

// What can be said against it only when the shard is known.
base::Result<void> check(const Context& context, const catalog::Stream& stream, const catalog::ShardInfo& shard,
                         std::string_view key) {
  const std::string id = model::shard_id(shard.number);
  const std::string_view account = context.identity.account;
  if (!shard.is_open()) return base::fail(wire::shard_is_closed(id, stream.name, account));
  const auto& limits = context.coordinator.limits();
  const auto directory = context.coordinator.directory();
  if (directory->state->account(place_of(context)).open_shards + 1 > limits.shards_max) {
    return base::fail(reshard_told(context, stream.name, 1, base::Error(base::Errc::limit_exceeded, "shards")));
  }
  if (!is_inside(shard.range, base::parse_u128(key))) {
    return base::fail(wire::split_outside_of_shard(key, id, stream.name, account, base::to_decimal(shard.range.first),
                                                   base::to_decimal(shard.range.last)));
  }
  return {};
}

}  // namespace

void split_shard(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  const auto address = stream_address(context, input);
  if (!address) return done(base::fail(address.error()));
  const std::string& raw = *input.text("ShardToSplit");
  const auto number = model::resolve_shard_id(raw);
  if (!number) return done(base::fail(wire::shard_id_not_found(raw, address->name, address->account)));
  auto stream = stream_to_reshard(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  const auto shard = named_shard(context, found, *number);
  if (!shard) return done(base::fail(shard.error()));
  const std::string key = *input.text("NewStartingHashKey");
  if (auto good = check(context, found, **shard, key); !good) return done(base::fail(std::move(good.error())));

  catalog::SplitShard command{
      .stream = found.key(), .uid = found.uid, .shard = *number, .upper_start = base::parse_u128(key).value_or(0)};
  context.coordinator.split_shard(
      std::move(command), [&context, name = found.name, done = std::move(done)](base::Result<void> split) mutable {
        if (!split) return done(base::fail(reshard_told(context, name, 1, split.error())));
        done(wire::Value());
      });
}

}  // namespace millrace::api
