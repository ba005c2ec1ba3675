#include "wire/shapes.h"

#include <array>

#include "model/limits.h"

namespace millrace::wire::shapes {
namespace limits = model::limits;
using std::string_view_literals::operator""sv;

// Bounds without a name in model/limits.h belong to the shape alone; they are the published model's.
constinit const Shape boolean = scalar(Type::boolean, "BooleanObject");
constinit const Shape channel_count = scalar(Type::integer, "ChannelCountObject", 0, 1'000'000);
constinit const Shape consumer_count = scalar(Type::integer, "ConsumerCountObject", 0, 1'000'000);
constinit const Shape data = scalar(Type::blob, "Data", 0, as_count(limits::data_bytes_max));
constinit const Shape error_code = scalar(Type::text, "ErrorCode");
constinit const Shape error_message = scalar(Type::text, "ErrorMessage");
constinit const Shape hash_key = scalar(Type::text, "HashKey", {}, {}, Pattern::hash_key);
constinit const Shape key_id = scalar(Type::text, "KeyId", 1, 2048);
constinit const Shape max_record_size_in_kib =
    scalar(Type::integer, "MaxRecordSizeInKiB", limits::record_kib_min, limits::record_kib_max);
constinit const Shape natural_integer = scalar(Type::integer, "NaturalIntegerObject", 0);
constinit const Shape next_token = scalar(Type::text, "NextToken", 1, 1'048'576);
constinit const Shape partition_key = scalar(Type::text, "PartitionKey", 1, as_count(limits::partition_key_chars_max));
constinit const Shape positive_integer = scalar(Type::integer, "PositiveIntegerObject", 1);
constinit const Shape retention_period_hours = scalar(Type::integer, "RetentionPeriodHours");
constinit const Shape sequence_number = scalar(Type::text, "SequenceNumber", {}, {}, Pattern::sequence_number);
constinit const Shape shard_count = scalar(Type::integer, "ShardCountObject", 0, 1'000'000);
constinit const Shape shard_id = scalar(Type::text, "ShardId", 1, 128, Pattern::name);
constinit const Shape shard_iterator = scalar(Type::text, "ShardIterator", 1, as_count(limits::iterator_chars_max));
constinit const Shape stream_arn = scalar(Type::text, "StreamARN", 1, 2048, Pattern::stream_arn);
constinit const Shape stream_id = scalar(Type::text, "StreamId", 1, 24, Pattern::stream_id);
constinit const Shape stream_name =
    scalar(Type::text, "StreamName", 1, as_count(limits::stream_name_chars_max), Pattern::name);
constinit const Shape tag_key = scalar(Type::text, "TagKey", 1, 128);
constinit const Shape tag_value = scalar(Type::text, "TagValue", 0, 256);
constinit const Shape timestamp = scalar(Type::timestamp, "Timestamp");

constinit const Shape tag_map = map_of("TagMap", tag_key, tag_value, 1, 200);

namespace {

constexpr std::array encryption_types = {"NONE"sv, "KMS"sv};
constexpr std::array metrics_names = {
    "IncomingBytes"sv,
    "IncomingRecords"sv,
    "OutgoingBytes"sv,
    "OutgoingRecords"sv,
    "WriteProvisionedThroughputExceeded"sv,
    "ReadProvisionedThroughputExceeded"sv,
    "IteratorAgeMilliseconds"sv,
    "ALL"sv,
};
constexpr std::array record_distribution_strategies = {"AUTO"sv, "USER_PARTITION_KEY"sv};
constexpr std::array stream_modes = {"PROVISIONED"sv, "ON_DEMAND"sv};
constexpr std::array stream_statuses = {"CREATING"sv, "DELETING"sv, "ACTIVE"sv, "UPDATING"sv};

constexpr Shape stream_mode = enumeration("StreamMode", stream_modes);
constexpr std::array stream_mode_members = std::to_array<MemberShape>({{"StreamMode", &stream_mode, required}});

constexpr std::array hash_key_range_members = std::to_array<MemberShape>({
    {"StartingHashKey", &hash_key, required},
    {"EndingHashKey", &hash_key, required},
});
constexpr std::array sequence_number_range_members = std::to_array<MemberShape>({
    {"StartingSequenceNumber", &sequence_number, required},
    {"EndingSequenceNumber", &sequence_number},
});
constexpr std::array shard_members = std::to_array<MemberShape>({
    {"ShardId", &shard_id, required},
    {"ParentShardId", &shard_id},
    {"AdjacentParentShardId", &shard_id},
    {"HashKeyRange", &hash_key_range, required},
    {"SequenceNumberRange", &sequence_number_range, required},
});

constexpr Shape metrics_name_list = list_of("MetricsNameList", metrics_name, 1, 7);
constexpr std::array enhanced_metrics_members = std::to_array<MemberShape>({{"ShardLevelMetrics", &metrics_name_list}});
constexpr Shape enhanced_metrics = structure("EnhancedMetrics", enhanced_metrics_members);

}  // namespace

constinit const Shape encryption_type = enumeration("EncryptionType", encryption_types);
constinit const Shape metrics_name = enumeration("MetricsName", metrics_names);
constinit const Shape record_distribution_strategy =
    enumeration("RecordDistributionStrategy", record_distribution_strategies);
constinit const Shape stream_mode_details = structure("StreamModeDetails", stream_mode_members);
constinit const Shape stream_status = enumeration("StreamStatus", stream_statuses);
constinit const Shape hash_key_range = structure("HashKeyRange", hash_key_range_members);
constinit const Shape sequence_number_range = structure("SequenceNumberRange", sequence_number_range_members);
constinit const Shape shard = structure("Shard", shard_members);
constinit const Shape shard_list = list_of("ShardList", shard);
constinit const Shape enhanced_monitoring_list = list_of("EnhancedMonitoringList", enhanced_metrics);

}  // namespace millrace::wire::shapes
