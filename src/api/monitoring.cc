#include "api/monitoring.h"

#include <utility>

#include "api/streams.h"

namespace millrace::api {
namespace {

catalog::ShardMetricSet metrics_of(const wire::List& names) {
  catalog::ShardMetricSet metrics;
  // The constraint has held them to the names there are.
  for (const wire::Value& name : names)
    metrics = metrics.with(catalog::ShardMetricSet::named(*name.text()).value_or(catalog::ShardMetricSet()));
  return metrics;
}

}  // namespace

void change_monitoring(Context& context, const wire::Value& input, bool enable, base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  if (auto good = require_active(context, found); !good) return done(base::fail(std::move(good.error())));
  const catalog::ShardMetricSet before = found.shard_metrics;
  const catalog::ShardMetricSet metrics = metrics_of(*input.list("ShardLevelMetrics"));
  context.coordinator.change(
      catalog::SetShardMetrics{.stream = found.key(), .uid = found.uid, .metrics = metrics, .enable = enable},
      [&context, name = found.name, before, after = enable ? before.with(metrics) : before.without(metrics),
       done = std::move(done)](base::Result<void> changed) mutable {
        if (!changed) return done(base::fail(told(context, name, changed.error())));
        wire::Value output;
        output.add("StreamName", name);
        output.add("CurrentShardLevelMetrics", metrics_value(before));
        output.add("DesiredShardLevelMetrics", metrics_value(after));
        output.add("StreamARN", model::stream_arn(context.identity, name));
        done(std::move(output));
      });
}

}  // namespace millrace::api
