#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"ShardId", &shapes::shard_id, required},
    {"ShardIteratorType", &shapes::shard_iterator_type, required},
    {"StartingSequenceNumber", &shapes::sequence_number},
    {"StreamName", &shapes::stream_name},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
    {"DryRun", &shapes::boolean},
    {"Timestamp", &shapes::timestamp},
});
constexpr Shape input = structure("GetShardIteratorInput", input_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"ShardIterator", &shapes::shard_iterator},
});
constexpr Shape output = structure("GetShardIteratorOutput", output_members);

constexpr std::array errors = {
    Errc::resource_not_found, Errc::invalid_argument, Errc::throughput_exceeded,
    Errc::access_denied,      Errc::internal_failure, Errc::dry_run,
};

}  // namespace

constinit const OperationShape op::get_shard_iterator = {
    "GetShardIterator", Plane::data, &input, &output, errors,
};

}  // namespace millrace::wire
