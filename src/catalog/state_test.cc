#include "catalog/state.h"
#include "catalog/testing/keys.h"

#include <gtest/gtest.h>

namespace millrace::catalog {
namespace {

using testing_keys::key;

TEST(StateTest, NamesAreThoseOfTheProtocol) {
  EXPECT_EQ(wire_name(StreamStatus::creating), "CREATING");
  EXPECT_EQ(wire_name(StreamStatus::active), "ACTIVE");
  EXPECT_EQ(wire_name(StreamStatus::updating), "UPDATING");
  EXPECT_EQ(wire_name(StreamStatus::deleting), "DELETING");
  EXPECT_EQ(wire_name(StreamMode::provisioned), "PROVISIONED");
  EXPECT_EQ(wire_name(StreamMode::on_demand), "ON_DEMAND");
  EXPECT_EQ(wire_name(RecordDistribution::user_partition_key), "USER_PARTITION_KEY");
  EXPECT_EQ(wire_name(RecordDistribution::automatic), "AUTO");
}

TEST(StateTest, FindsStreamsByName) {
  State state;
  auto stream = std::make_shared<Stream>();
  stream->name = "orders";
  state.streams.set(key("orders"), stream);
  ASSERT_NE(state.find(key("orders")), nullptr);
  EXPECT_EQ(*state.find(key("orders")), stream);
  EXPECT_EQ(state.find(key("order")), nullptr);
}

TEST(StateTest, NamesOfConsumersAndCommitmentsAreThoseOfTheProtocol) {
  EXPECT_EQ(wire_name(ConsumerStatus::creating), "CREATING");
  EXPECT_EQ(wire_name(ConsumerStatus::active), "ACTIVE");
  EXPECT_EQ(wire_name(ConsumerStatus::deleting), "DELETING");
  EXPECT_EQ(wire_name(Commitment::Status::disabled), "DISABLED");
  EXPECT_EQ(wire_name(Commitment::Status::enabled), "ENABLED");
  EXPECT_EQ(wire_name(Commitment::Status::enabled_until_earliest_end), "ENABLED_UNTIL_EARLIEST_ALLOWED_END");
}

TEST(StateTest, FindsShardsWhoseNeighboursHaveExpired) {
  Stream stream;
  for (const model::ShardNo number : {2U, 5U, 6U})
    stream.shards.emplace_back().number = number;
  EXPECT_EQ(stream.shard(5), &stream.shards[1]);
  EXPECT_EQ(stream.shard(2), &stream.shards[0]);
  EXPECT_EQ(stream.shard(0), nullptr);
  EXPECT_EQ(stream.shard(3), nullptr);
  EXPECT_EQ(stream.shard(7), nullptr);
}

TEST(StateTest, AClosedShardExpiresWithItsYoungestPossibleRecord) {
  Stream stream;
  stream.retention_hours = 24;
  ShardInfo shard;
  EXPECT_FALSE(is_expired(stream, shard, 1'000'000'000'000)) << "an open one never does";
  shard.closed_s = 100;
  const std::int64_t day_ms = 24 * 3'600'000;
  EXPECT_FALSE(is_expired(stream, shard, day_ms + 100'999));
  EXPECT_TRUE(is_expired(stream, shard, day_ms + 101'000));
}

TEST(StateTest, ACommitmentThatWasAskedToEndEndsByItself) {
  const Commitment asked{.status = Commitment::Status::enabled_until_earliest_end,
                         .started_ms = 10,
                         .ended_ms = {},
                         .earliest_end_ms = 100};
  EXPECT_EQ(asked.at(99), asked);
  const Commitment ended = asked.at(100);
  EXPECT_EQ(ended.status, Commitment::Status::disabled);
  EXPECT_EQ(ended.started_ms, 10);
  EXPECT_EQ(ended.ended_ms, 100);
}

TEST(MemoryCostsTest, GrowWithNamesShardsAndTags) {
  const MemoryCosts bare;
  const MemoryCosts loaded{.stream_bytes = 1000, .shard_bytes = 100};
  EXPECT_EQ(loaded.of_stream(10, 7), bare.of_stream(10, 7) + 1000 + 7 * 100);
  EXPECT_GE(bare.of_stream(10, 8) - bare.of_stream(10, 7), sizeof(ShardInfo));
  EXPECT_GT(bare.of_stream(128, 1), bare.of_stream(10, 1) + 128);
  EXPECT_GE(bare.of_tag("key", std::string(256, 'v')), 259U);

  Stream stream;
  stream.name = std::string(40, 'n');
  stream.shards.resize(3);
  stream.tags = {{"a", "1"}, {"b", std::string(100, '2')}};
  EXPECT_EQ(loaded.of(stream), loaded.of_stream(40, 3) + loaded.of_tags(stream.tags));
}

}  // namespace
}  // namespace millrace::catalog
