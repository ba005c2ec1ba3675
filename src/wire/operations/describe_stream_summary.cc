#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"StreamName", &shapes::stream_name},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("DescribeStreamSummaryInput", input_members);

constexpr Shape queue_count_object = scalar(Type::integer, "QueueCountObject", 0, 1'000'000);

constexpr std::array stream_description_summary_members = std::to_array<MemberShape>({
    {"StreamName", &shapes::stream_name, required},
    {"StreamARN", &shapes::stream_arn, required},
    {"StreamId", &shapes::stream_id},
    {"StreamStatus", &shapes::stream_status, required},
    {"StreamModeDetails", &shapes::stream_mode_details},
    {"RetentionPeriodHours", &shapes::retention_period_hours, required},
    {"StreamCreationTimestamp", &shapes::timestamp, required},
    {"EnhancedMonitoring", &shapes::enhanced_monitoring_list, required},
    {"EncryptionType", &shapes::encryption_type},
    {"KeyId", &shapes::key_id},
    {"OpenShardCount", &shapes::shard_count, required},
    {"ConsumerCount", &shapes::consumer_count},
    {"WarmThroughput", &shapes::warm_throughput_object},
    {"MaxRecordSizeInKiB", &shapes::max_record_size_in_kib},
    {"ChannelCount", &shapes::channel_count},
    {"RecordDistributionStrategy", &shapes::record_distribution_strategy},
    {"QueueCount", &queue_count_object},
});
constexpr Shape stream_description_summary = structure("StreamDescriptionSummary", stream_description_summary_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"StreamDescriptionSummary", &stream_description_summary, required},
});
constexpr Shape output = structure("DescribeStreamSummaryOutput", output_members);

constexpr std::array errors = {
    Errc::resource_not_found,
    Errc::limit_exceeded,
    Errc::invalid_argument,
    Errc::access_denied,
};

}  // namespace

constinit const OperationShape op::describe_stream_summary = {
    "DescribeStreamSummary", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
