#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"NewStartingHashKey", &shapes::hash_key, required},
    {"StreamName", &shapes::stream_name},
    {"ShardToSplit", &shapes::shard_id, required},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
});
constexpr Shape input = structure("SplitShardInput", input_members);

constexpr std::array errors = {
    Errc::resource_not_found, Errc::resource_in_use, Errc::invalid_argument,
    Errc::limit_exceeded,     Errc::validation,      Errc::access_denied,
};

}  // namespace

constinit const OperationShape op::split_shard = {
    "SplitShard", Plane::control, &input, nullptr, errors,
};

}  // namespace millrace::wire
