#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr Shape list_streams_input_limit = scalar(Type::integer, "ListStreamsInputLimit", 1, 10'000);

constexpr std::array input_members = std::to_array<MemberShape>({
    {"Limit", &list_streams_input_limit},
    {"ExclusiveStartStreamName", &shapes::stream_name},
    {"NextToken", &shapes::next_token},
});
constexpr Shape input = structure("ListStreamsInput", input_members);

constexpr Shape stream_name_list = list_of("StreamNameList", shapes::stream_name);

constexpr std::array stream_summary_members = std::to_array<MemberShape>({
    {"StreamName", &shapes::stream_name, required},
    {"StreamARN", &shapes::stream_arn, required},
    {"StreamStatus", &shapes::stream_status, required},
    {"StreamModeDetails", &shapes::stream_mode_details},
    {"StreamCreationTimestamp", &shapes::timestamp},
});
constexpr Shape stream_summary = structure("StreamSummary", stream_summary_members);

constexpr Shape stream_summary_list = list_of("StreamSummaryList", stream_summary);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"StreamNames", &stream_name_list, required},
    {"HasMoreStreams", &shapes::boolean, required},
    {"NextToken", &shapes::next_token},
    {"StreamSummaries", &stream_summary_list},
});
constexpr Shape output = structure("ListStreamsOutput", output_members);

constexpr std::array errors = {
    Errc::limit_exceeded,
    Errc::expired_next_token,
    Errc::invalid_argument,
};

}  // namespace

constinit const OperationShape op::list_streams = {
    "ListStreams", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
