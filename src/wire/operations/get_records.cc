#include <array>

#include "model/limits.h"
#include "wire/operations.h"
#include "wire/shapes.h"

namespace millrace::wire {
namespace {

using base::Errc;

constexpr Shape get_records_input_limit =
    scalar(Type::integer, "GetRecordsInputLimit", 1, as_count(model::limits::get_records_max));

constexpr std::array input_members = std::to_array<MemberShape>({
    {"Limit", &get_records_input_limit},
    {"ShardIterator", &shapes::shard_iterator, required},
    {"StreamARN", &shapes::stream_arn},
    {"StreamId", &shapes::stream_id},
    {"DryRun", &shapes::boolean},
});
constexpr Shape input = structure("GetRecordsInput", input_members);

constexpr std::array output_members = std::to_array<MemberShape>({
    {"Records", &shapes::record_list, required},
    {"NextShardIterator", &shapes::shard_iterator},
    {"MillisBehindLatest", &shapes::millis_behind_latest},
    {"ChildShards", &shapes::child_shard_list},
});
constexpr Shape output = structure("GetRecordsOutput", output_members);

constexpr std::array errors = {
    Errc::resource_not_found,
    Errc::invalid_argument,
    Errc::throughput_exceeded,
    Errc::expired_iterator,
    Errc::kms_disabled,
    Errc::kms_invalid_state,
    Errc::kms_access_denied,
    Errc::kms_not_found,
    Errc::kms_opt_in_required,
    Errc::kms_throttling,
    Errc::access_denied,
    Errc::internal_failure,
    Errc::dry_run,
};

}  // namespace

constinit const OperationShape op::get_records = {
    "GetRecords", Plane::data, &input, &output, errors,
};

}  // namespace millrace::wire
