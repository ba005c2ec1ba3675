#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"StreamARN", &shapes::stream_arn},
    {"StreamName", &shapes::stream_name},
    {"StreamId", &shapes::stream_id},
    {"WarmThroughputMiBps", &shapes::natural_integer, required},
});
constexpr Shape input = structure("UpdateStreamWarmThroughputInput", input_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"StreamARN", &shapes::stream_arn},
    {"StreamName", &shapes::stream_name},
    {"WarmThroughput", &shapes::warm_throughput_object},
});
constexpr Shape output = structure("UpdateStreamWarmThroughputOutput", output_members);

constexpr std::array errors = {
    Errc::access_denied,    Errc::resource_not_found, Errc::limit_exceeded,
    Errc::invalid_argument, Errc::resource_in_use,    Errc::validation,
};

}  // namespace

constinit const OperationShape op::update_stream_warm_throughput = {
    "UpdateStreamWarmThroughput", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
