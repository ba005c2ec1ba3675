#include <algorithm>
#include <utility>

#include "api/reshard.h"
#include "catalog/reshard_plan.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

base::Error refused(const Context& context, const catalog::Stream& stream, std::uint32_t target,
                    const base::Error& error) {
  const auto open = static_cast<std::int64_t>(stream.open_shards());
  const coordinator::AccountLimits& limits = context.coordinator.limits();
  if (error.code == base::Errc::limit_exceeded) {
    if (error.message == "double") return wire::scales_over_double(open, target);
    if (error.message == "half") return wire::scales_below_half(open, target);
    if (error.message == "stream_shards") return wire::stream_shard_limit_exceeded(limits.stream_shards_max);
    if (error.message == "rescales") {
      return wire::too_many_rescales(stream.name, context.identity.account,
                                     context.coordinator.limits_of(stream.key()).rescales_per_day_max);
    }
  }
  // Shards that are there for a moment on the way count, too.
  const std::int64_t peak = catalog::rescale_peak(stream, target);
  return reshard_told(context, stream.name, std::max<std::int64_t>(peak - open, 0), error);
}

}  // namespace

void update_shard_count(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto stream = stream_to_reshard(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  const auto target = static_cast<std::uint32_t>(*input.integer("TargetShardCount"));
  catalog::RescaleStream command{.stream = found.key(), .uid = found.uid, .target = target};
  context.coordinator.rescale_stream(std::move(command), [&context, stream = *stream, target,
                                                          done = std::move(done)](base::Result<void> scaled) mutable {
    const catalog::Stream& before = *stream->stream;
    if (!scaled) return done(base::fail(refused(context, before, target, scaled.error())));
    wire::Value output;
    output.add("StreamName", before.name);
    output.add("CurrentShardCount", before.open_shards());
    output.add("TargetShardCount", target);
    output.add("StreamARN", model::stream_arn(context.identity, before.name));
    done(std::move(output));
  });
}

}  // namespace millrace::api
