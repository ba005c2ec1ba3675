#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr Shape list_stream_consumers_input_limit = scalar(Type::integer, "ListStreamConsumersInputLimit", 1, 10'000);

constexpr std::array input_members = std::to_array<MemberShape>({
    {"MaxResults", &list_stream_consumers_input_limit},
    {"StreamARN", &shapes::stream_arn, required},
    {"NextToken", &shapes::next_token},
    {"StreamCreationTimestamp", &shapes::timestamp},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("ListStreamConsumersInput", input_members);

constexpr Shape consumer_list = list_of("ConsumerList", shapes::consumer);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"Consumers", &consumer_list},
    {"NextToken", &shapes::next_token},
});
constexpr Shape output = structure("ListStreamConsumersOutput", output_members);

constexpr std::array errors = {
    Errc::resource_not_found, Errc::invalid_argument, Errc::limit_exceeded,
    Errc::expired_next_token, Errc::resource_in_use,
};

}  // namespace

constinit const OperationShape op::list_stream_consumers = {
    "ListStreamConsumers", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
