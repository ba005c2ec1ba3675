#include <array>

#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr std::array starting_position_members = std::to_array<MemberShape>({
    {"Type", &shapes::shard_iterator_type, required},
    {"SequenceNumber", &shapes::sequence_number},
    {"Timestamp", &shapes::timestamp},
});
constexpr Shape starting_position = structure("StartingPosition", starting_position_members);

constexpr std::array input_members = std::to_array<MemberShape>({
    {"ConsumerARN", &shapes::consumer_arn, required},
    {"ShardId", &shapes::shard_id, required},
    {"StartingPosition", &starting_position, required},
    {"StreamId", &shapes::stream_id},
    {"DryRun", &shapes::boolean},
});
constexpr Shape input = structure("SubscribeToShardInput", input_members);

constexpr std::array subscribe_to_shard_event_members = std::to_array<MemberShape>({
    {"Records", &shapes::record_list, required},
    {"ContinuationSequenceNumber", &shapes::sequence_number, required},
    {"MillisBehindLatest", &shapes::millis_behind_latest, required},
    {"ChildShards", &shapes::child_shard_list},
});
constexpr Shape subscribe_to_shard_event = structure("SubscribeToShardEvent", subscribe_to_shard_event_members);

// What may end a subscription from inside its event stream.
constexpr std::array exception_members = std::to_array<MemberShape>({
    {"message", &shapes::error_message},
});
constexpr Shape resource_not_found_exception = structure("ResourceNotFoundException", exception_members);
constexpr Shape resource_in_use_exception = structure("ResourceInUseException", exception_members);
constexpr Shape kms_disabled_exception = structure("KMSDisabledException", exception_members);
constexpr Shape kms_invalid_state_exception = structure("KMSInvalidStateException", exception_members);
constexpr Shape kms_access_denied_exception = structure("KMSAccessDeniedException", exception_members);
constexpr Shape kms_not_found_exception = structure("KMSNotFoundException", exception_members);
constexpr Shape kms_opt_in_required = structure("KMSOptInRequired", exception_members);
constexpr Shape kms_throttling_exception = structure("KMSThrottlingException", exception_members);
constexpr Shape internal_failure_exception = structure("InternalFailureException", exception_members);
constexpr std::array subscribe_to_shard_event_stream_members = std::to_array<MemberShape>({
    {"SubscribeToShardEvent", &subscribe_to_shard_event, required},
    {"ResourceNotFoundException", &resource_not_found_exception},
    {"ResourceInUseException", &resource_in_use_exception},
    {"KMSDisabledException", &kms_disabled_exception},
    {"KMSInvalidStateException", &kms_invalid_state_exception},
    {"KMSAccessDeniedException", &kms_access_denied_exception},
    {"KMSNotFoundException", &kms_not_found_exception},
    {"KMSOptInRequired", &kms_opt_in_required},
    {"KMSThrottlingException", &kms_throttling_exception},
    {"InternalFailureException", &internal_failure_exception},
});
constexpr Shape subscribe_to_shard_event_stream =
    structure("SubscribeToShardEventStream", subscribe_to_shard_event_stream_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"EventStream", &subscribe_to_shard_event_stream, required},
});
constexpr Shape output = structure("SubscribeToShardOutput", output_members);

constexpr std::array errors = {
    Errc::resource_not_found, Errc::invalid_argument, Errc::resource_in_use,
    Errc::limit_exceeded,     Errc::access_denied,    Errc::dry_run,
};

}  // namespace

constinit const OperationShape op::subscribe_to_shard = {
    "SubscribeToShard", Plane::data, &input, &output, errors,
};

}  // namespace millrace::wire
