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

class ListShards : public testing::Api {
 protected:
  std::size_t count(std::string_view members) {
    return ok("ListShards", fmt::format(R"({{"StreamName":"s"{}}})", members)).list("Shards")->size();
  }
};

TEST_F(ListShards, NeedsExactlyOneOfStreamAndToken) {
  create("s", 3);
  EXPECT_EQ(refused("ListShards", "{}"),
            base::Error(Errc::invalid_argument, "Either NextToken or StreamName should be provided."));
  const wire::Value page = ok("ListShards", R"({"StreamName":"s","MaxResults":1})");
  const std::string token(page.view("NextToken"));
  EXPECT_EQ(refused("ListShards", fmt::format(R"({{"StreamName":"s","NextToken":"{}"}})", token)),
            base::Error(Errc::invalid_argument, "NextToken and StreamName cannot be provided together."));
  EXPECT_EQ(ok("ListShards", fmt::format(R"({{"NextToken":"{}"}})", token)).list("Shards")->size(), 2U);
}

TEST_F(ListShards, PagesThroughEverythingOnce) {
  create("s", 7);
  std::vector<std::string> ids;
  std::string request = R"({"StreamName":"s","MaxResults":3})";
  for (int page = 0; page < 3; ++page) {
    const wire::Value answer = ok("ListShards", request);
    for (const wire::Value& shard : *answer.list("Shards"))
      ids.emplace_back(shard.view("ShardId"));
    EXPECT_EQ(answer.text("NextToken") != nullptr, page < 2);
    request = fmt::format(R"({{"NextToken":"{}","MaxResults":3}})", answer.view("NextToken"));
  }
  ASSERT_EQ(ids.size(), 7U);
  for (std::size_t i = 0; i < ids.size(); ++i)
    EXPECT_EQ(ids[i], model::shard_id(static_cast<model::ShardNo>(i)));
}

TEST_F(ListShards, ATokenOfADeletedStreamFindsNothing) {
  create("s", 3);
  const wire::Value page = ok("ListShards", R"({"StreamName":"s","MaxResults":1})");
  ok("DeleteStream", R"({"StreamName":"s"})");
  create("s", 3);
  EXPECT_EQ(refused("ListShards", fmt::format(R"({{"NextToken":"{}"}})", page.view("NextToken"))).code,
            Errc::resource_not_found);
}

TEST_F(ListShards, EveryFilterCoversTheKeySpaceOfAStreamThatNeverChanged) {
  create("s", 4);
  for (const char* type : {"AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST"}) {
    EXPECT_EQ(count(fmt::format(R"(,"ShardFilter":{{"Type":"{}"}})", type)), 4U) << type;
  }
  // Before the stream, now, and in the future.
  for (const char* type : {"AT_TIMESTAMP", "FROM_TIMESTAMP"}) {
    for (const char* time : {"1", "1768469400", "2000000000.5"}) {
      EXPECT_EQ(count(fmt::format(R"(,"ShardFilter":{{"Type":"{}","Timestamp":{}}})", type, time)), 4U) << type << time;
    }
  }
  EXPECT_EQ(count(R"(,"ShardFilter":{"Type":"AFTER_SHARD_ID","ShardId":"shardId-000000000002"})"), 1U);
  EXPECT_EQ(count(R"(,"ExclusiveStartShardId":"shardId-000000000000")"), 3U);
  EXPECT_EQ(refused("ListShards", R"({"StreamName":"s","ShardFilter":{"Type":"AT_TIMESTAMP"}})").code,
            Errc::invalid_argument);
  EXPECT_EQ(refused("ListShards", R"({"StreamName":"s","ShardFilter":{"Type":"AFTER_SHARD_ID"}})").code,
            Errc::invalid_argument);
}

TEST_F(ListShards, TellsApartStreamsByTheirCreationTime) {
  create("s");
  const std::int64_t created_s = sim::SimClock::start_ms / 1000;
  EXPECT_EQ(count(fmt::format(R"(,"StreamCreationTimestamp":{})", created_s)), 1U);
  EXPECT_EQ(
      refused("ListShards", fmt::format(R"({{"StreamName":"s","StreamCreationTimestamp":{}}})", created_s - 60)).code,
      Errc::resource_not_found);
}

}  // namespace
}  // namespace millrace::api
