#include "coordinator/traffic_meter.h"

#include <gtest/gtest.h>

#include "model/hash_range.h"

namespace millrace::coordinator {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr log::LogId shard{1, 0};

catalog::Stream stream_of(std::uint32_t shards) {
  catalog::Stream stream;
  stream.uid = 1;
  for (const auto& range : model::uniform_ranges(shards)) {
    catalog::ShardInfo& info = stream.shards.emplace_back();
    info.number = stream.next_shard++;
    info.range = range;
  }
  return stream;
}

TEST(TrafficMeterTest, KnowsNothingBeforeAWholeWindow) {
  TrafficMeter meter;
  for (std::int64_t minute = 0; minute < 15; ++minute) {
    meter.sample(shard, static_cast<std::uint64_t>(minute) * 60'000'000, minute * minute_ms);
    EXPECT_FALSE(meter.average(shard));
  }
  meter.sample(shard, 15 * 60'000'000ULL, 15 * minute_ms);
  ASSERT_TRUE(meter.average(shard));
  EXPECT_DOUBLE_EQ(*meter.average(shard), 1'000'000);
}

TEST(TrafficMeterTest, AveragesOverTheLastWindowOnly) {
  TrafficMeter meter;
  std::uint64_t bytes = 0;
  for (std::int64_t minute = 0; minute <= 60; ++minute) {
    meter.sample(shard, bytes, minute * minute_ms);
    if (minute < 30) bytes += 60'000'000;
  }
  EXPECT_DOUBLE_EQ(*meter.average(shard), 0);
}

TEST(TrafficMeterTest, BeginsAnewWhereBytesOrTimeGoBack) {
  TrafficMeter meter;
  for (const bool by_time : {false, true}) {
    meter.sample(shard, 500, 100 * minute_ms);
    meter.sample(shard, 600, 200 * minute_ms);
    ASSERT_TRUE(meter.average(shard));
    meter.sample(shard, by_time ? 700 : 0, by_time ? 1 : 201 * minute_ms);
    EXPECT_FALSE(meter.average(shard));
    meter.forget_others(0);
    EXPECT_EQ(meter.size(), 0U);
  }
}

TEST(TrafficMeterTest, TheBusiestIsSplitFirst) {
  TrafficMeter meter;
  const catalog::Stream stream = stream_of(4);
  for (std::uint32_t i = 0; i < 4; ++i) {
    meter.sample({1, i}, 0, 0);
    meter.sample({1, i}, std::uint64_t{450'000 + i * 50'000} * 15 * 60, scaling_window_ms);
  }
  EXPECT_EQ(meter.to_split(stream), 3U);
  EXPECT_FALSE(meter.to_merge(stream));
  catalog::Stream split = stream;
  split.shards[3].closed_s = 1;
  EXPECT_EQ(meter.to_split(split), 2U);
  split.shards[2].closed_s = 1;
  EXPECT_FALSE(meter.to_split(split)) << "500,000 bytes a second are not over it";
}

TEST(TrafficMeterTest, OnlyNeighboursThatWereQuietAllDayAreMerged) {
  TrafficMeter meter;
  const catalog::Stream stream = stream_of(6);
  const std::set<std::uint32_t> busy = {1, 3};
  for (std::int64_t minute = 0; minute <= 24 * 60; ++minute) {
    for (std::uint32_t i = 0; i < 6; ++i) {
      const std::uint64_t rate = busy.contains(i) ? 130'000 : 1'000;
      meter.sample({1, i}, rate * 60 * static_cast<std::uint64_t>(minute), minute * minute_ms);
    }
    if (minute < 24 * 60) {
      ASSERT_FALSE(meter.to_merge(stream)) << minute;
    }
  }
  EXPECT_EQ(meter.to_merge(stream), (Neighbours{4, 5}));
  EXPECT_FALSE(meter.to_merge(stream_of(4))) << "four are left";
}

TEST(TrafficMeterTest, ForgetsWhatIsNotThereAnyMore) {
  TrafficMeter meter;
  meter.sample({1, 0}, 1, 10);
  meter.sample({1, 1}, 1, 10);
  meter.sample({1, 1}, 1, 20);
  meter.forget_others(20);
  EXPECT_EQ(meter.size(), 1U);
}

}  // namespace
}  // namespace millrace::coordinator
