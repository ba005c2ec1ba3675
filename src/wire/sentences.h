#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

// The service's own sentences, one function each: some clients match on them. `name` is a stream's, `account` the 12
// digits, `shard` a shard id as the service writes it. Where nobody outside knows the service's words (said below),
// they are ours.
namespace millrace::wire {

// ResourceNotFoundException.
base::Error stream_not_found(std::string_view name, std::string_view account);
base::Error shard_not_found(std::string_view shard, std::string_view name, std::string_view account);
// For text that can be no shard id; `raw` is that text.
base::Error shard_id_not_found(std::string_view raw, std::string_view name, std::string_view account);

base::Error consumer_not_found(std::string_view consumer, std::string_view account);
// A resource of a kind that there is none of yet, and a policy; in our words.
base::Error resource_not_found(std::string_view arn);
base::Error policy_not_found(std::string_view arn);

// ResourceInUseException.
base::Error stream_exists(std::string_view name, std::string_view account);
base::Error stream_not_active(std::string_view name, std::string_view account, std::string_view status);
base::Error stream_has_consumers(std::string_view name, std::string_view arn);
// `consumer` is the consumer's name; the first is in our words.
base::Error consumer_exists(std::string_view consumer, std::string_view name, std::string_view account);
base::Error consumer_not_active(std::string_view consumer, std::int64_t created_s, std::string_view name,
                                std::string_view account);

// InvalidArgumentException: which stream is meant. The first and the second are in our words.
base::Error no_stream_given();
base::Error name_and_arn_disagree(std::string_view name, std::string_view arn);
base::Error list_shards_without_stream();
base::Error list_shards_with_token_and_stream();
base::Error invalid_next_token();  // our words

// InvalidArgumentException: consumers, in our words.
base::Error no_consumer_given();
base::Error consumer_members_disagree();
base::Error list_consumers_with_token_and_time();
base::Error next_token_of_another_stream(std::string_view arn);

// InvalidArgumentException: policies and encryption, in our words. `cause` is a sentence without its full stop.
base::Error malformed_policy(std::string_view cause);
base::Error encryption_type_not_kms();

// InvalidArgumentException: iterators.
base::Error invalid_shard_iterator();
base::Error iterator_type_needs_number(std::string_view type);
base::Error iterator_type_takes_no_number(std::string_view type);
base::Error iterator_needs_timestamp();
base::Error iterator_timestamp_in_future(std::int64_t timestamp_ms, std::int64_t now_ms);
base::Error starting_number_invalid(std::string_view number, std::string_view operation, std::string_view shard,
                                    std::string_view name, std::string_view account);
base::Error starting_number_of_another_stream(std::string_view number, std::string_view operation,
                                              std::string_view shard, std::string_view name, std::string_view account);
base::Error starting_number_of_another_shard(std::string_view encoded_shard, std::string_view shard);

// InvalidArgumentException: puts. The last three are in our words.
base::Error explicit_hash_key_out_of_range(std::string_view hash_key);
base::Error ordering_number_invalid(std::string_view number, std::string_view name, std::string_view account);
base::Error ordering_number_not_taken(std::string_view name, std::string_view account);
base::Error records_too_large();
base::Error record_too_large(std::uint32_t max_record_size_in_kib);

// ValidationException: a missing partition key on a stream that places by it. Of PutRecords the 1-based place of the
// entry; 0 for PutRecord.
base::Error partition_key_missing(std::size_t entry);

// InvalidArgumentException: streams. The last is in our words.
base::Error retention_too_short(std::int64_t hours);
base::Error retention_too_long(std::int64_t hours);
base::Error retention_below_existing(std::string_view name, std::int64_t hours, std::int64_t existing_hours);
base::Error retention_above_existing(std::string_view name, std::int64_t hours, std::int64_t existing_hours);
base::Error auto_distribution_needs_on_demand(std::string_view name);
base::Error shard_count_missing();

// ValidationException: what a stream's mode, its account or the service does not permit; in our words.
base::Error warm_throughput_needs_commitment();
base::Error warm_throughput_needs_on_demand(std::string_view name);
base::Error warm_throughput_too_high(std::int64_t mibps, std::int64_t mibps_max);
base::Error stream_is_on_demand(std::string_view name, std::string_view account);

// InvalidArgumentException: shards that cannot be split or merged. The hash keys are decimal numbers; the last is in
// our words.
base::Error split_outside_of_shard(std::string_view hash_key, std::string_view shard, std::string_view name,
                                   std::string_view account, std::string_view first, std::string_view last);
base::Error shards_not_adjacent(std::string_view shard, std::string_view adjacent, std::string_view name,
                                std::string_view account);
base::Error shard_is_closed(std::string_view shard, std::string_view name, std::string_view account);

// InvalidArgumentException: tags. `resource` is what has them: "stream orders". The last two are in our words.
base::Error tags_with_invalid_characters();
base::Error added_tags_with_illegal_characters(std::string_view resource, std::string_view account);
base::Error removed_tags_with_illegal_characters(std::string_view resource, std::string_view account);
base::Error too_many_tags(std::string_view resource, std::string_view account);
base::Error reserved_tag_key();
base::Error unknown_limits_profile(std::string_view key, std::string_view value);

// LimitExceededException. The third is in our words.
base::Error shard_limit_exceeded(std::string_view account, std::string_view region, std::int64_t current,
                                 std::int64_t limit, std::int64_t additional);
base::Error on_demand_limit_exceeded(std::string_view account, std::string_view region, std::int64_t current,
                                     std::int64_t limit);
base::Error too_many_creating(std::int64_t limit);
base::Error scales_over_double(std::int64_t open, std::int64_t target);
base::Error scales_below_half(std::int64_t open, std::int64_t target);
base::Error stream_shard_limit_exceeded(std::int64_t limit);
// In our words, down to the encryption's.
base::Error too_many_consumers(std::string_view name, std::string_view account, std::int64_t limit);
base::Error too_many_creating_consumers(std::string_view name, std::string_view account, std::int64_t limit);
base::Error too_many_encryption_changes(std::string_view name, std::string_view account, std::int64_t limit);
base::Error too_many_rescales(std::string_view name, std::string_view account, std::int64_t limit);
base::Error too_many_mode_switches(std::string_view name, std::string_view account, std::int64_t limit);
base::Error control_rate_exceeded(std::string_view name, std::string_view account);
base::Error account_rate_exceeded();

// ProvisionedThroughputExceededException.
base::Error shard_rate_exceeded(std::string_view shard, std::string_view name, std::string_view account);

// ExpiredIteratorException and ExpiredNextTokenException; the second is in our words.
base::Error iterator_expired(std::int64_t created_ms, std::int64_t now_ms);
base::Error next_token_expired(std::int64_t created_ms, std::int64_t now_ms);

// DryRunOperationException, and ThrottlingException for too many of them; in our words.
base::Error dry_run_would_succeed();
base::Error dry_run_rate_exceeded(std::string_view name, std::string_view account);

base::Error unknown_operation();
base::Error internal_failure();

}  // namespace millrace::wire
