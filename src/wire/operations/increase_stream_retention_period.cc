#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"RetentionPeriodHours", &shapes::retention_period_hours, required},
    {"StreamName", &shapes::stream_name},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("IncreaseStreamRetentionPeriodInput", input_members);

constexpr std::array errors = {
    Errc::resource_in_use, Errc::resource_not_found, Errc::limit_exceeded, Errc::invalid_argument, Errc::access_denied,
};

}  // namespace

constinit const OperationShape op::increase_stream_retention_period = {
    "IncreaseStreamRetentionPeriod", Plane::control, &input, nullptr, errors,
};

}  // namespace millrace::wire
