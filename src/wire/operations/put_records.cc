#include <array>

#include "model/limits.h"
#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array put_records_request_entry_members = std::to_array<MemberShape>({
    {"PartitionKey", &shapes::partition_key},
    {"ExplicitHashKey", &shapes::hash_key},
    {"Data", &shapes::data, required},
});
constexpr Shape put_records_request_entry = structure("PutRecordsRequestEntry", put_records_request_entry_members);

constexpr Shape put_records_request_entry_list =
    list_of("PutRecordsRequestEntryList", put_records_request_entry, 1, as_count(model::limits::put_records_max));

constexpr std::array input_members = std::to_array<MemberShape>({
    {"Records", &put_records_request_entry_list, required},
    {"StreamName", &shapes::stream_name},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
    {"DryRun", &shapes::boolean},
});
constexpr Shape input = structure("PutRecordsInput", input_members);

constexpr std::array put_records_result_entry_members = std::to_array<MemberShape>({
    {"SequenceNumber", &shapes::sequence_number},
    {"ShardId", &shapes::shard_id},
    {"ErrorCode", &shapes::error_code},
    {"ErrorMessage", &shapes::error_message},
});
constexpr Shape put_records_result_entry = structure("PutRecordsResultEntry", put_records_result_entry_members);

constexpr Shape put_records_result_entry_list =
    list_of("PutRecordsResultEntryList", put_records_result_entry, 1, as_count(model::limits::put_records_max));

constexpr std::array output_members = std::to_array<MemberShape>({
    {"FailedRecordCount", &shapes::positive_integer},
    {"Records", &put_records_result_entry_list, required},
    {"EncryptionType", &shapes::encryption_type},
});
constexpr Shape output = structure("PutRecordsOutput", output_members);

constexpr std::array errors = {
    Errc::resource_not_found, Errc::invalid_argument,  Errc::throughput_exceeded, Errc::kms_disabled,
    Errc::kms_invalid_state,  Errc::kms_access_denied, Errc::kms_not_found,       Errc::kms_opt_in_required,
    Errc::kms_throttling,     Errc::access_denied,     Errc::internal_failure,    Errc::dry_run,
};

}  // namespace

constinit const OperationShape op::put_records = {
    "PutRecords", Plane::data, &input, &output, errors,
};

}  // namespace millrace::wire
