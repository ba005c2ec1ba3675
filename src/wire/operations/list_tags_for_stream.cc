#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr Shape list_tags_for_stream_input_limit = scalar(Type::integer, "ListTagsForStreamInputLimit", 1, 50);

constexpr std::array input_members = std::to_array<MemberShape>({
    {"Limit", &list_tags_for_stream_input_limit},
    {"ExclusiveStartTagKey", &shapes::tag_key},
    {"StreamName", &shapes::stream_name},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("ListTagsForStreamInput", input_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"Tags", &shapes::tag_list, required},
    {"HasMoreTags", &shapes::boolean, required},
});
constexpr Shape output = structure("ListTagsForStreamOutput", output_members);

constexpr std::array errors = {
    Errc::resource_not_found,
    Errc::invalid_argument,
    Errc::limit_exceeded,
    Errc::access_denied,
};

}  // namespace

constinit const OperationShape op::list_tags_for_stream = {
    "ListTagsForStream", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
