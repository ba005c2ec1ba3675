#include "api/operation.h"
#include "api/streams.h"

namespace millrace::api {

base::Result<wire::Value> describe_limits(Context& context, const wire::Value&) {
  const auto directory = context.coordinator.directory();
  const coordinator::AccountLimits& limits = context.coordinator.limits();
  const catalog::Account& account = directory->state->account(place_of(context));
  wire::Value output;
  output.add("ShardLimit", limits.shards_max);
  output.add("OpenShardCount", account.open_shards);
  output.add("OnDemandStreamCount", account.on_demand_streams);
  output.add("OnDemandStreamCountLimit", limits.on_demand_streams_max);
  return output;
}

}  // namespace millrace::api
