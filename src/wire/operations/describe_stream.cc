#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr Shape describe_stream_input_limit = scalar(Type::integer, "DescribeStreamInputLimit", 1, 10'000);

constexpr std::array input_members = std::to_array<MemberShape>({
    {"Limit", &describe_stream_input_limit},
    {"ExclusiveStartShardId", &shapes::shard_id},
    {"StreamName", &shapes::stream_name},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("DescribeStreamInput", input_members);

constexpr std::array stream_description_members = std::to_array<MemberShape>({
    {"StreamName", &shapes::stream_name, required},
    {"StreamARN", &shapes::stream_arn, required},
    {"StreamStatus", &shapes::stream_status, required},
    {"StreamModeDetails", &shapes::stream_mode_details},
    {"Shards", &shapes::shard_list, required},
    {"HasMoreShards", &shapes::boolean, required},
    {"RetentionPeriodHours", &shapes::retention_period_hours, required},
    {"StreamCreationTimestamp", &shapes::timestamp, required},
    {"EnhancedMonitoring", &shapes::enhanced_monitoring_list, required},
    {"EncryptionType", &shapes::encryption_type},
    {"KeyId", &shapes::key_id},
});
constexpr Shape stream_description = structure("StreamDescription", stream_description_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"StreamDescription", &stream_description, required},
});
constexpr Shape output = structure("DescribeStreamOutput", output_members);

constexpr std::array errors = {
    Errc::resource_not_found,
    Errc::limit_exceeded,
    Errc::invalid_argument,
    Errc::access_denied,
};

}  // namespace

constinit const OperationShape op::describe_stream = {
    "DescribeStream", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
