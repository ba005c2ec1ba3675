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

class DescribeStream : public testing::Api {};

TEST_F(DescribeStream, PagesByTheLastShardId) {
  create("s", 250);
  std::size_t shards = 0;
  std::string after;
  for (int page = 0; page < 3; ++page) {
    const std::string from = after.empty() ? "" : fmt::format(R"(,"ExclusiveStartShardId":"{}")", after);
    const wire::Value answer = ok("DescribeStream", fmt::format(R"({{"StreamName":"s","Limit":10000{}}})", from));
    const wire::Value& stream = *answer.find("StreamDescription");
    shards += stream.list("Shards")->size();
    after = stream.list("Shards")->back().view("ShardId");
    EXPECT_EQ(stream.boolean("HasMoreShards"), page < 2);
  }
  EXPECT_EQ(shards, 250U);
}

TEST_F(DescribeStream, TakesNameAndArnThatAgree) {
  create("s");
  ok("DescribeStream", R"({"StreamName":"s","StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s"})");
  EXPECT_EQ(
      refused("DescribeStream", R"({"StreamName":"s","StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/t"})")
          .code,
      Errc::invalid_argument);
  EXPECT_EQ(refused("DescribeStream", "{}").code, Errc::invalid_argument);
}

TEST_F(DescribeStream, NamesTheStreamThatAnArnMeans) {
  EXPECT_EQ(refused("DescribeStream", R"({"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/nope"})"),
            base::Error(Errc::resource_not_found, "Stream nope under account 000000000000 not found."));
}

}  // namespace
}  // namespace millrace::api
