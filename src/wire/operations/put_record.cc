#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array input_members = std::to_array<MemberShape>({
    {"SequenceNumberForOrdering", &shapes::sequence_number},
    {"PartitionKey", &shapes::partition_key},
    {"ExplicitHashKey", &shapes::hash_key},
    {"Data", &shapes::data, required},
    {"StreamName", &shapes::stream_name},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
    {"DryRun", &shapes::boolean},
});
constexpr Shape input = structure("PutRecordInput", input_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"ShardId", &shapes::shard_id, required},
    {"SequenceNumber", &shapes::sequence_number, required},
    {"EncryptionType", &shapes::encryption_type},
});
constexpr Shape output = structure("PutRecordOutput", output_members);

constexpr std::array errors = {
    Errc::resource_not_found, Errc::invalid_argument,  Errc::throughput_exceeded, Errc::kms_disabled,
    Errc::kms_invalid_state,  Errc::kms_access_denied, Errc::kms_not_found,       Errc::kms_opt_in_required,
    Errc::kms_throttling,     Errc::access_denied,     Errc::internal_failure,    Errc::dry_run,
};

}  // namespace

constinit const OperationShape op::put_record = {
    "PutRecord", Plane::data, &input, &output, errors,
};

}  // namespace millrace::wire
