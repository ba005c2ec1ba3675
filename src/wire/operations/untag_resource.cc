#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"TagKeys", &shapes::tag_key_list, required},
    {"ResourceARN", &shapes::resource_arn, required},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("UntagResourceInput", input_members);

constexpr std::array errors = {
    Errc::validation,     Errc::resource_not_found, Errc::resource_in_use,  Errc::invalid_argument,
    Errc::limit_exceeded, Errc::access_denied,      Errc::internal_failure,
};

}  // namespace

constinit const OperationShape op::untag_resource = {
    "UntagResource", Plane::control, &input, nullptr, errors,
};

}  // namespace millrace::wire
