#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr Shape input = structure("DescribeLimitsInput", {});

constexpr Shape on_demand_stream_count_object = scalar(Type::integer, "OnDemandStreamCountObject", 0, 1'000'000);

constexpr Shape on_demand_stream_count_limit_object =
    scalar(Type::integer, "OnDemandStreamCountLimitObject", 0, 1'000'000);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"ShardLimit", &shapes::shard_count, required},
    {"OpenShardCount", &shapes::shard_count, required},
    {"OnDemandStreamCount", &on_demand_stream_count_object, required},
    {"OnDemandStreamCountLimit", &on_demand_stream_count_limit_object, required},
    {"ChannelCount", &shapes::channel_count},
    {"ChannelCountLimit", &shapes::channel_count},
});
constexpr Shape output = structure("DescribeLimitsOutput", output_members);

constexpr std::array errors = {
    Errc::limit_exceeded,
};

}  // namespace

constinit const OperationShape op::describe_limits = {
    "DescribeLimits", Plane::control, &input, &output, errors,
};

}  // namespace millrace::wire
