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
  state.streams.emplace("orders", stream);
  ASSERT_NE(state.find(key("orders")), nullptr);
  EXPECT_EQ(*state.find(key("orders")), stream);
  EXPECT_EQ(state.find(key("order")), nullptr);
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
