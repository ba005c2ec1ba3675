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
constexpr Shape input = structure("DeregisterStreamConsumerInput", input_members);

constexpr std::array errors = {
    Errc::limit_exceeded,
    Errc::resource_not_found,
    Errc::invalid_argument,
};

}  // namespace

constinit const OperationShape op::deregister_stream_consumer = {
    "DeregisterStreamConsumer", Plane::control, &input, nullptr, errors,
};

}  // namespace millrace::wire
