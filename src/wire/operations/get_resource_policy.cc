#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"ResourceARN", &shapes::resource_arn, required},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("GetResourcePolicyInput", input_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"Policy", &shapes::policy, required},
});
constexpr Shape output = structure("GetResourcePolicyOutput", output_members);

constexpr std::array errors = {
    Errc::validation,       Errc::access_denied,   Errc::resource_not_found, Errc::limit_exceeded,
    Errc::invalid_argument, Errc::resource_in_use, Errc::internal_failure,
};

}  // namespace

constinit const OperationShape op::get_resource_policy = {
    "GetResourcePolicy", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
