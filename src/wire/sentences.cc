#include "wire/sentences.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "model/limits.h"

namespace millrace::wire {
namespace {

using base::Errc;
using base::Error;
namespace limits = model::limits;

// "Thu Jan 22 01:22:02 UTC 2015", as Java prints a date.
std::string date_text(std::int64_t ms) {
  static constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{} {} {:02} {:02}:{:02}:{:02} UTC {}", days[std::chrono::weekday(day).c_encoding()],
                     months[static_cast<unsigned>(date.month()) - 1], static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     static_cast<int>(date.year()));
}

std::string expired(std::int64_t created_ms, std::int64_t now_ms, std::int64_t life_ms) {
  return fmt::format(
      "created at time {} while right now it is {} which is further in the future than the tolerated delay of {} "
      "milliseconds.",
      date_text(created_ms), date_text(now_ms), life_ms);
}

std::string iterator_type_sentence(std::string_view type, std::string_view what) {
  return fmt::format(
      "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
      "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {} and {} StartingSequenceNumber.",
      type, what);
}

std::string illegal_tags_sentence(std::string_view what, std::string_view resource, std::string_view account) {
  return fmt::format(
      "Failed to {} {} under account {} because some tags contained illegal characters. The allowed characters are "
      "Unicode letters, white-spaces, '_',',','/','=','+','-','@'.",
      what, resource, account);
}

}  // namespace

Error stream_not_found(std::string_view name, std::string_view account) {
  return {Errc::resource_not_found, fmt::format("Stream {} under account {} not found.", name, account)};
}

Error shard_not_found(std::string_view shard, std::string_view name, std::string_view account) {
  return {Errc::resource_not_found,
          fmt::format("Shard {} in stream {} under account {} does not exist", shard, name, account)};
}

Error shard_id_not_found(std::string_view raw, std::string_view name, std::string_view account) {
  return {Errc::resource_not_found,
          fmt::format("Could not find shard {} in stream {} under account {}.", raw, name, account)};
}

Error consumer_not_found(std::string_view consumer, std::string_view account) {
  return {Errc::resource_not_found, fmt::format("Consumer {}, account {} not found.", consumer, account)};
}

Error resource_not_found(std::string_view arn) {
  return {Errc::resource_not_found, fmt::format("Resource {} not found.", arn)};
}

Error policy_not_found(std::string_view arn) {
  return {Errc::resource_not_found, fmt::format("No resource policy found for resource {}.", arn)};
}

Error stream_exists(std::string_view name, std::string_view account) {
  return {Errc::resource_in_use, fmt::format("Stream {} under account {} already exists.", name, account)};
}

Error stream_not_active(std::string_view name, std::string_view account, std::string_view status) {
  return {Errc::resource_in_use,
          fmt::format("Stream {} under account {} not ACTIVE, instead in state {}", name, account, status)};
}

Error stream_has_consumers(std::string_view name, std::string_view arn) {
  return {
      Errc::resource_in_use,
      fmt::format("DeleteStream can't delete {} because there are consumers associated with this data stream. To "
                  "delete {} anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of all "
                  "the consumers that are associated with it.",
                  arn, name)};
}

Error consumer_exists(std::string_view consumer, std::string_view name, std::string_view account) {
  return {Errc::resource_in_use,
          fmt::format("Consumer {} under stream {} under account {} already exists.", consumer, name, account)};
}

Error consumer_not_active(std::string_view consumer, std::int64_t created_s, std::string_view name,
                          std::string_view account) {
  // The space before the comma is the service's.
  return {Errc::resource_in_use,
          fmt::format("Consumer {} with creation timestamp {} under stream: {} , account {} is not in ACTIVE status.",
                      consumer, created_s, name, account)};
}

Error no_stream_given() {
  return {Errc::invalid_argument, "Either StreamName or StreamARN must be provided."};
}

Error name_and_arn_disagree(std::string_view name, std::string_view arn) {
  return {Errc::invalid_argument,
          fmt::format("StreamName {} and StreamARN {} do not name the same stream.", name, arn)};
}

Error list_shards_without_stream() {
  return {Errc::invalid_argument, "Either NextToken or StreamName should be provided."};
}

Error list_shards_with_token_and_stream() {
  return {Errc::invalid_argument, "NextToken and StreamName cannot be provided together."};
}

Error invalid_next_token() {
  return {Errc::invalid_argument, "Invalid NextToken."};
}

Error no_consumer_given() {
  return {Errc::invalid_argument, "Either ConsumerARN, or StreamARN and ConsumerName must be provided."};
}

Error consumer_members_disagree() {
  return {Errc::invalid_argument, "ConsumerARN, StreamARN and ConsumerName do not name the same consumer."};
}

Error list_consumers_with_token_and_time() {
  return {Errc::invalid_argument, "NextToken and StreamCreationTimestamp cannot be provided together."};
}

Error next_token_of_another_stream(std::string_view arn) {
  return {Errc::invalid_argument, fmt::format("The NextToken is not of a listing of {}.", arn)};
}

Error malformed_policy(std::string_view cause) {
  return {Errc::invalid_argument, fmt::format("The resource policy is malformed: {}.", cause)};
}

Error encryption_type_not_kms() {
  return {Errc::invalid_argument, "The EncryptionType must be KMS."};
}

Error invalid_shard_iterator() {
  return {Errc::invalid_argument, "Invalid ShardIterator."};
}

Error iterator_type_needs_number(std::string_view type) {
  return {Errc::invalid_argument, iterator_type_sentence(type, "no")};
}

Error iterator_type_takes_no_number(std::string_view type) {
  return {Errc::invalid_argument, iterator_type_sentence(type, "also a")};
}

Error iterator_needs_timestamp() {
  return {
      Errc::invalid_argument,
      "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp "
      "parameter."};
}

Error iterator_timestamp_in_future(std::int64_t timestamp_ms, std::int64_t now_ms) {
  return {Errc::invalid_argument,
          fmt::format("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                      "timestampInMillis: {}, currentTimestampInMillis: {}",
                      timestamp_ms, now_ms)};
}

Error starting_number_invalid(std::string_view number, std::string_view operation, std::string_view shard,
                              std::string_view name, std::string_view account) {
  return {Errc::invalid_argument,
          fmt::format("StartingSequenceNumber {} used in {} on shard {} in stream {} under account {} is "
                      "invalid.",
                      number, operation, shard, name, account)};
}

Error starting_number_of_another_stream(std::string_view number, std::string_view operation, std::string_view shard,
                                        std::string_view name, std::string_view account) {
  return {Errc::invalid_argument,
          fmt::format("StartingSequenceNumber {} used in {} on shard {} in stream {} under account {} is "
                      "invalid because it did not come from this stream.",
                      number, operation, shard, name, account)};
}

Error starting_number_of_another_shard(std::string_view encoded_shard, std::string_view shard) {
  return {Errc::invalid_argument,
          fmt::format("Invalid StartingSequenceNumber. It encodes {}, while it was used in a call to a shard with {}",
                      encoded_shard, shard)};
}

Error explicit_hash_key_out_of_range(std::string_view hash_key) {
  return {Errc::invalid_argument, fmt::format("Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, "
                                              "2^128-1]. Specified value was {}",
                                              hash_key)};
}

Error ordering_number_invalid(std::string_view number, std::string_view name, std::string_view account) {
  return {Errc::invalid_argument,
          fmt::format("ExclusiveMinimumSequenceNumber {} used in PutRecord on stream {} under account {} is invalid.",
                      number, name, account)};
}

Error ordering_number_not_taken(std::string_view name, std::string_view account) {
  return {Errc::invalid_argument,
          fmt::format("SequenceNumberForOrdering cannot be used on stream {} under account {}, whose "
                      "RecordDistributionStrategy is AUTO.",
                      name, account)};
}

Error records_too_large() {
  return {Errc::invalid_argument,
          fmt::format("Records size exceeds {} MB limit", limits::put_records_bytes_max / limits::mib)};
}

Error record_too_large(std::uint32_t max_record_size_in_kib) {
  return {Errc::invalid_argument,
          fmt::format("Data and partition key of a record exceed the stream's maximum record size of {} KiB.",
                      max_record_size_in_kib)};
}

Error partition_key_missing(std::size_t entry) {
  const std::string path = entry == 0 ? "partitionKey" : fmt::format("records.{}.member.partitionKey", entry);
  return {Errc::validation, fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: "
                                        "Member must not be null",
                                        path)};
}

Error retention_too_short(std::int64_t hours) {
  return {
      Errc::invalid_argument,
      fmt::format("Minimum allowed retention period is {} hours. Requested retention period ({} hours) is too short.",
                  limits::retention_hours_min, hours)};
}

Error retention_too_long(std::int64_t hours) {
  return {
      Errc::invalid_argument,
      fmt::format("Maximum allowed retention period is {} hours. Requested retention period ({} hours) is too long.",
                  limits::retention_hours_max, hours)};
}

Error retention_below_existing(std::string_view name, std::int64_t hours, std::int64_t existing_hours) {
  return {Errc::invalid_argument,
          fmt::format("Requested retention period ({} hours) for stream {} can not be shorter than existing retention "
                      "period ({} hours). Use DecreaseRetentionPeriod API.",
                      hours, name, existing_hours)};
}

Error retention_above_existing(std::string_view name, std::int64_t hours, std::int64_t existing_hours) {
  return {Errc::invalid_argument,
          fmt::format("Requested retention period ({} hours) for stream {} can not be longer than existing retention "
                      "period ({} hours). Use IncreaseRetentionPeriod API.",
                      hours, name, existing_hours)};
}

Error auto_distribution_needs_on_demand(std::string_view name) {
  return {Errc::invalid_argument,
          fmt::format("RecordDistributionStrategy=AUTO is only supported for on-demand streams. Stream [{}] is using "
                      "PROVISIONED mode.",
                      name)};
}

Error shard_count_missing() {
  return {Errc::invalid_argument, "ShardCount must be provided for PROVISIONED mode."};
}

Error warm_throughput_needs_commitment() {
  return {Errc::validation,
          "WarmThroughputMiBps is only supported for accounts whose MinimumThroughputBillingCommitment is ENABLED."};
}

Error warm_throughput_needs_on_demand(std::string_view name) {
  return {Errc::validation,
          fmt::format("WarmThroughputMiBps is only supported for on-demand streams. Stream [{}] is using PROVISIONED "
                      "mode.",
                      name)};
}

Error warm_throughput_too_high(std::int64_t mibps, std::int64_t mibps_max) {
  return {Errc::validation,
          fmt::format("WarmThroughputMiBps cannot be greater than {}. Requested: {}", mibps_max, mibps)};
}

Error stream_is_on_demand(std::string_view name, std::string_view account) {
  return {Errc::validation,
          fmt::format("Request is invalid. Stream {} under account {} is in On-Demand mode.", name, account)};
}

Error split_outside_of_shard(std::string_view hash_key, std::string_view shard, std::string_view name,
                             std::string_view account, std::string_view first, std::string_view last) {
  return {
      Errc::invalid_argument,
      fmt::format("NewStartingHashKey {} used in SplitShard() on shard {} in stream {} under account {} is not both "
                  "greater than one plus the shard's StartingHashKey {} and less than the shard's EndingHashKey {}.",
                  hash_key, shard, name, account, first, last)};
}

Error shards_not_adjacent(std::string_view shard, std::string_view adjacent, std::string_view name,
                          std::string_view account) {
  return {Errc::invalid_argument,
          fmt::format("Shards {} and {} in stream {} under account {} are not an adjacent pair of shards eligible for "
                      "merging",
                      shard, adjacent, name, account)};
}

Error shard_is_closed(std::string_view shard, std::string_view name, std::string_view account) {
  return {Errc::invalid_argument,
          fmt::format("Shard {} in stream {} under account {} is closed and cannot be split.", shard, name, account)};
}

Error tags_with_invalid_characters() {
  return {Errc::invalid_argument,
          "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % "
          "@."};
}

Error added_tags_with_illegal_characters(std::string_view resource, std::string_view account) {
  return {Errc::invalid_argument, illegal_tags_sentence("add tags to", resource, account)};
}

Error removed_tags_with_illegal_characters(std::string_view resource, std::string_view account) {
  return {Errc::invalid_argument, illegal_tags_sentence("remove tags from", resource, account)};
}

Error too_many_tags(std::string_view resource, std::string_view account) {
  // The service says 10, and stops at 50.
  return {Errc::invalid_argument,
          fmt::format("Failed to add tags to {} under account {} because a given {} cannot have more than 10 tags "
                      "associated with it.",
                      resource, account, resource.substr(0, resource.find(' ')))};
}

Error reserved_tag_key() {
  return {Errc::invalid_argument, "Tag keys that start with aws: are reserved."};
}

Error unknown_limits_profile(std::string_view key, std::string_view value) {
  return {Errc::invalid_argument, fmt::format("The tag {} is either strict or relaxed, not {}.", key, value)};
}

Error shard_limit_exceeded(std::string_view account, std::string_view region, std::int64_t current, std::int64_t limit,
                           std::int64_t additional) {
  return {
      Errc::limit_exceeded,
      fmt::format("This request would exceed the shard limit for the account {} in {}. Current shard count for the "
                  "account: {}. Limit: {}. Number of additional shards that would have resulted from this request: "
                  "{}. Refer to the AWS Service Limits page "
                  "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how "
                  "to request higher limits.",
                  account, region, current, limit, additional)};
}

Error on_demand_limit_exceeded(std::string_view account, std::string_view region, std::int64_t current,
                               std::int64_t limit) {
  return {Errc::limit_exceeded,
          fmt::format("This request would exceed the limit on the number of On-Demand streams for the account `{}` in "
                      "`{}`. Current On-Demand streams count: {}. Limit: {}.",
                      account, region, current, limit)};
}

Error scales_over_double(std::int64_t open, std::int64_t target) {
  return {Errc::limit_exceeded,
          fmt::format("UpdateShardCount cannot scale up over double your current open shard count. Current open shard "
                      "count: {} Target shard count: {}",
                      open, target)};
}

Error scales_below_half(std::int64_t open, std::int64_t target) {
  return {Errc::limit_exceeded,
          fmt::format("UpdateShardCount cannot scale down below half your current open shard count. Current open shard "
                      "count: {} Target shard count: {}",
                      open, target)};
}

Error stream_shard_limit_exceeded(std::int64_t limit) {
  return {Errc::limit_exceeded,
          fmt::format("Target shard count or number of open shards cannot be greater than {}.", limit)};
}

Error too_many_rescales(std::string_view name, std::string_view account, std::int64_t limit) {
  return {
      Errc::limit_exceeded,
      fmt::format("Stream {} under account {} cannot be scaled more than {} times in 24 hours.", name, account, limit)};
}

Error too_many_mode_switches(std::string_view name, std::string_view account, std::int64_t limit) {
  return {Errc::limit_exceeded,
          fmt::format("Stream {} under account {} cannot change its mode more than {} times in 24 hours.", name,
                      account, limit)};
}

Error too_many_creating(std::int64_t limit) {
  return {Errc::limit_exceeded, fmt::format("At most {} streams may be in state CREATING at a time.", limit)};
}

Error too_many_consumers(std::string_view name, std::string_view account, std::int64_t limit) {
  return {Errc::limit_exceeded,
          fmt::format("Stream {} under account {} has {} consumers, which is the limit.", name, account, limit)};
}

Error too_many_creating_consumers(std::string_view name, std::string_view account, std::int64_t limit) {
  return {Errc::limit_exceeded,
          fmt::format("At most {} consumers of stream {} under account {} may be in state CREATING at a time.", limit,
                      name, account)};
}

Error too_many_encryption_changes(std::string_view name, std::string_view account, std::int64_t limit) {
  return {Errc::limit_exceeded,
          fmt::format("Encryption of stream {} under account {} can be started and stopped {} times each in 24 hours.",
                      name, account, limit)};
}

Error control_rate_exceeded(std::string_view name, std::string_view account) {
  return {Errc::limit_exceeded, fmt::format("Rate exceeded for stream {} under account {}.", name, account)};
}

Error account_rate_exceeded() {
  return {Errc::limit_exceeded, "Rate exceeded."};
}

Error shard_rate_exceeded(std::string_view shard, std::string_view name, std::string_view account) {
  return {Errc::throughput_exceeded,
          fmt::format("Rate exceeded for shard {} in stream {} under account {}.", shard, name, account)};
}

Error iterator_expired(std::int64_t created_ms, std::int64_t now_ms) {
  return {Errc::expired_iterator,
          "Iterator expired. The iterator was " + expired(created_ms, now_ms, limits::iterator_life_ms)};
}

Error next_token_expired(std::int64_t created_ms, std::int64_t now_ms) {
  return {Errc::expired_next_token,
          "NextToken expired. The token was " + expired(created_ms, now_ms, limits::next_token_life_ms)};
}

Error dry_run_would_succeed() {
  return {Errc::dry_run, "The request would have succeeded, but the DryRun parameter was set."};
}

Error dry_run_rate_exceeded(std::string_view name, std::string_view account) {
  return {Errc::throttling, fmt::format("Rate exceeded for dry runs on stream {} under account {}.", name, account)};
}

Error unknown_operation() {
  return Error(Errc::unknown_operation);
}

Error internal_failure() {
  return Error(Errc::internal_failure);
}

}  // namespace millrace::wire
