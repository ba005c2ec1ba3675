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

class PutRecord : public testing::Api {
 protected:
  PutRecord() { create("s", 2); }
};

TEST_F(PutRecord, PlacesByTheHashOfTheKey) {
  // MD5 of "a" is below the middle of the key space, that of "user-1" above it.
  EXPECT_EQ(ok("PutRecord", R"({"StreamName":"s","PartitionKey":"a","Data":""})").view("ShardId"),
            "shardId-000000000000");
  EXPECT_EQ(ok("PutRecord", R"({"StreamName":"s","PartitionKey":"user-1","Data":""})").view("ShardId"),
            "shardId-000000000001");
}

TEST_F(PutRecord, AnExplicitHashKeyDecides) {
  const auto shard = [&](std::string_view hash) {
    return std::string(
        ok("PutRecord",
           fmt::format(R"({{"StreamName":"s","PartitionKey":"a","Data":"","ExplicitHashKey":"{}"}})", hash))
            .view("ShardId"));
  };
  EXPECT_EQ(shard("0"), "shardId-000000000000");
  EXPECT_EQ(shard("170141183460469231731687303715884105727"), "shardId-000000000000");
  EXPECT_EQ(shard("170141183460469231731687303715884105728"), "shardId-000000000001");
  EXPECT_EQ(shard("340282366920938463463374607431768211455"), "shardId-000000000001");
  // Checked before the stream is looked for.
  EXPECT_EQ(
      refused(
          "PutRecord",
          R"({"StreamName":"nope","PartitionKey":"a","Data":"","ExplicitHashKey":"340282366920938463463374607431768211456"})"),
      base::Error(Errc::invalid_argument,
                  "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
                  "340282366920938463463374607431768211456"));
}

TEST_F(PutRecord, NumbersGrowAndAreAboveTheShardsStart) {
  const wire::Value stream = ok("ListShards", R"({"StreamName":"s"})");
  std::string last(stream.list("Shards")->front().find("SequenceNumberRange")->view("StartingSequenceNumber"));
  for (int i = 0; i < 20; ++i) {
    const std::string number = put("s", "a", "x");
    EXPECT_EQ(number.size(), 56U);
    EXPECT_GT(number, last);
    last = number;
  }
}

TEST_F(PutRecord, ANumberForOrderingMustBeOneOfThePast) {
  const std::string number = put("s", "a", "x");
  ok("PutRecord",
     fmt::format(R"({{"StreamName":"s","PartitionKey":"a","Data":"","SequenceNumberForOrdering":"{}"}})", number));
  EXPECT_EQ(refused("PutRecord", R"({"StreamName":"s","PartitionKey":"a","Data":"","SequenceNumberForOrdering":"5"})"),
            base::Error(Errc::invalid_argument,
                        "ExclusiveMinimumSequenceNumber 5 used in PutRecord on stream s under account 000000000000 is "
                        "invalid."));
  model::SequenceNumber future = *model::parse_sequence_number(number);
  future.time_s += 60;
  EXPECT_EQ(refused("PutRecord",
                    fmt::format(R"({{"StreamName":"s","PartitionKey":"a","Data":"","SequenceNumberForOrdering":"{}"}})",
                                model::to_text(future)))
                .code,
            Errc::invalid_argument);
}

TEST_F(PutRecord, TheStreamsRecordSizeBoundsDataAndKey) {
  const std::string most = base::base64_encode(std::string(1024 * 1024 - 1, 'x'));
  const std::string more = base::base64_encode(std::string(1024 * 1024, 'x'));
  ok("PutRecord", fmt::format(R"({{"StreamName":"s","PartitionKey":"a","Data":"{}"}})", most));
  EXPECT_EQ(refused("PutRecord", fmt::format(R"({{"StreamName":"s","PartitionKey":"a","Data":"{}"}})", more)).code,
            Errc::invalid_argument);
  ok("CreateStream", R"({"StreamName":"large","ShardCount":1,"MaxRecordSizeInKiB":2048})");
  ok("PutRecord", fmt::format(R"({{"StreamName":"large","PartitionKey":"a","Data":"{}"}})", more));
}

TEST_F(PutRecord, DryRunStoresNothing) {
  EXPECT_EQ(refused("PutRecord", R"({"StreamName":"s","PartitionKey":"a","Data":"","DryRun":true})").code,
            Errc::dry_run);
  EXPECT_EQ(refused("PutRecord", R"({"StreamName":"t","PartitionKey":"a","Data":"","DryRun":true})").code,
            Errc::resource_not_found);
  EXPECT_TRUE(
      data_of(ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s", "TRIM_HORIZON")))).empty());
}

TEST_F(PutRecord, AKeyIsNeededUnlessPlacementIsAutomatic) {
  EXPECT_EQ(
      refused("PutRecord", R"({"StreamName":"s","Data":""})"),
      base::Error(Errc::validation,
                  "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member "
                  "must not be null"));
  ok("CreateStream", R"({"StreamName":"auto","RecordDistributionStrategy":"AUTO"})");
  const wire::Value answer = ok("PutRecord", R"({"StreamName":"auto","Data":"aGk="})");
  const wire::Value page = ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})",
                                                        iterator("auto", "TRIM_HORIZON", answer.view("ShardId"))));
  ASSERT_EQ(page.list("Records")->size(), 1U);
  EXPECT_EQ(page.list("Records")->front().find("PartitionKey"), nullptr);
  EXPECT_EQ(refused("PutRecord", fmt::format(R"({{"StreamName":"auto","Data":"","SequenceNumberForOrdering":"{}"}})",
                                             answer.view("SequenceNumber")))
                .code,
            Errc::invalid_argument);
}

TEST_F(PutRecord, BadBase64OutranksWhatIsWrongWithTheStream) {
  EXPECT_EQ(refused("PutRecord", R"({"StreamName":"nope","PartitionKey":"a","Data":"AAA!"})").code,
            Errc::serialization);
}

}  // namespace
}  // namespace millrace::api
