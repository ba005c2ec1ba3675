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

class PutRecords : public testing::Api {
 protected:
  PutRecords() { create("s", 2); }

  static std::string request(std::string_view records) {
    return fmt::format(R"({{"StreamName":"s","Records":[{}]}})", records);
  }
};

TEST_F(PutRecords, AnswersInTheRequestsOrder) {
  const wire::Value answer =
      ok("PutRecords", request(R"({"PartitionKey":"user-1","Data":"MQ=="},{"PartitionKey":"a","Data":"Mg=="},
                                                         {"PartitionKey":"user-1","Data":"Mw=="})"));
  EXPECT_EQ(answer.integer("FailedRecordCount"), 0);
  const wire::List& records = *answer.list("Records");
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].view("ShardId"), "shardId-000000000001");
  EXPECT_EQ(records[1].view("ShardId"), "shardId-000000000000");
  EXPECT_LT(records[0].view("SequenceNumber"), records[2].view("SequenceNumber"));
  const wire::Value page = ok(
      "GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s", "TRIM_HORIZON", "shardId-000000000001")));
  EXPECT_EQ(data_of(page), (std::vector<std::string>{"1", "3"}));
  EXPECT_EQ(page.list("Records")->at(1).view("SequenceNumber"), records[2].view("SequenceNumber"));
}

TEST_F(PutRecords, OneBadRecordFailsTheWholeRequest) {
  EXPECT_EQ(
      refused(
          "PutRecords",
          request(
              R"({"PartitionKey":"a","Data":""},{"PartitionKey":"a","Data":"","ExplicitHashKey":"340282366920938463463374607431768211456"})"))
          .code,
      Errc::invalid_argument);
  EXPECT_EQ(refused("PutRecords", request(R"({"PartitionKey":"a","Data":""},{"Data":""})")),
            base::Error(Errc::validation,
                        "1 validation error detected: Value null at 'records.2.member.partitionKey' failed to satisfy "
                        "constraint: Member must not be null"));
  const std::string large = base::base64_encode(std::string(1024 * 1024, 'x'));
  EXPECT_EQ(refused("PutRecords", request(fmt::format(
                                      R"({{"PartitionKey":"a","Data":""}},{{"PartitionKey":"a","Data":"{}"}})", large)))
                .code,
            Errc::invalid_argument);
  EXPECT_TRUE(
      data_of(ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator("s", "TRIM_HORIZON")))).empty());
}

TEST_F(PutRecords, TheSumOfDataAndKeysIsBounded) {
  const std::string data = base::base64_encode(std::string(1024 * 1024 - 1, 'x'));
  std::string records;
  for (int i = 0; i < 10; ++i)
    records += fmt::format(R"({}{{"PartitionKey":"a","Data":"{}"}})", i == 0 ? "" : ",", data);
  ok("PutRecords", request(records));
  EXPECT_EQ(refused("PutRecords", request(records + R"(,{"PartitionKey":"a","Data":""})")).code,
            Errc::invalid_argument);
}

TEST_F(PutRecords, DryRunStoresNothing) {
  EXPECT_EQ(
      refused("PutRecords", R"({"StreamName":"s","DryRun":true,"Records":[{"PartitionKey":"a","Data":""}]})").code,
      Errc::dry_run);
}

class PutRecordsWithLittleMemory : public testing::Api {
 protected:
  // A tenth of it is for blocks that wait.
  PutRecordsWithLittleMemory() : Api({}, 10 << 20) { create("s", 2); }
};

TEST_F(PutRecordsWithLittleMemory, AFullQueueThrottlesTheGroupOfItsShard) {
  const std::string large = base::base64_encode(std::string(700 * 1024, 'x'));
  // Two blocks of 700 KiB do not fit at once, so the second shard's group is throttled.
  const wire::Value answer =
      ok("PutRecords", fmt::format(R"({{"StreamName":"s","Records":[{{"PartitionKey":"a","Data":"{}"}},
                                                             {{"PartitionKey":"user-1","Data":"{}"}}]}})",
                                   large, large));
  EXPECT_EQ(answer.integer("FailedRecordCount"), 1);
  const wire::Value& failed = answer.list("Records")->at(1);
  EXPECT_EQ(failed.view("ErrorCode"), "ProvisionedThroughputExceededException");
  EXPECT_EQ(failed.view("ErrorMessage"),
            "Rate exceeded for shard shardId-000000000001 in stream s under account 000000000000.");
  EXPECT_EQ(failed.text("SequenceNumber"), nullptr);
  // Nothing stays taken.
  EXPECT_EQ(budget_.used(base::MemoryShare::append_queue), 0U);
}

TEST_F(PutRecordsWithLittleMemory, AFullQueueThrottlesPutRecord) {
  base::MemoryHold hold(budget_, base::MemoryShare::append_queue);
  ASSERT_TRUE(hold.try_grow(budget_.max(base::MemoryShare::append_queue)));
  EXPECT_EQ(refused("PutRecord", R"({"StreamName":"s","PartitionKey":"a","Data":"aGk="})"),
            base::Error(Errc::throughput_exceeded,
                        "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000."));
  hold.release();
  put("s", "a", "x");
}

}  // namespace
}  // namespace millrace::api
