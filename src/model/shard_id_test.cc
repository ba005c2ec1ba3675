#include "model/shard_id.h"

#include <gtest/gtest.h>

namespace millrace::model {
namespace {

TEST(ShardId, HasTwelveDigits) {
  EXPECT_EQ(shard_id(0), "shardId-000000000000");
  EXPECT_EQ(shard_id(7), "shardId-000000000007");
  EXPECT_EQ(shard_id(4'294'967'295U), "shardId-004294967295");
  std::string text = "x";
  append_shard_id(text, 123'456'789);
  EXPECT_EQ(text, "xshardId-000123456789");
}

TEST(ShardId, ResolvesAsLenientlyAsTheService) {
  for (const std::string_view text : {"0", "00", "shard-0", "shardId-000000000000", "-0", "anything at all-0"}) {
    EXPECT_EQ(resolve_shard_id(text), ShardNo{0}) << text;
  }
  EXPECT_EQ(resolve_shard_id("shardId-000000000012"), ShardNo{12});
  EXPECT_EQ(resolve_shard_id("2147483647"), ShardNo{2'147'483'647});
  EXPECT_EQ(resolve_shard_id("shardId-000000000000000000000000000002147483647"), ShardNo{2'147'483'647});
}

TEST(ShardId, RefusesWhatCannotBeOne) {
  for (const std::string_view text : {"", "-", "shardId-", "shardId", "shardId-2147483648", "99999999999999999999999",
                                      "shardId-1-2", "shardId--1", "shardId-+1", "shardId-1 ", "0x1", "1.0"}) {
    EXPECT_FALSE(resolve_shard_id(text)) << text;
  }
}

TEST(ShardId, WhatIsWrittenResolves) {
  for (const ShardNo number : {0U, 1U, 9U, 10U, 999U, 2'147'483'647U}) {
    EXPECT_EQ(resolve_shard_id(shard_id(number)), number);
  }
}

}  // namespace
}  // namespace millrace::model
