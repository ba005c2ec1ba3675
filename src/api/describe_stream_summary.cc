#include <utility>

#include "api/operation.h"
#include "api/streams.h"

namespace millrace::api {

base::Result<wire::Value> describe_stream_summary(Context& context, const wire::Value& input) {
  const auto found = stream_of(context, input);
  if (!found) return base::fail(found.error());
  const catalog::Stream& stream = *(*found)->stream;

  wire::Value summary;
  add_stream_members(context, stream, summary);
  summary.add("OpenShardCount", stream.open_shards());
  summary.add("ConsumerCount", stream.consumers.size());
  if (stream.warm_throughput_mibps && is_committed(context)) {
    wire::Value warm;
    warm.add("TargetMiBps", *stream.warm_throughput_mibps);
    warm.add("CurrentMiBps", stream.warm_current_mibps.value_or(0));
    summary.add("WarmThroughput", std::move(warm));
  }
  summary.add("MaxRecordSizeInKiB", stream.record_kib_max);
  summary.add("RecordDistributionStrategy", wire_name(stream.distribution));
  // Of both there are none.
  summary.add("ChannelCount", 0);
  summary.add("QueueCount", 0);
  wire::Value output;
  output.add("StreamDescriptionSummary", std::move(summary));
  return output;
}

}  // namespace millrace::api
