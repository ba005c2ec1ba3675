#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"StreamARN", &shapes::stream_arn, required},
    {"StreamId", &shapes::stream_id},
    {"StreamModeDetails", &shapes::stream_mode_details, required},
    {"WarmThroughputMiBps", &shapes::natural_integer},
});
constexpr Shape input = structure("UpdateStreamModeInput", input_members);

constexpr std::array errors = {
    Errc::invalid_argument, Errc::limit_exceeded, Errc::resource_in_use, Errc::resource_not_found, Errc::validation,
};

}  // namespace

constinit const OperationShape op::update_stream_mode = {
    "UpdateStreamMode", Plane::control, &input, nullptr, errors,
};

}  // namespace millrace::wire
