#include <algorithm>
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
  summary.add("OpenShardCount", std::ranges::count_if(stream.shards, &catalog::ShardInfo::is_open));
  summary.add("ConsumerCount", 0);
  if (stream.warm_throughput_mibps) {
    wire::Value warm;
    warm.add("TargetMiBps", *stream.warm_throughput_mibps);
    warm.add("CurrentMiBps", *stream.warm_throughput_mibps);
    summary.add("WarmThroughput", std::move(warm));
  }
  summary.add("MaxRecordSizeInKiB", stream.record_kib_max);
  summary.add("RecordDistributionStrategy", wire_name(stream.distribution));
  wire::Value output;
  output.add("StreamDescriptionSummary", std::move(summary));
  return output;
}

}  // namespace millrace::api
