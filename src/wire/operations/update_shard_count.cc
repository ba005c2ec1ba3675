#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array scaling_types = {std::string_view("UNIFORM_SCALING")};
constexpr Shape scaling_type = enumeration("ScalingType", scaling_types);

constexpr std::array input_members = std::to_array<MemberShape>({
    {"TargetShardCount", &shapes::positive_integer, required},
    {"ScalingType", &scaling_type, required},
    {"StreamName", &shapes::stream_name},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("UpdateShardCountInput", input_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"StreamName", &shapes::stream_name},
    {"CurrentShardCount", &shapes::positive_integer},
    {"TargetShardCount", &shapes::positive_integer},
    {"StreamARN", &shapes::stream_arn},
});
constexpr Shape output = structure("UpdateShardCountOutput", output_members);

constexpr std::array errors = {
    Errc::invalid_argument,   Errc::limit_exceeded, Errc::resource_in_use,
    Errc::resource_not_found, Errc::validation,     Errc::access_denied,
};

}  // namespace

constinit const OperationShape op::update_shard_count = {
    "UpdateShardCount", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
