#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"ShardCount", &shapes::positive_integer},
    {"StreamName", &shapes::stream_name, required},
    {"StreamModeDetails", &shapes::stream_mode_details},
    {"Tags", &shapes::tag_map},
    {"WarmThroughputMiBps", &shapes::natural_integer},
    {"MaxRecordSizeInKiB", &shapes::max_record_size_in_kib},
    {"RecordDistributionStrategy", &shapes::record_distribution_strategy},
});
constexpr Shape input = structure("CreateStreamInput", input_members);

constexpr std::array errors = {
    Errc::resource_in_use,
    Errc::limit_exceeded,
    Errc::invalid_argument,
    Errc::validation,
};

}  // namespace

constinit const OperationShape op::create_stream = {
    "CreateStream", Plane::control, &input, nullptr, errors,
};

}  // namespace millrace::wire
