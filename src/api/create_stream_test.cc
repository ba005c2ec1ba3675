#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "api/testing/api_fixture.h"
#include "base/base64.h"
#include "model/sequence_number.h"

namespace millrace::api {
namespace {

using base::Errc;

class CreateStream : public testing::Api {};

TEST_F(CreateStream, IsActiveAtOnceWithUniformShards) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":3,"Tags":{"team":"a"}})");
  const wire::Value answer = ok("DescribeStream", R"({"StreamName":"s"})");
  const wire::Value& stream = *answer.find("StreamDescription");
  EXPECT_EQ(stream.view("StreamStatus"), "ACTIVE");
  EXPECT_EQ(stream.find("StreamModeDetails")->view("StreamMode"), "PROVISIONED");
  EXPECT_EQ(stream.integer("RetentionPeriodHours"), 24);
  EXPECT_EQ(stream.view("EncryptionType"), "NONE");
  EXPECT_EQ(stream.boolean("HasMoreShards"), false);
  ASSERT_EQ(stream.list("Shards")->size(), 3U);
  const wire::Value& last = stream.list("Shards")->back();
  EXPECT_EQ(last.view("ShardId"), "shardId-000000000002");
  EXPECT_EQ(last.find("HashKeyRange")->view("StartingHashKey"), "226854911280625642308916404954512140970");
  EXPECT_EQ(last.find("HashKeyRange")->view("EndingHashKey"), "340282366920938463463374607431768211455");
  EXPECT_EQ(last.find("SequenceNumberRange")->find("EndingSequenceNumber"), nullptr);
}

TEST_F(CreateStream, WithoutCountOrModeIsOnDemandWithFourShards) {
  ok("CreateStream", R"({"StreamName":"s"})");
  const wire::Value answer = ok("DescribeStreamSummary", R"({"StreamName":"s"})");
  const wire::Value& summary = *answer.find("StreamDescriptionSummary");
  EXPECT_EQ(summary.find("StreamModeDetails")->view("StreamMode"), "ON_DEMAND");
  EXPECT_EQ(summary.integer("OpenShardCount"), 4);
}

TEST_F(CreateStream, OnDemandIgnoresTheCount) {
  ok("CreateStream", R"({"StreamName":"s","ShardCount":9,"StreamModeDetails":{"StreamMode":"ON_DEMAND"}})");
  const wire::Value answer = ok("DescribeStreamSummary", R"({"StreamName":"s"})");
  EXPECT_EQ(answer.find("StreamDescriptionSummary")->integer("OpenShardCount"), 4);
}

TEST_F(CreateStream, ProvisionedNeedsACount) {
  EXPECT_EQ(refused("CreateStream", R"({"StreamName":"s","StreamModeDetails":{"StreamMode":"PROVISIONED"}})").code,
            Errc::invalid_argument);
}

TEST_F(CreateStream, ANameIsTakenOnce) {
  create("s");
  const base::Error error = refused("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  EXPECT_EQ(error, base::Error(Errc::resource_in_use, "Stream s under account 000000000000 already exists."));
}

TEST_F(CreateStream, AutoDistributionIsForOnDemandStreams) {
  const base::Error error =
      refused("CreateStream", R"({"StreamName":"s","ShardCount":1,"RecordDistributionStrategy":"AUTO"})");
  EXPECT_EQ(error, base::Error(Errc::invalid_argument,
                               "RecordDistributionStrategy=AUTO is only supported for on-demand streams. Stream [s] is "
                               "using PROVISIONED mode."));
}

TEST_F(CreateStream, WarmThroughputIsForOnDemandStreamsOfAccountsWithACommitment) {
  EXPECT_EQ(refused("CreateStream", R"({"StreamName":"s","ShardCount":1,"WarmThroughputMiBps":10})").code,
            Errc::validation);
  EXPECT_EQ(refused("CreateStream", R"({"StreamName":"s","WarmThroughputMiBps":10})").code, Errc::validation);
  ok("UpdateAccountSettings", R"({"MinimumThroughputBillingCommitment":{"Status":"ENABLED"}})");
  ok("CreateStream", R"({"StreamName":"s","WarmThroughputMiBps":10})");
  const wire::Value answer = ok("DescribeStreamSummary", R"({"StreamName":"s"})");
  EXPECT_EQ(answer.find("StreamDescriptionSummary")->find("WarmThroughput")->integer("CurrentMiBps"), 10);
}

TEST_F(CreateStream, RefusesTagsThatAddTagsWouldRefuse) {
  EXPECT_EQ(refused("CreateStream", R"({"StreamName":"s","ShardCount":1,"Tags":{"a!":"b"}})").code,
            Errc::invalid_argument);
  EXPECT_EQ(refused("DescribeStream", R"({"StreamName":"s"})").code, Errc::resource_not_found);
}

class CreateStreamLimits : public testing::Api {
 protected:
  CreateStreamLimits() : Api({.shards_max = 10, .on_demand_streams_max = 1}) {}
};

TEST_F(CreateStreamLimits, ShardsOfTheAccountAreCounted) {
  create("a", 6);
  const base::Error error = refused("CreateStream", R"({"StreamName":"b","ShardCount":5})");
  EXPECT_EQ(error.code, Errc::limit_exceeded);
  EXPECT_EQ(
      error.message,
      "This request would exceed the shard limit for the account 000000000000 in us-east-1. Current shard count "
      "for the account: 6. Limit: 10. Number of additional shards that would have resulted from this request: 5. "
      "Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) "
      "for current limits and how to request higher limits.");
  create("b", 4);
}

TEST_F(CreateStreamLimits, OnDemandStreamsOfTheAccountAreCounted) {
  ok("CreateStream", R"({"StreamName":"a"})");
  EXPECT_EQ(refused("CreateStream", R"({"StreamName":"b"})").message,
            "This request would exceed the limit on the number of On-Demand streams for the account `000000000000` in "
            "`us-east-1`. Current On-Demand streams count: 1. Limit: 1.");
}

}  // namespace
}  // namespace millrace::api
