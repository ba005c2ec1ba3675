#include "api/shard_filter.h"

#include <gtest/gtest.h>

namespace millrace::api {
namespace {

// A stream whose first shard was split at second 1000: shards 1 and 2 are its children, created a second later.
catalog::Stream split_stream() {
  catalog::Stream stream;
  stream.name = "s";
  stream.created_ms = 500'000;
  stream.retention_hours = 24;
  const auto half = base::u128_max / 2;
  stream.shards.push_back(
      {.number = 0, .range = {}, .parent = {}, .adjacent_parent = {}, .created_s = 500, .closed_s = 1000});
  stream.shards.push_back(
      {.number = 1, .range = {0, half}, .parent = 0, .adjacent_parent = {}, .created_s = 1001, .closed_s = {}});
  stream.shards.push_back({.number = 2,
                           .range = {half + 1, base::u128_max},
                           .parent = 0,
                           .adjacent_parent = {},
                           .created_s = 1001,
                           .closed_s = {}});
  return stream;
}

std::vector<model::ShardNo> shown(const ShardFilter& filter, std::int64_t now_ms = 2'000'000) {
  const catalog::Stream stream = split_stream();
  std::vector<model::ShardNo> numbers;
  for (const catalog::ShardInfo* shard : filter_shards(stream, filter, now_ms))
    numbers.push_back(shard->number);
  return numbers;
}

using Type = ShardFilter::Type;
using Numbers = std::vector<model::ShardNo>;

TEST(ShardFilter, ShowsAllKept) {
  EXPECT_EQ(shown({.shard_id = {}}), (Numbers{0, 1, 2}));
}

TEST(ShardFilter, AtTrimHorizonShowsThoseWithoutALivingParent) {
  EXPECT_EQ(shown({.type = Type::at_trim_horizon, .shard_id = {}}), Numbers{0});
}

TEST(ShardFilter, AtLatestShowsTheOpenOnes) {
  EXPECT_EQ(shown({.type = Type::at_latest, .shard_id = {}}), (Numbers{1, 2}));
}

TEST(ShardFilter, AtTimestampShowsOneGenerationAtEveryMoment) {
  // The parent counts for the whole second in which it was closed: it may have records of it.
  EXPECT_EQ(shown({.type = Type::at_timestamp, .timestamp_ms = 999'999, .shard_id = {}}), Numbers{0});
  EXPECT_EQ(shown({.type = Type::at_timestamp, .timestamp_ms = 1'000'999, .shard_id = {}}), Numbers{0});
  EXPECT_EQ(shown({.type = Type::at_timestamp, .timestamp_ms = 1'001'000, .shard_id = {}}), (Numbers{1, 2}));
  EXPECT_EQ(shown({.type = Type::at_timestamp, .timestamp_ms = 1, .shard_id = {}}), Numbers{0});
  EXPECT_EQ(shown({.type = Type::at_timestamp, .timestamp_ms = 9'000'000, .shard_id = {}}), (Numbers{1, 2}));
}

TEST(ShardFilter, FromTimestampAddsWhatCameLater) {
  EXPECT_EQ(shown({.type = Type::from_timestamp, .timestamp_ms = 900'000, .shard_id = {}}), (Numbers{0, 1, 2}));
  EXPECT_EQ(shown({.type = Type::from_timestamp, .timestamp_ms = 1'001'001, .shard_id = {}}), (Numbers{1, 2}));
}

TEST(ShardFilter, AfterShardIdComparesText) {
  EXPECT_EQ(shown({.type = Type::after_shard_id, .shard_id = "shardId-000000000001"}), Numbers{2});
  EXPECT_EQ(shown({.type = Type::after_shard_id, .shard_id = "shardId-000000000007"}), Numbers{});
}

}  // namespace
}  // namespace millrace::api
