#include "catalog/reshard_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/sim_random.h"

namespace millrace::catalog {
namespace {

Stream stream_of(std::uint32_t shards) {
  Stream stream;
  for (const auto& range : model::uniform_ranges(shards)) {
    ShardInfo& shard = stream.shards.emplace_back();
    shard.number = stream.next_shard++;
    shard.range = range;
  }
  return stream;
}

// Open shards partition the key space; every child's range is its parents'; every closed shard's is its children's.
void expect_sound(const Stream& stream) {
  base::u128 next = 0;
  for (const ShardInfo* shard : open_shards_by_range(stream)) {
    ASSERT_EQ(shard->range.first, next);
    ASSERT_LE(shard->range.first, shard->range.last);
    next = shard->range.last + 1;
  }
  ASSERT_EQ(next, base::u128{0});
  for (const ShardInfo& shard : stream.shards) {
    if (shard.adjacent_parent) {
      ASSERT_EQ(stream.shard(*shard.parent)->range.first, shard.range.first);
      ASSERT_EQ(stream.shard(*shard.parent)->range.last + 1, stream.shard(*shard.adjacent_parent)->range.first);
      ASSERT_EQ(stream.shard(*shard.adjacent_parent)->range.last, shard.range.last);
    }
    const auto children = children_of(stream, shard.number);
    ASSERT_EQ(children.empty(), shard.is_open());
    ASSERT_LE(children.size(), 2U);
  }
}

void take(Stream& stream, const Reshard& step) {
  ASSERT_TRUE(std::ranges::is_sorted(step.parents));
  for (const model::ShardNo parent : step.parents) {
    for (ShardInfo& shard : stream.shards) {
      if (shard.number == parent) shard.closed_s = 1;
    }
  }
  for (const ShardInfo& child : step.children) {
    ASSERT_EQ(child.number, stream.next_shard);
    ++stream.next_shard;
    stream.shards.push_back(child);
  }
}

// Steps until it is done; the most that were open at once goes to `peak`.
int rescale(Stream& stream, std::uint32_t target, std::uint32_t* peak = nullptr) {
  int steps = 0;
  while (const auto step = rescale_step(stream, target)) {
    take(stream, *step);
    expect_sound(stream);
    if (peak != nullptr) *peak = std::max(*peak, stream.open_shards());
    EXPECT_LT(++steps, 40);
  }
  return steps;
}

base::u128 widest_over_narrowest_percent(const Stream& stream) {
  base::u128 widest = 0;
  base::u128 narrowest = base::u128_max;
  for (const ShardInfo* shard : open_shards_by_range(stream)) {
    const base::u128 width = shard->range.last - shard->range.first;
    widest = std::max(widest, width);
    narrowest = std::min(narrowest, width);
  }
  return widest / (narrowest / 100);
}

TEST(ReshardPlanTest, DoublingAndHalvingAreOneStep) {
  for (std::uint32_t n = 1; n <= 70; ++n) {
    Stream stream = stream_of(n);
    EXPECT_EQ(rescale(stream, 2 * n), 1) << n;
    EXPECT_EQ(stream.open_shards(), 2 * n);
    EXPECT_EQ(stream.next_shard, 3 * n);
    EXPECT_EQ(rescale(stream, n), 1) << n;
    EXPECT_EQ(stream.open_shards(), n);
    EXPECT_LE(widest_over_narrowest_percent(stream), 100U);
  }
}

TEST(ReshardPlanTest, EveryTargetIsReachedWithShardsOfEqualSize) {
  for (std::uint32_t from = 1; from <= 24; ++from) {
    for (std::uint32_t to = (from + 1) / 2; to <= 2 * from; ++to) {
      Stream stream = stream_of(from);
      const std::uint32_t predicted = rescale_peak(stream, to);
      std::uint32_t peak = from;
      rescale(stream, to, &peak);
      EXPECT_EQ(stream.open_shards(), to) << from;
      EXPECT_LE(widest_over_narrowest_percent(stream), 100U) << from << " to " << to;
      EXPECT_EQ(peak, predicted) << from << " to " << to;
    }
  }
}

TEST(ReshardPlanTest, UnevenStreamsBecomeEven) {
  sim::SimRandom random(5);
  for (int i = 0; i < 50; ++i) {
    Stream stream = stream_of(1);
    for (int split = 0; split < 12; ++split) {
      const auto open = open_shards_by_range(stream);
      const ShardInfo& shard = *open[random.below(open.size())];
      const base::u128 width = shard.range.last - shard.range.first;
      const base::u128 upper = shard.range.first + width / (2 + random.below(300));
      take(stream, split_step(stream, shard, upper));
    }
    expect_sound(stream);
    const auto target = static_cast<std::uint32_t>(7 + random.below(19));
    rescale(stream, target);
    EXPECT_EQ(stream.open_shards(), target);
    EXPECT_LE(widest_over_narrowest_percent(stream), 100U);
  }
}

TEST(ReshardPlanTest, WhatIsDividedThatWayAlreadyNeedsNoStep) {
  Stream stream = stream_of(3);
  EXPECT_FALSE(rescale_step(stream, 3));
  EXPECT_EQ(rescale_peak(stream, 3), 3U);
}

TEST(ReshardPlanTest, ChildrenSayWhoseTheyAre) {
  Stream stream = stream_of(2);
  const Reshard split = split_step(stream, stream.shards[0], 100);
  EXPECT_EQ(split.parents, (std::vector<model::ShardNo>{0}));
  ASSERT_EQ(split.children.size(), 2U);
  EXPECT_EQ(split.children[0].range, (model::HashKeyRange{0, 99}));
  EXPECT_EQ(split.children[1].range, (model::HashKeyRange{100, stream.shards[0].range.last}));
  EXPECT_EQ(split.children[1].number, 3U);
  EXPECT_EQ(split.children[1].parent, 0U);
  EXPECT_FALSE(split.children[1].adjacent_parent);
  const Reshard merge = merge_step(stream, stream.shards[0], stream.shards[1]);
  EXPECT_EQ(merge.parents, (std::vector<model::ShardNo>{0, 1}));
  ASSERT_EQ(merge.children.size(), 1U);
  EXPECT_EQ(merge.children[0].range, model::HashKeyRange());
  EXPECT_EQ(merge.children[0].parent, 0U);
  EXPECT_EQ(merge.children[0].adjacent_parent, 1U);
}

}  // namespace
}  // namespace millrace::catalog
