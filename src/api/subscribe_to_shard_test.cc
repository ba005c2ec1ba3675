#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "api/testing/api_fixture.h"

namespace millrace::api {
namespace {

using base::Errc;
using base::Error;

class SubscribeToShard : public testing::Api {
 protected:
  SubscribeToShard() {
    create("s", 2);
    consumer_ = register_consumer("s", "c");
  }
  std::string request(std::string_view position, std::string_view shard = "shardId-000000000000",
                      std::string_view more = "") const {
    return fmt::format(R"({{"ConsumerARN":"{}","ShardId":"{}","StartingPosition":{{{}}}{}}})", consumer_, shard,
                       position, more);
  }
  std::string consumer_;
};

// Everything that a request can be refused for comes first.
TEST_F(SubscribeToShard, WhatPassesTheChecksIsNotServed) {
  for (const std::string& position :
       {std::string(R"("Type":"LATEST")"), std::string(R"("Type":"TRIM_HORIZON")"),
        fmt::format(R"("Type":"AT_TIMESTAMP","Timestamp":{})", sim::SimClock::start_ms / 1000),
        fmt::format(R"("Type":"AFTER_SEQUENCE_NUMBER","SequenceNumber":"{}")", put("s", "a", "x"))}) {
    clock_.advance(std::chrono::seconds(5));
    EXPECT_EQ(refused("SubscribeToShard", request(position)), Error(Errc::unknown_operation)) << position;
  }
}

TEST_F(SubscribeToShard, ADryRunSaysThatItWouldPass) {
  EXPECT_EQ(refused("SubscribeToShard", request(R"("Type":"LATEST")", "0", R"(,"DryRun":true)")).code, Errc::dry_run);
  EXPECT_EQ(refused("SubscribeToShard", request(R"("Type":"LATEST")", "7", R"(,"DryRun":true)")).code,
            Errc::resource_not_found);
}

TEST_F(SubscribeToShard, ConsumerAndShardMustBeThere) {
  EXPECT_EQ(refused("SubscribeToShard", request(R"("Type":"LATEST")", "shardId-000000000007")),
            Error(Errc::resource_not_found,
                  "Shard shardId-000000000007 in stream s under account 000000000000 does not exist"));
  EXPECT_EQ(refused("SubscribeToShard", request(R"("Type":"LATEST")", "shard")),
            Error(Errc::resource_not_found, "Could not find shard shard in stream s under account 000000000000."));
  ok("DeregisterStreamConsumer", fmt::format(R"({{"ConsumerARN":"{}"}})", consumer_));
  EXPECT_EQ(refused("SubscribeToShard", request(R"("Type":"LATEST")")),
            Error(Errc::resource_not_found, "Consumer c, account 000000000000 not found."));
}

TEST_F(SubscribeToShard, TheConsumerMustBeActive) {
  apply(catalog::RegisterConsumer{.stream = stream("s").key(), .uid = stream("s").uid, .name = "d", .tags = {}});
  const std::int64_t created_s = stream("s").consumers.at("d").created_s;
  EXPECT_EQ(refused("SubscribeToShard",
                    fmt::format(
                        R"({{"ConsumerARN":"{}/consumer/d:{}","ShardId":"0","StartingPosition":{{"Type":"LATEST"}}}})",
                        arn("s"), created_s)),
            Error(Errc::resource_in_use,
                  fmt::format("Consumer d with creation timestamp {} under stream: s , account 000000000000 is not in "
                              "ACTIVE status.",
                              created_s)));
}

TEST_F(SubscribeToShard, ThePositionIsHeldToTheRulesOfIterators) {
  EXPECT_EQ(refused("SubscribeToShard", request(R"("Type":"AT_SEQUENCE_NUMBER")")).code, Errc::invalid_argument);
  EXPECT_EQ(refused("SubscribeToShard", request(R"("Type":"LATEST","SequenceNumber":"1")")).code,
            Errc::invalid_argument);
  EXPECT_EQ(refused("SubscribeToShard", request(R"("Type":"AT_TIMESTAMP")")).code, Errc::invalid_argument);
  EXPECT_EQ(refused("SubscribeToShard", request(R"("Type":"AT_TIMESTAMP","Timestamp":9999999999)")).code,
            Errc::invalid_argument);
  EXPECT_EQ(refused("SubscribeToShard", request(R"("Type":"AT_SEQUENCE_NUMBER","SequenceNumber":"5")")),
            Error(Errc::invalid_argument,
                  "StartingSequenceNumber 5 used in SubscribeToShard on shard shardId-000000000000 in stream s under "
                  "account 000000000000 is invalid."));
  const std::string number = put("s", "a", "x");
  EXPECT_EQ(refused("SubscribeToShard",
                    request(fmt::format(R"("Type":"AT_SEQUENCE_NUMBER","SequenceNumber":"{}")", number), "1")),
            Error(Errc::invalid_argument,
                  "Invalid StartingSequenceNumber. It encodes shardId-000000000000, while it was used in a call to a "
                  "shard with shardId-000000000001"));
}

}  // namespace
}  // namespace millrace::api
