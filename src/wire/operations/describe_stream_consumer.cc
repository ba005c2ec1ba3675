#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"StreamARN", &shapes::stream_arn},
    {"ConsumerName", &shapes::consumer_name},
    {"ConsumerARN", &shapes::consumer_arn},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("DescribeStreamConsumerInput", input_members);

constexpr std::array consumer_description_members = std::to_array<MemberShape>({
    {"ConsumerName", &shapes::consumer_name, required},
    {"ConsumerARN", &shapes::consumer_arn, required},
    {"ConsumerStatus", &shapes::consumer_status, required},
    {"ConsumerCreationTimestamp", &shapes::timestamp, required},
    {"StreamARN", &shapes::stream_arn, required},
});
constexpr Shape consumer_description = structure("ConsumerDescription", consumer_description_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"ConsumerDescription", &consumer_description, required},
});
constexpr Shape output = structure("DescribeStreamConsumerOutput", output_members);

constexpr std::array errors = {
    Errc::limit_exceeded,
    Errc::resource_not_found,
    Errc::invalid_argument,
};

}  // namespace

constinit const OperationShape op::describe_stream_consumer = {
    "DescribeStreamConsumer", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
