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
    {"EnforceConsumerDeletion", &shapes::boolean},
});
constexpr Shape input = structure("DeleteStreamInput", input_members);

constexpr std::array errors = {
    Errc::resource_not_found, Errc::limit_exceeded, Errc::resource_in_use, Errc::invalid_argument, Errc::access_denied,
};

}  // namespace

constinit const OperationShape op::delete_stream = {
    "DeleteStream", Plane::control, &input, nullptr, errors,
};

}  // namespace millrace::wire
