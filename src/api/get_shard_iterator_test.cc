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

class GetShardIterator : public testing::Api {
 protected:
  GetShardIterator() { create("s", 2); }

  base::Error refused_with(std::string_view members) {
    return refused("GetShardIterator",
                   fmt::format(R"({{"StreamName":"s","ShardId":"shardId-000000000000",{}}})", members));
  }
  std::vector<std::string> read_with(std::string_view members) {
    const wire::Value answer =
        ok("GetShardIterator", fmt::format(R"({{"StreamName":"s","ShardId":"shardId-000000000000",{}}})", members));
    return data_of(ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", answer.view("ShardIterator"))));
  }
  using Texts = std::vector<std::string>;
};

TEST_F(GetShardIterator, FindsThePositionOfEveryType) {
  const std::string first = put("s", "a", "1");
  const std::string second = put("s", "a", "2");
  clock_.advance(std::chrono::milliseconds(1500));
  put("s", "a", "3");
  EXPECT_EQ(read_with(R"("ShardIteratorType":"TRIM_HORIZON")"), (Texts{"1", "2", "3"}));
  EXPECT_EQ(read_with(fmt::format(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"{}")", second)),
            (Texts{"2", "3"}));
  EXPECT_EQ(
      read_with(fmt::format(R"("ShardIteratorType":"AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":"{}")", first)),
      (Texts{"2", "3"}));
  EXPECT_EQ(read_with(R"("ShardIteratorType":"LATEST")"), Texts{});
  EXPECT_EQ(read_with(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1768469400)"), (Texts{"1", "2", "3"}));
  EXPECT_EQ(read_with(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1768469400.001)"), Texts{"3"});
  EXPECT_EQ(read_with(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1)"), (Texts{"1", "2", "3"}));
}

TEST_F(GetShardIterator, AcceptsTheRangeOfTheShardAsNumbers) {
  put("s", "a", "1");
  const wire::Value shards = ok("ListShards", R"({"StreamName":"s"})");
  const std::string start(shards.list("Shards")->front().find("SequenceNumberRange")->view("StartingSequenceNumber"));
  EXPECT_EQ(read_with(fmt::format(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"{}")", start)),
            Texts{"1"});
  EXPECT_EQ(
      read_with(fmt::format(R"("ShardIteratorType":"AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":"{}")", start)),
      Texts{"1"});
}

TEST_F(GetShardIterator, LatestIsFixedAtTheCall) {
  put("s", "a", "before");
  const std::string latest = iterator("s", "LATEST");
  put("s", "a", "after");
  EXPECT_EQ(data_of(ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", latest))), Texts{"after"});
}

TEST_F(GetShardIterator, ATimeAheadOfTheClockWaitsForItsRecords) {
  const wire::Value answer =
      ok("GetShardIterator",
         R"({"StreamName":"s","ShardId":"0","ShardIteratorType":"AT_TIMESTAMP","Timestamp":1768469404})");
  put("s", "a", "too early");
  wire::Value page = ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", answer.view("ShardIterator")));
  EXPECT_EQ(data_of(page), Texts{});
  clock_.advance(std::chrono::seconds(4));
  put("s", "a", "in time");
  page = ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", page.view("NextShardIterator")));
  EXPECT_EQ(data_of(page), Texts{"in time"});
  EXPECT_EQ(refused_with(R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1768469410)").message,
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: "
            "1768469410000, currentTimestampInMillis: 1768469404000");
}

TEST_F(GetShardIterator, SaysWhichArgumentsGoTogether) {
  const std::string number = put("s", "a", "1");
  EXPECT_EQ(refused_with(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER")").message,
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
            "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified AT_SEQUENCE_NUMBER and no "
            "StartingSequenceNumber.");
  EXPECT_EQ(refused_with(fmt::format(R"("ShardIteratorType":"LATEST","StartingSequenceNumber":"{}")", number)).message,
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
            "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified LATEST and also a "
            "StartingSequenceNumber.");
  EXPECT_EQ(
      refused_with(R"("ShardIteratorType":"AT_TIMESTAMP")").message,
      "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp "
      "parameter.");
}

TEST_F(GetShardIterator, TellsNumbersThatDoNotBelongHere) {
  EXPECT_EQ(refused_with(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"0")").message,
            "StartingSequenceNumber 0 used in GetShardIterator on shard shardId-000000000000 in stream s under account "
            "000000000000 is invalid.");
  const std::string other = put("s", "user-1", "x");
  EXPECT_EQ(
      refused_with(fmt::format(R"("ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"{}")", other))
          .message,
      "Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to a shard with "
      "shardId-000000000000");
}

TEST_F(GetShardIterator, ResolvesShardIdsLeniently) {
  for (const char* id : {"0", "shard-0", "abc-000000000000", "shardId-000000000000"})
    iterator("s", "LATEST", id);
  const auto error = [&](std::string_view stream, std::string_view shard) {
    return refused("GetShardIterator",
                   fmt::format(R"({{"StreamName":"{}","ShardId":"{}","ShardIteratorType":"LATEST"}})", stream, shard));
  };
  // What can be no shard id is told before the stream is looked for.
  EXPECT_EQ(error("nope", "x").message, "Could not find shard x in stream nope under account 000000000000.");
  EXPECT_EQ(error("nope", "0").message,
            "Shard shardId-000000000000 in stream nope under account 000000000000 does not exist");
  EXPECT_EQ(error("s", "2").message,
            "Shard shardId-000000000002 in stream s under account 000000000000 does not exist");
}

TEST_F(GetShardIterator, DryRunGivesNone) {
  EXPECT_EQ(refused_with(R"("ShardIteratorType":"LATEST","DryRun":true)").code, Errc::dry_run);
}

}  // namespace
}  // namespace millrace::api
