#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"ConsumerName", &shapes::consumer_name, required},
    {"StreamARN", &shapes::stream_arn, required},
    {"StreamId", &shapes::stream_id},
    {"Tags", &shapes::tag_map},
});
constexpr Shape input = structure("RegisterStreamConsumerInput", input_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"Consumer", &shapes::consumer, required},
});
constexpr Shape output = structure("RegisterStreamConsumerOutput", output_members);

constexpr std::array errors = {
    Errc::invalid_argument,
    Errc::limit_exceeded,
    Errc::resource_in_use,
    Errc::resource_not_found,
};

}  // namespace

constinit const OperationShape op::register_stream_consumer = {
    "RegisterStreamConsumer", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
