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
constinit const Shape consumer_arn = scalar(Type::text, "ConsumerARN", 1, 2048, Pattern::consumer_arn);
constinit const Shape consumer_name =
    scalar(Type::text, "ConsumerName", 1, as_count(limits::consumer_name_chars_max), Pattern::name);
constinit const Shape data = scalar(Type::blob, "Data", 0, as_count(limits::data_bytes_max));
constinit const Shape error_code = scalar(Type::text, "ErrorCode");
constinit const Shape error_message = scalar(Type::text, "ErrorMessage");
constinit const Shape hash_key = scalar(Type::text, "HashKey", {}, {}, Pattern::hash_key);
constinit const Shape key_id = scalar(Type::text, "KeyId", 1, 2048);
constinit const Shape max_record_size_in_kib =
    scalar(Type::integer, "MaxRecordSizeInKiB", limits::record_kib_min, limits::record_kib_max);
constinit const Shape millis_behind_latest = scalar(Type::long_integer, "MillisBehindLatest", 0);
constinit const Shape natural_integer = scalar(Type::integer, "NaturalIntegerObject", 0);
constinit const Shape next_token = scalar(Type::text, "NextToken", 1, 1'048'576);
constinit const Shape partition_key = scalar(Type::text, "PartitionKey", 1, as_count(limits::partition_key_chars_max));
constinit const Shape policy = scalar(Type::text, "Policy");
constinit const Shape positive_integer = scalar(Type::integer, "PositiveIntegerObject", 1);
constinit const Shape resource_arn = scalar(Type::text, "ResourceARN", 1, 2048, Pattern::resource_arn);
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

constinit const Shape tag_key_list = list_of("TagKeyList", tag_key, 1, 50);
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

constexpr std::array enhanced_metrics_members = std::to_array<MemberShape>({{"ShardLevelMetrics", &metrics_name_list}});
constexpr Shape enhanced_metrics = structure("EnhancedMetrics", enhanced_metrics_members);
constexpr std::array enhanced_monitoring_output_members = std::to_array<MemberShape>({
    {"StreamName", &stream_name},
    {"CurrentShardLevelMetrics", &metrics_name_list},
    {"DesiredShardLevelMetrics", &metrics_name_list},
    {"StreamARN", &stream_arn},
});

// In the order in which the service was recorded to print them.
constexpr std::array shard_iterator_types = {"AFTER_SEQUENCE_NUMBER"sv, "LATEST"sv, "AT_TIMESTAMP"sv,
                                             "AT_SEQUENCE_NUMBER"sv, "TRIM_HORIZON"sv};

constexpr std::array record_members = std::to_array<MemberShape>({
    {"SequenceNumber", &sequence_number, required},
    {"ApproximateArrivalTimestamp", &timestamp},
    {"Data", &data, required},
    {"PartitionKey", &partition_key},
    {"EncryptionType", &encryption_type},
});
constexpr Shape record = structure("Record", record_members);

constexpr Shape shard_id_list = list_of("ShardIdList", shard_id);
constexpr std::array child_shard_members = std::to_array<MemberShape>({
    {"ShardId", &shard_id, required},
    {"ParentShards", &shard_id_list, required},
    {"HashKeyRange", &hash_key_range, required},
});
constexpr Shape child_shard = structure("ChildShard", child_shard_members);

constexpr std::array consumer_statuses = {"CREATING"sv, "DELETING"sv, "ACTIVE"sv};
constexpr std::array consumer_members = std::to_array<MemberShape>({
    {"ConsumerName", &consumer_name, required},
    {"ConsumerARN", &consumer_arn, required},
    {"ConsumerStatus", &consumer_status, required},
    {"ConsumerCreationTimestamp", &timestamp, required},
});

constexpr std::array tag_members = std::to_array<MemberShape>({
    {"Key", &tag_key, required},
    {"Value", &tag_value},
});
constexpr Shape tag = structure("Tag", tag_members);

constexpr std::array warm_throughput_members = std::to_array<MemberShape>({
    {"TargetMiBps", &natural_integer},
    {"CurrentMiBps", &natural_integer},
});

constexpr std::array commitment_statuses = {"ENABLED"sv, "DISABLED"sv, "ENABLED_UNTIL_EARLIEST_ALLOWED_END"sv};
constexpr Shape commitment_status = enumeration("MinimumThroughputBillingCommitmentOutputStatus", commitment_statuses);
constexpr std::array commitment_members = std::to_array<MemberShape>({
    {"Status", &commitment_status, required},
    {"StartedAt", &timestamp},
    {"EndedAt", &timestamp},
    {"EarliestAllowedEndAt", &timestamp},
});

}  // namespace

constinit const Shape child_shard_list = list_of("ChildShardList", child_shard);
constinit const Shape consumer = structure("Consumer", consumer_members);
constinit const Shape consumer_status = enumeration("ConsumerStatus", consumer_statuses);
constinit const Shape encryption_type = enumeration("EncryptionType", encryption_types);
constinit const Shape metrics_name = enumeration("MetricsName", metrics_names);
constinit const Shape metrics_name_list = list_of("MetricsNameList", metrics_name, 1, 7);
constinit const Shape minimum_throughput_billing_commitment_output =
    structure("MinimumThroughputBillingCommitmentOutput", commitment_members);
constinit const Shape record_distribution_strategy =
    enumeration("RecordDistributionStrategy", record_distribution_strategies);
constinit const Shape stream_mode_details = structure("StreamModeDetails", stream_mode_members);
constinit const Shape stream_status = enumeration("StreamStatus", stream_statuses);
constinit const Shape hash_key_range = structure("HashKeyRange", hash_key_range_members);
constinit const Shape sequence_number_range = structure("SequenceNumberRange", sequence_number_range_members);
constinit const Shape shard = structure("Shard", shard_members);
constinit const Shape record_list = list_of("RecordList", record);
constinit const Shape shard_iterator_type = enumeration("ShardIteratorType", shard_iterator_types);
constinit const Shape shard_list = list_of("ShardList", shard);
constinit const Shape tag_list = list_of("TagList", tag, 0, 200);
constinit const Shape enhanced_monitoring_output =
    structure("EnhancedMonitoringOutput", enhanced_monitoring_output_members);
constinit const Shape warm_throughput_object = structure("WarmThroughputObject", warm_throughput_members);
constinit const Shape enhanced_monitoring_list = list_of("EnhancedMonitoringList", enhanced_metrics);

}  // namespace millrace::wire::shapes
