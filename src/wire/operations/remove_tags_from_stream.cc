#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"TagKeys", &shapes::tag_key_list, required},
    {"StreamName", &shapes::stream_name},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("RemoveTagsFromStreamInput", input_members);

constexpr std::array errors = {
    Errc::resource_not_found, Errc::resource_in_use, Errc::invalid_argument, Errc::limit_exceeded, Errc::access_denied,
};

}  // namespace

constinit const OperationShape op::remove_tags_from_stream = {
    "RemoveTagsFromStream", Plane::control, &input, nullptr, errors,
};

}  // namespace millrace::wire
