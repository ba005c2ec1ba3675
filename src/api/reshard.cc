#include "api/reshard.h"

#include "model/shard_id.h"
#include "wire/sentences.h"

namespace millrace::api {

base::Result<StreamRef> stream_to_reshard(const Context& context, const wire::Value& input) {
  auto stream = stream_of(context, input);
  if (!stream) return stream;
  const catalog::Stream& found = *(*stream)->stream;
  if (auto good = require_active(context, found); !good) return base::fail(std::move(good.error()));
  if (found.mode == catalog::StreamMode::on_demand) {
    return base::fail(wire::stream_is_on_demand(found.name, context.identity.account));
  }
  return stream;
}

base::Result<const catalog::ShardInfo*> named_shard(const Context& context, const catalog::Stream& stream,
                                                    model::ShardNo number) {
  const catalog::ShardInfo* shard = stream.shard(number);
  if (shard != nullptr && !catalog::is_expired(stream, *shard, context.clock.now_ms())) return shard;
  return base::fail(wire::shard_id_not_found(model::shard_id(number), stream.name, context.identity.account));
}

base::Error reshard_told(const Context& context, std::string_view name, std::int64_t additional,
                         const base::Error& error) {
  const model::Identity& identity = context.identity;
  if (error.code == base::Errc::guard_failed && error.message == "mode") {
    return wire::stream_is_on_demand(name, identity.account);
  }
  if (error.code != base::Errc::limit_exceeded || error.message != "shards") return told(context, name, error);
  const auto directory = context.coordinator.directory();
  return wire::shard_limit_exceeded(identity.account, identity.region,
                                    static_cast<std::int64_t>(directory->state->account(place_of(context)).open_shards),
                                    context.coordinator.limits().shards_max, additional);
}

}  // namespace millrace::api
