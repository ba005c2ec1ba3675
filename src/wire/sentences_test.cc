#include "wire/sentences.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace::wire {
namespace {

using base::Errc;

struct Row {
  base::Error error;
  Errc code;
  std::string text;
};

void expect(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    EXPECT_EQ(row.error.code, row.code) << row.text;
    EXPECT_EQ(row.error.message, row.text);
  }
}

constexpr std::string_view account = "123456789012";
constexpr std::string_view shard = "shardId-000000000005";

TEST(Sentences, NotFoundAndInUse) {
  expect({
      {stream_not_found("x", account), Errc::resource_not_found, "Stream x under account 123456789012 not found."},
      {shard_not_found(shard, "x", account), Errc::resource_not_found,
       "Shard shardId-000000000005 in stream x under account 123456789012 does not exist"},
      {shard_id_not_found("ABKLFD8", "x", account), Errc::resource_not_found,
       "Could not find shard ABKLFD8 in stream x under account 123456789012."},
      {consumer_not_found("c", account), Errc::resource_not_found, "Consumer c, account 123456789012 not found."},
      {consumer_not_active("c", 1'768'469'398, "x", account), Errc::resource_in_use,
       "Consumer c with creation timestamp 1768469398 under stream: x , account 123456789012 is not in ACTIVE status."},
      {stream_exists("x", account), Errc::resource_in_use, "Stream x under account 123456789012 already exists."},
      {stream_not_active("x", account, "UPDATING"), Errc::resource_in_use,
       "Stream x under account 123456789012 not ACTIVE, instead in state UPDATING"},
      {stream_has_consumers("x", "arn:x"), Errc::resource_in_use,
       "DeleteStream can't delete arn:x because there are consumers associated with this data stream. To delete x "
       "anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of all the consumers that are "
       "associated with it."},
  });
}

TEST(Sentences, Iterators) {
  expect({
      {invalid_shard_iterator(), Errc::invalid_argument, "Invalid ShardIterator."},
      {iterator_type_needs_number("AT_SEQUENCE_NUMBER"), Errc::invalid_argument,
       "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
       "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified AT_SEQUENCE_NUMBER and no "
       "StartingSequenceNumber."},
      {iterator_type_takes_no_number("LATEST"), Errc::invalid_argument,
       "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
       "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified LATEST and also a "
       "StartingSequenceNumber."},
      {iterator_needs_timestamp(), Errc::invalid_argument,
       "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp "
       "parameter."},
      {iterator_timestamp_in_future(7, 5), Errc::invalid_argument,
       "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: 7, "
       "currentTimestampInMillis: 5"},
      {starting_number_invalid("5", "GetShardIterator", shard, "x", account), Errc::invalid_argument,
       "StartingSequenceNumber 5 used in GetShardIterator on shard shardId-000000000005 in stream x under account "
       "123456789012 is invalid."},
      {starting_number_of_another_stream("5", "GetShardIterator", shard, "x", account), Errc::invalid_argument,
       "StartingSequenceNumber 5 used in GetShardIterator on shard shardId-000000000005 in stream x under account "
       "123456789012 is invalid because it did not come from this stream."},
      {starting_number_of_another_shard(shard, "shardId-000000000000"), Errc::invalid_argument,
       "Invalid StartingSequenceNumber. It encodes shardId-000000000005, while it was used in a call to a shard with "
       "shardId-000000000000"},
      {iterator_expired(1'421'889'722'000, 1'421'890'082'999), Errc::expired_iterator,
       "Iterator expired. The iterator was created at time Thu Jan 22 01:22:02 UTC 2015 while right now it is Thu Jan "
       "22 "
       "01:28:02 UTC 2015 which is further in the future than the tolerated delay of 300000 milliseconds."},
  });
}

TEST(Sentences, Puts) {
  expect({
      {explicit_hash_key_out_of_range("340282366920938463463374607431768211456"), Errc::invalid_argument,
       "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
       "340282366920938463463374607431768211456"},
      {ordering_number_invalid("5", "x", account), Errc::invalid_argument,
       "ExclusiveMinimumSequenceNumber 5 used in PutRecord on stream x under account 123456789012 is invalid."},
      {records_too_large(), Errc::invalid_argument, "Records size exceeds 10 MB limit"},
      {partition_key_missing(0), Errc::validation,
       "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member must not be "
       "null"},
      {partition_key_missing(3), Errc::validation,
       "1 validation error detected: Value null at 'records.3.member.partitionKey' failed to satisfy constraint: "
       "Member "
       "must not be null"},
      {shard_rate_exceeded(shard, "x", account), Errc::throughput_exceeded,
       "Rate exceeded for shard shardId-000000000005 in stream x under account 123456789012."},
  });
  EXPECT_EQ(record_too_large(1024).code, Errc::invalid_argument);
  EXPECT_NE(record_too_large(1024).message.find("1024 KiB"), std::string::npos);
  EXPECT_EQ(ordering_number_not_taken("x", account).code, Errc::invalid_argument);
}

TEST(Sentences, StreamsAndTheirSettings) {
  expect({
      {retention_too_short(23), Errc::invalid_argument,
       "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short."},
      {retention_too_long(8761), Errc::invalid_argument,
       "Maximum allowed retention period is 8760 hours. Requested retention period (8761 hours) is too long."},
      {retention_below_existing("x", 24, 48), Errc::invalid_argument,
       "Requested retention period (24 hours) for stream x can not be shorter than existing retention period (48 "
       "hours). "
       "Use DecreaseRetentionPeriod API."},
      {retention_above_existing("x", 48, 24), Errc::invalid_argument,
       "Requested retention period (48 hours) for stream x can not be longer than existing retention period (24 "
       "hours). "
       "Use IncreaseRetentionPeriod API."},
      {auto_distribution_needs_on_demand("x"), Errc::invalid_argument,
       "RecordDistributionStrategy=AUTO is only supported for on-demand streams. Stream [x] is using PROVISIONED "
       "mode."},
      {shard_limit_exceeded(account, "us-east-1", 3, 10, 1000), Errc::limit_exceeded,
       "This request would exceed the shard limit for the account 123456789012 in us-east-1. Current shard count for "
       "the "
       "account: 3. Limit: 10. Number of additional shards that would have resulted from this request: 1000. Refer to "
       "the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current "
       "limits and how to request higher limits."},
      {on_demand_limit_exceeded(account, "us-east-1", 50, 50), Errc::limit_exceeded,
       "This request would exceed the limit on the number of On-Demand streams for the account `123456789012` in "
       "`us-east-1`. Current On-Demand streams count: 50. Limit: 50."},
      {control_rate_exceeded("x", account), Errc::limit_exceeded,
       "Rate exceeded for stream x under account 123456789012."},
      {account_rate_exceeded(), Errc::limit_exceeded, "Rate exceeded."},
      {list_shards_without_stream(), Errc::invalid_argument, "Either NextToken or StreamName should be provided."},
      {list_shards_with_token_and_stream(), Errc::invalid_argument,
       "NextToken and StreamName cannot be provided together."},
  });
}

TEST(Sentences, Tags) {
  expect({
      {tags_with_invalid_characters(), Errc::invalid_argument,
       "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % "
       "@."},
      {added_tags_with_illegal_characters("stream x", account), Errc::invalid_argument,
       "Failed to add tags to stream x under account 123456789012 because some tags contained illegal characters. The "
       "allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'."},
      {removed_tags_with_illegal_characters("stream x", account), Errc::invalid_argument,
       "Failed to remove tags from stream x under account 123456789012 because some tags contained illegal characters. "
       "The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'."},
      {too_many_tags("stream x", account), Errc::invalid_argument,
       "Failed to add tags to stream x under account 123456789012 because a given stream cannot have more than 10 tags "
       "associated with it."},
  });
}

// Nobody outside knows the service's words for these; the type is what clients look at.
TEST(Sentences, InOurOwnWords) {
  EXPECT_EQ(no_stream_given().code, Errc::invalid_argument);
  EXPECT_EQ(name_and_arn_disagree("x", "arn:y").code, Errc::invalid_argument);
  EXPECT_EQ(invalid_next_token().code, Errc::invalid_argument);
  EXPECT_EQ(shard_count_missing().code, Errc::invalid_argument);
  EXPECT_EQ(warm_throughput_needs_on_demand("x").code, Errc::validation);
  EXPECT_EQ(warm_throughput_too_high(10'241, 10'240).code, Errc::validation);
  EXPECT_EQ(reserved_tag_key().code, Errc::invalid_argument);
  EXPECT_EQ(unknown_limits_profile("k", "v").code, Errc::invalid_argument);
  EXPECT_EQ(
      too_many_tags("consumer c", account).message,
      "Failed to add tags to consumer c under account 123456789012 because a given consumer cannot have more than "
      "10 tags associated with it.");
  EXPECT_EQ(resource_not_found("arn:x").code, Errc::resource_not_found);
  EXPECT_EQ(policy_not_found("arn:x").code, Errc::resource_not_found);
  EXPECT_EQ(consumer_exists("c", "x", account).code, Errc::resource_in_use);
  EXPECT_EQ(no_consumer_given().code, Errc::invalid_argument);
  EXPECT_EQ(consumer_members_disagree().code, Errc::invalid_argument);
  EXPECT_EQ(list_consumers_with_token_and_time().code, Errc::invalid_argument);
  EXPECT_EQ(next_token_of_another_stream("arn:x").code, Errc::invalid_argument);
  EXPECT_EQ(malformed_policy("it is empty").message, "The resource policy is malformed: it is empty.");
  EXPECT_EQ(encryption_type_not_kms().code, Errc::invalid_argument);
  EXPECT_EQ(warm_throughput_needs_commitment().code, Errc::validation);
  EXPECT_EQ(too_many_consumers("x", account, 20).code, Errc::limit_exceeded);
  EXPECT_EQ(too_many_creating_consumers("x", account, 5).code, Errc::limit_exceeded);
  EXPECT_EQ(too_many_encryption_changes("x", account, 25).code, Errc::limit_exceeded);
  EXPECT_EQ(too_many_creating(5).code, Errc::limit_exceeded);
  EXPECT_EQ(next_token_expired(0, 300'001).code, Errc::expired_next_token);
  EXPECT_EQ(
      next_token_expired(0, 300'001).message,
      "NextToken expired. The token was created at time Thu Jan 01 00:00:00 UTC 1970 while right now it is Thu Jan "
      "01 00:05:00 UTC 1970 which is further in the future than the tolerated delay of 300000 milliseconds.");
  EXPECT_EQ(dry_run_would_succeed().code, Errc::dry_run);
  EXPECT_EQ(dry_run_rate_exceeded("x", account).code, Errc::throttling);
  EXPECT_EQ(unknown_operation(), base::Error(Errc::unknown_operation));
  EXPECT_EQ(internal_failure(), base::Error(Errc::internal_failure));
}

}  // namespace
}  // namespace millrace::wire
