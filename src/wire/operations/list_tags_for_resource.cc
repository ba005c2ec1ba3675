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
constexpr Shape input = structure("ListTagsForResourceInput", input_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"Tags", &shapes::tag_list},
});
constexpr Shape output = structure("ListTagsForResourceOutput", output_members);

constexpr std::array errors = {
    Errc::validation,     Errc::resource_not_found, Errc::resource_in_use,  Errc::invalid_argument,
    Errc::limit_exceeded, Errc::access_denied,      Errc::internal_failure,
};

}  // namespace

constinit const OperationShape op::list_tags_for_resource = {
    "ListTagsForResource", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
