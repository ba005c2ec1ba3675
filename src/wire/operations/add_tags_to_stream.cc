#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"Tags", &shapes::tag_map, required},
    {"StreamName", &shapes::stream_name},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("AddTagsToStreamInput", input_members);

constexpr std::array errors = {
    Errc::resource_not_found, Errc::resource_in_use, Errc::invalid_argument, Errc::limit_exceeded, Errc::access_denied,
};

}  // namespace

constinit const OperationShape op::add_tags_to_stream = {
    "AddTagsToStream", Plane::control, &input, nullptr, errors,
};

}  // namespace millrace::wire
