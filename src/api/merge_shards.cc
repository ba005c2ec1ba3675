#include <utility>

#include "api/reshard.h"
#include "base/u128.h"
#include "model/shard_id.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

base::Result<model::ShardNo> resolve(const StreamAddress& address, const std::string& raw) {
  const auto number = model::resolve_shard_id(raw);
  if (!number) return base::fail(wire::shard_id_not_found(raw, address.name, address.account));
  return *number;
}

bool can_merge(const catalog::ShardInfo& lower, const catalog::ShardInfo& upper) {
  return lower.is_open() && upper.is_open() && lower.range.last != base::u128_max &&
         lower.range.last + 1 == upper.range.first;
}

}  // namespace

void merge_shards(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  const auto address = stream_address(context, input);
  if (!address) return done(base::fail(address.error()));
  const auto lower = resolve(*address, *input.text("ShardToMerge"));
  if (!lower) return done(base::fail(lower.error()));
  const auto upper = resolve(*address, *input.text("AdjacentShardToMerge"));
  if (!upper) return done(base::fail(upper.error()));
  auto stream = stream_to_reshard(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  const auto first = named_shard(context, found, *lower);
  if (!first) return done(base::fail(first.error()));
  const auto second = named_shard(context, found, *upper);
  if (!second) return done(base::fail(second.error()));
  if (!can_merge(**first, **second)) {
    return done(base::fail(wire::shards_not_adjacent(model::shard_id(*lower), model::shard_id(*upper), found.name,
                                                     context.identity.account)));
  }
  catalog::MergeShards command{.stream = found.key(), .uid = found.uid, .shard = *lower, .adjacent_shard = *upper};
  context.coordinator.merge_shards(
      std::move(command), [&context, name = found.name, done = std::move(done)](base::Result<void> merged) mutable {
        if (!merged) return done(base::fail(reshard_told(context, name, 0, merged.error())));
        done(wire::Value());
      });
}

}  // namespace millrace::api
