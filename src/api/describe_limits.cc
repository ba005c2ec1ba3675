#include "api/operation.h"

namespace millrace::api {

base::Result<wire::Value> describe_limits(Context& context, const wire::Value&) {
  const auto directory = context.coordinator.directory();
  const coordinator::AccountLimits& limits = context.coordinator.limits();
  wire::Value output;
  output.add("ShardLimit", limits.shards_max);
  output.add("OpenShardCount", directory->state->open_shards);
  output.add("OnDemandStreamCount", directory->state->on_demand_streams);
  output.add("OnDemandStreamCountLimit", limits.on_demand_streams_max);
  return output;
}

}  // namespace millrace::api
