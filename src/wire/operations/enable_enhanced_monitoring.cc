#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"ShardLevelMetrics", &shapes::metrics_name_list, required},
    {"StreamName", &shapes::stream_name},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("EnableEnhancedMonitoringInput", input_members);

constexpr std::array errors = {
    Errc::invalid_argument, Errc::limit_exceeded, Errc::resource_in_use, Errc::resource_not_found, Errc::access_denied,
};

}  // namespace

constinit const OperationShape op::enable_enhanced_monitoring = {
    "EnableEnhancedMonitoring", Plane::control, &input, &shapes::enhanced_monitoring_output, errors,
};

}  // namespace millrace::wire
