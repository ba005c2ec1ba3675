#include "api/reshard.h"

#include <fmt/format.h>

#include <map>

#include "api/shard_filter.h"
#include "api/testing/api_fixture.h"
#include "base/u128.h"
#include "model/sequence_number.h"

namespace millrace::api {
namespace {

using base::Errc;
using testing::Api;

class ReshardTest : public Api {
 protected:
  ReshardTest() : Api({.shards_max = 12}) {}

  base::Result<std::string> split(std::string_view stream, std::string_view shard, std::string_view key) {
    return call("SplitShard", fmt::format(R"({{"StreamName":"{}","ShardToSplit":"{}","NewStartingHashKey":"{}"}})",
                                          stream, shard, key));
  }
  base::Result<std::string> merge(std::string_view stream, std::string_view shard, std::string_view adjacent) {
    return call("MergeShards", fmt::format(R"({{"StreamName":"{}","ShardToMerge":"{}","AdjacentShardToMerge":"{}"}})",
                                           stream, shard, adjacent));
  }
  base::Result<std::string> rescale(std::string_view stream, int count) {
    return call(
        "UpdateShardCount",
        fmt::format(R"({{"StreamName":"{}","TargetShardCount":{},"ScalingType":"UNIFORM_SCALING"}})", stream, count));
  }
  static base::Error error_of(const base::Result<std::string>& answer) {
    EXPECT_FALSE(answer) << *answer;
    return answer ? base::Error() : answer.error();
  }
  // ListShards with a filter, as ids without their zeros.
  std::string listed(std::string_view stream, std::string_view filter = "") {
    const wire::Value page =
        ok("ListShards", filter.empty() ? fmt::format(R"({{"StreamName":"{}"}})", stream)
                                        : fmt::format(R"({{"StreamName":"{}","ShardFilter":{{{}}}}})", stream, filter));
    std::string ids;
    for (const wire::Value& shard : *page.list("Shards"))
      ids += fmt::format("{} ", std::stoi(shard.text("ShardId")->substr(8)));
    return ids;
  }
  wire::Value page_of(const std::string& iterator) {
    return ok("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator));
  }
  static std::string shard(int number) { return fmt::format("shardId-{:012}", number); }
};

TEST_F(ReshardTest, ASplitIsSeenInEveryListing) {
  create("orders", 2);
  put("orders", "a", "before");
  ASSERT_TRUE(split("orders", "1", "170141183460469231731687303715884106000"));
  EXPECT_EQ(listed("orders"), "0 1 2 3 ");
  EXPECT_EQ(listed("orders", R"("Type":"AT_LATEST")"), "0 2 3 ");
  EXPECT_EQ(listed("orders", R"("Type":"AT_TRIM_HORIZON")"), "0 1 ");
  EXPECT_EQ(listed("orders", R"("Type":"AFTER_SHARD_ID","ShardId":"shardId-000000000001")"), "2 3 ");
  const wire::Value described = ok("DescribeStream", R"({"StreamName":"orders"})");
  const wire::List& shards = *described.find("StreamDescription")->list("Shards");
  ASSERT_EQ(shards.size(), 4U);
  const auto& parent = *shards[1].find("SequenceNumberRange");
  ASSERT_NE(parent.text("EndingSequenceNumber"), nullptr);
  EXPECT_EQ(parent.text("EndingSequenceNumber")->size(), model::sequence_number_digits);
  for (const std::size_t child : {2U, 3U}) {
    EXPECT_EQ(shards[child].view("ParentShardId"), shard(1));
    EXPECT_EQ(shards[child].text("AdjacentParentShardId"), nullptr);
    EXPECT_EQ(shards[child].find("SequenceNumberRange")->text("EndingSequenceNumber"), nullptr);
    EXPECT_GT(*shards[child].find("SequenceNumberRange")->text("StartingSequenceNumber"),
              *parent.text("EndingSequenceNumber"));
  }
  EXPECT_EQ(ok("DescribeStreamSummary", R"({"StreamName":"orders"})")
                .find("StreamDescriptionSummary")
                ->integer("OpenShardCount"),
            3);
}

TEST_F(ReshardTest, ListingsByTimePartitionTheKeySpaceAtEveryMoment) {
  create("orders", 1);
  clock_.advance(std::chrono::seconds(10));
  ASSERT_TRUE(split("orders", "0", "1000"));
  clock_.advance(std::chrono::milliseconds(700));
  ASSERT_TRUE(merge("orders", "1", "2"));
  clock_.advance(std::chrono::minutes(1));
  const auto stream = coordinator_->directory()->find({{identity_.account, identity_.region}, "orders"})->stream;
  const std::int64_t start_s = sim::SimClock::start_ms / 1000;
  for (std::int64_t ms = (start_s - 5) * 1000; ms < (start_s + 80) * 1000; ms += 250) {
    base::u128 next = 0;
    std::map<base::u128, base::u128> ranges;
    for (const auto* info :
         filter_shards(*stream, {.type = ShardFilter::Type::at_timestamp, .timestamp_ms = ms, .shard_id = {}},
                       clock_.wall().now_ms()))
      EXPECT_TRUE(ranges.emplace(info->range.first, info->range.last).second);
    for (const auto& [first, last] : ranges) {
      ASSERT_EQ(first, next) << ms;
      next = last + 1;
    }
    ASSERT_EQ(next, base::u128{0}) << ms;
  }
}

TEST_F(ReshardTest, AClosedShardDrainsAndThenNamesItsChildren) {
  create("orders", 1);
  put("orders", "a", "1");
  const std::string early = iterator("orders", "LATEST");
  put("orders", "a", "2");
  ASSERT_TRUE(split("orders", "0", "1000"));
  const wire::Value records = page_of(iterator("orders", "TRIM_HORIZON"));
  EXPECT_EQ(data_of(records), (std::vector<std::string>{"1", "2"}));
  ASSERT_NE(records.text("NextShardIterator"), nullptr) << "the last records come with an iterator";
  EXPECT_EQ(records.list("ChildShards"), nullptr);
  EXPECT_EQ(data_of(page_of(early)), (std::vector<std::string>{"2"}));
  const std::string ends[] = {*records.text("NextShardIterator"), iterator("orders", "LATEST")};
  for (const std::string& end : ends) {
    const wire::Value page = page_of(end);
    EXPECT_TRUE(page.list("Records")->empty());
    EXPECT_EQ(page.text("NextShardIterator"), nullptr);
    EXPECT_EQ(page.integer("MillisBehindLatest"), 0);
    const wire::List& children = *page.list("ChildShards");
    ASSERT_EQ(children.size(), 2U);
    EXPECT_EQ(children[0].view("ShardId"), shard(1));
    EXPECT_EQ(children[1].view("ShardId"), shard(2));
    EXPECT_EQ(children[0].list("ParentShards")->size(), 1U);
    EXPECT_EQ(*children[0].list("ParentShards")->front().text(), shard(0));
    EXPECT_EQ(children[1].find("HashKeyRange")->view("StartingHashKey"), "1000");
  }
  ASSERT_TRUE(merge("orders", shard(1), shard(2)));
  const wire::Value merged = page_of(iterator("orders", "TRIM_HORIZON", shard(2)));
  const wire::List& children = *merged.list("ChildShards");
  ASSERT_EQ(children.size(), 1U);
  EXPECT_EQ(children[0].list("ParentShards")->size(), 2U);
}

TEST_F(ReshardTest, PutsNameTheShardThatHasThem) {
  create("orders", 1);
  ASSERT_TRUE(split("orders", "0", "170141183460469231731687303715884105728"));
  const wire::Value answer = ok(
      "PutRecord",
      R"({"StreamName":"orders","PartitionKey":"k","ExplicitHashKey":"340282366920938463463374607431768211455","Data":""})");
  EXPECT_EQ(answer.view("ShardId"), shard(2));
  EXPECT_EQ(model::parse_sequence_number(*answer.text("SequenceNumber"))->shard, 2U);
}

TEST_F(ReshardTest, ExpiredShardsAreGoneFromEverything) {
  create("orders", 1);
  ASSERT_TRUE(split("orders", "0", "1000"));
  const std::string before = iterator("orders", "TRIM_HORIZON");
  clock_.advance(std::chrono::hours(24));
  EXPECT_EQ(listed("orders"), "0 1 2 ");
  clock_.advance(std::chrono::seconds(2));
  EXPECT_EQ(listed("orders"), "1 2 ") << "whether or not it was taken out already";
  EXPECT_EQ(listed("orders", R"("Type":"AT_TRIM_HORIZON")"), "1 2 ");
  EXPECT_EQ(
      refused("GetShardIterator", R"({"StreamName":"orders","ShardId":"0","ShardIteratorType":"TRIM_HORIZON"})").code,
      Errc::resource_not_found);
  coordinator_->tick();
  EXPECT_EQ(listed("orders"), "1 2 ");
  const wire::Value page = ok("ListShards", R"({"StreamName":"orders"})");
  EXPECT_EQ(page.list("Shards")->front().view("ParentShardId"), shard(0)) << "the parent's name stays";
}

TEST_F(ReshardTest, WhatASplitIsRefusedFor) {
  create("orders", 2);
  EXPECT_EQ(error_of(split("orders", "x", "5")).code, Errc::resource_not_found);
  EXPECT_EQ(error_of(split("none", "0", "5")).message, "Stream none under account 000000000000 not found.");
  EXPECT_EQ(error_of(split("orders", "7", "5")),
            base::Error(Errc::resource_not_found,
                        "Could not find shard shardId-000000000007 in stream orders under account 000000000000."));
  for (const char* key :
       {"0", "1", "170141183460469231731687303715884105727", "340282366920938463463374607431768211456"}) {
    const base::Error error = error_of(split("orders", "0", key));
    EXPECT_EQ(error.code, Errc::invalid_argument);
    EXPECT_EQ(
        error.message,
        fmt::format("NewStartingHashKey {} used in SplitShard() on shard shardId-000000000000 in stream orders under "
                    "account 000000000000 is not both greater than one plus the shard's StartingHashKey 0 and less "
                    "than the shard's EndingHashKey 170141183460469231731687303715884105727.",
                    key));
  }
  ASSERT_TRUE(split("orders", "0", "2")) << "the smallest that is possible";
  EXPECT_EQ(error_of(split("orders", "0", "5")).code, Errc::invalid_argument) << "closed";
  create("others", 9);
  const base::Error full = error_of(split("orders", "1", "170141183460469231731687303715884109999"));
  EXPECT_EQ(full.code, Errc::limit_exceeded);
  EXPECT_NE(
      full.message.find("Current shard count for the account: 12. Limit: 12. Number of additional shards that would "
                        "have resulted from this request: 1."),
      std::string::npos)
      << full.message;
}

TEST_F(ReshardTest, WhatAMergeIsRefusedFor) {
  create("orders", 3);
  const auto text = [](int first, int second) {
    return fmt::format(
        "Shards {} and {} in stream orders under account 000000000000 are not an adjacent pair of shards eligible for "
        "merging",
        shard(first), shard(second));
  };
  for (const auto& [first, second] : {std::pair(1, 0), {0, 2}, {1, 1}, {2, 0}}) {
    const base::Error error = error_of(merge("orders", shard(first), shard(second)));
    EXPECT_EQ(error, base::Error(Errc::invalid_argument, text(first, second)));
  }
  EXPECT_EQ(error_of(merge("orders", "0", "9")).code, Errc::resource_not_found);
  EXPECT_EQ(error_of(merge("orders", "0", "no")).message,
            "Could not find shard no in stream orders under account 000000000000.");
  ASSERT_TRUE(merge("orders", "0", "1"));
  EXPECT_EQ(error_of(merge("orders", shard(0), shard(1))).message, text(0, 1));
}

TEST_F(ReshardTest, UpdateShardCountAnswersWithBothCounts) {
  create("orders", 3);
  const wire::Value answer =
      ok("UpdateShardCount", R"({"StreamName":"orders","TargetShardCount":4,"ScalingType":"UNIFORM_SCALING"})");
  EXPECT_EQ(answer.integer("CurrentShardCount"), 3);
  EXPECT_EQ(answer.integer("TargetShardCount"), 4);
  EXPECT_EQ(answer.view("StreamName"), "orders");
  EXPECT_EQ(answer.view("StreamARN"), "arn:aws:kinesis:us-east-1:000000000000:stream/orders");
  EXPECT_EQ(ok("DescribeLimits", "{}").integer("OpenShardCount"), 4);
  EXPECT_EQ(
      error_of(rescale("orders", 9)),
      base::Error(Errc::limit_exceeded,
                  "UpdateShardCount cannot scale up over double your current open shard count. Current open shard "
                  "count: 4 Target shard count: 9"));
  EXPECT_EQ(
      error_of(rescale("orders", 1)),
      base::Error(Errc::limit_exceeded,
                  "UpdateShardCount cannot scale down below half your current open shard count. Current open shard "
                  "count: 4 Target shard count: 1"));
  create("others", 6);
  EXPECT_NE(error_of(rescale("orders", 7)).message.find("shard limit for the account"), std::string::npos);
}

TEST_F(ReshardTest, OnDemandStreamsAreNotResharded) {
  ok("CreateStream", R"({"StreamName":"orders"})");
  const base::Error wanted(Errc::validation,
                           "Request is invalid. Stream orders under account 000000000000 is in On-Demand mode.");
  EXPECT_EQ(error_of(split("orders", "0", "5")), wanted);
  EXPECT_EQ(error_of(merge("orders", "0", "1")), wanted);
  EXPECT_EQ(error_of(rescale("orders", 5)), wanted);
}

}  // namespace
}  // namespace millrace::api
