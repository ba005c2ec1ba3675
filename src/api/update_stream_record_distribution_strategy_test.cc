#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::Error;

class UpdateStreamRecordDistributionStrategy : public testing::Api {
 protected:
  UpdateStreamRecordDistributionStrategy() {
    ok("CreateStream", R"({"StreamName":"s"})");
    create("provisioned");
  }
  std::string request(std::string_view stream, std::string_view strategy) const {
    return fmt::format(R"({{"StreamARN":"{}","RecordDistributionStrategy":"{}"}})", arn(stream), strategy);
  }
  std::string shown(std::string_view name) {
    const wire::Value answer = ok("DescribeStreamSummary", fmt::format(R"({{"StreamName":"{}"}})", name));
    return std::string(answer.find("StreamDescriptionSummary")->view("RecordDistributionStrategy"));
  }
};

constexpr std::string_view operation = "UpdateStreamRecordDistributionStrategy";
constexpr std::string_view keyless = R"({"StreamName":"s","Data":"eA=="})";
constexpr std::string_view keyless_batch = R"({"StreamName":"s","Records":[{"Data":"eA=="}]})";

TEST_F(UpdateStreamRecordDistributionStrategy, OnAutoStreamsKeysAreOptional) {
  EXPECT_EQ(shown("s"), "USER_PARTITION_KEY");
  const Error missing(Errc::validation,
                      "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member "
                      "must not be null");
  EXPECT_EQ(refused("PutRecord", keyless), missing);
  ok(operation, request("s", "AUTO"));
  EXPECT_EQ(shown("s"), "AUTO");
  const std::string shard(ok("PutRecord", keyless).view("ShardId"));
  ok("PutRecords", keyless_batch);
  const wire::Value page =
      ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s", "TRIM_HORIZON", shard)));
  EXPECT_EQ(page.list("Records")->front().find("PartitionKey"), nullptr);

  ok(operation, request("s", "USER_PARTITION_KEY"));
  EXPECT_EQ(refused("PutRecord", keyless), missing);
  EXPECT_EQ(refused("PutRecords", keyless_batch).message,
            "1 validation error detected: Value null at 'records.1.member.partitionKey' failed to satisfy constraint: "
            "Member must not be null");
}

TEST_F(UpdateStreamRecordDistributionStrategy, AutoTakesNoOrderingAndIgnoresHashKeys) {
  ok(operation, request("s", "AUTO"));
  EXPECT_EQ(
      refused("PutRecord", R"({"StreamName":"s","PartitionKey":"k","Data":"","SequenceNumberForOrdering":"1"})").code,
      Errc::invalid_argument);
  // Placement is free: what would all go to one shard is spread.
  std::set<std::string> shards;
  for (int i = 0; i < 8; ++i) {
    const wire::Value answer =
        ok("PutRecord", R"({"StreamName":"s","PartitionKey":"k","Data":"","ExplicitHashKey":"0"})");
    shards.emplace(answer.view("ShardId"));
  }
  EXPECT_EQ(shards.size(), 4U);
}

TEST_F(UpdateStreamRecordDistributionStrategy, AutoIsForOnDemandStreams) {
  const Error error(Errc::invalid_argument,
                    "RecordDistributionStrategy=AUTO is only supported for on-demand streams. Stream [provisioned] is "
                    "using PROVISIONED mode.");
  EXPECT_EQ(refused(operation, request("provisioned", "AUTO")), error);
  ok(operation, request("provisioned", "USER_PARTITION_KEY"));
  EXPECT_EQ(shown("provisioned"), "USER_PARTITION_KEY");
}

TEST_F(UpdateStreamRecordDistributionStrategy, TheStreamMustBeActive) {
  EXPECT_EQ(refused(operation, request("t", "AUTO")),
            Error(Errc::resource_not_found, "Stream t under account 000000000000 not found."));
  const catalog::Stream& s = stream("s");
  apply(catalog::SetRecordSize{.stream = s.key(), .uid = s.uid, .record_kib_max = 2048, .hold = true});
  EXPECT_EQ(refused(operation, request("s", "AUTO")),
            Error(Errc::resource_in_use, "Stream s under account 000000000000 not ACTIVE, instead in state UPDATING"));
  EXPECT_EQ(shown("s"), "USER_PARTITION_KEY");
}

}  // namespace
}  // namespace millrace::api
