#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"RecordDistributionStrategy", &shapes::record_distribution_strategy, required},
    {"StreamARN", &shapes::stream_arn, required},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("UpdateStreamRecordDistributionStrategyInput", input_members);

constexpr std::array errors = {
    Errc::resource_not_found, Errc::invalid_argument, Errc::resource_in_use,
    Errc::limit_exceeded,     Errc::access_denied,    Errc::validation,
};

}  // namespace

constinit const OperationShape op::update_stream_record_distribution_strategy = {
    "UpdateStreamRecordDistributionStrategy", Plane::control, &input, nullptr, errors,
};

}  // namespace millrace::wire
