#include "log/segment/usage_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace millrace::log::segment {
namespace {

using Range = UsageTable::Range;
using Ranges = std::vector<Range>;
constexpr std::uint64_t kib = 1024;

IndexRow row(std::uint64_t offset, std::uint64_t size, std::uint64_t segment = 1, std::uint64_t generation = 7) {
  return {.log = {.stream_uid = 1, .shard_no = 0},
          .first = offset,
          .count = 1,
          .arrival_ms = 0,
          .segment = segment,
          .generation = generation,
          .offset = offset,
          .size = static_cast<std::uint32_t>(size)};
}

SegmentUsage usage(std::uint64_t segment, std::uint64_t end, std::uint64_t live, std::uint64_t generation = 7) {
  return {.segment = segment, .generation = generation, .indexed_end = end, .live_bytes = live};
}

TEST(UsageTableTest, ChangesAreKnownOnceTheyAreOnTheDisk) {
  UsageTable table;
  table.add(row(4096, 100));
  table.add(row(4200, 50));
  table.set_indexed_end(1, 7, 4300);
  EXPECT_EQ(table.find(1), nullptr);
  EXPECT_EQ(table.pending_usages(), std::vector{usage(1, 4300, 150)});
  table.commit();
  EXPECT_EQ(*table.find(1), usage(1, 4300, 150));
  EXPECT_EQ(table.live_bytes(), 150U);
  EXPECT_TRUE(table.pending_usages().empty());
  table.set_indexed_end(1, 7, 4300);
  EXPECT_TRUE(table.pending_usages().empty()) << "nothing has changed";

  table.release(row(4096, 100));
  EXPECT_EQ(table.pending_usages(), std::vector{usage(1, 4300, 50)});
  EXPECT_EQ(table.live_bytes(), 150U);
  table.commit();
  EXPECT_EQ(table.live_bytes(), 50U);
}

TEST(UsageTableTest, WhatWasRolledBackIsForgotten) {
  UsageTable table;
  table.restore(usage(1, 1 << 20, 1000 * kib));
  table.restore(usage(2, 5000, 10));
  table.add(row(4096, 100, 3));
  table.release(row(4096, 100 * kib));
  table.set_indexed_end(2, 7, 6000);
  table.roll_back();
  EXPECT_TRUE(table.pending_usages().empty());
  EXPECT_EQ(table.find(3), nullptr);
  EXPECT_EQ(*table.find(1), usage(1, 1 << 20, 1000 * kib));
  table.commit();
  EXPECT_TRUE(table.segments_with_dead().empty()) << "a row that stayed keeps its block";
}

TEST(UsageTableTest, WhatDiedInALifeThatIsOverIsNothingToTheNextOne) {
  UsageTable table;
  table.restore(usage(1, 1 << 20, 0));
  table.forget(1);
  table.add_dead(1, 7, 4096, 100 * kib);
  table.add(row(4096, 100 * kib, 1, 8));
  table.set_indexed_end(1, 8, 1 << 20);
  table.commit();
  table.add_dead(1, 7, 4096, 100 * kib);
  EXPECT_TRUE(table.take_punchable(1).empty());
}

TEST(UsageTableTest, AnotherLifeOfASegmentBeginsAtNothing) {
  UsageTable table;
  table.restore(usage(1, 1 << 20, 500));
  table.add_dead(1, 7, 4096, 100 * kib);
  table.release(row(0, 10, 1, 6));
  EXPECT_TRUE(table.pending_usages().empty()) << "a row of an earlier life";
  table.add(row(4096, 20, 1, 8));
  EXPECT_EQ(table.pending_usages(), std::vector{usage(1, 0, 20, 8)});
  table.commit();
  EXPECT_TRUE(table.take_punchable(1).empty()) << "what was dead in the earlier life may live in this one";
  table.forget(1);
  EXPECT_EQ(table.find(1), nullptr);
  table.release(row(4096, 20, 1, 8));
  EXPECT_TRUE(table.pending_usages().empty());
}

TEST(UsageTableTest, WholePagesOfLongDeadRangesAreGivenOnce) {
  UsageTable table;
  table.restore(usage(1, 1 << 20, 900 * kib));
  table.release(row(5000, 70 * kib));
  EXPECT_TRUE(table.segments_with_dead().empty()) << "not before its row is gone from the disk";
  table.commit();
  EXPECT_EQ(table.segments_with_dead(), std::vector<std::uint64_t>{1});
  EXPECT_EQ(table.take_punchable(1), (Ranges{{.begin = 8192, .end = (5000 + 70 * kib) / 4096 * 4096}}));
  EXPECT_TRUE(table.segments_with_dead().empty());
  EXPECT_TRUE(table.take_punchable(1).empty());
  EXPECT_TRUE(table.take_punchable(2).empty());
}

TEST(UsageTableTest, ShortRangesWaitForTheirNeighbours) {
  UsageTable table;
  table.restore(usage(1, 1 << 20, 0));
  table.add_dead(1, 7, 16 * kib, 20 * kib);
  table.add_dead(1, 7, 60 * kib, 20 * kib);
  EXPECT_TRUE(table.take_punchable(1).empty());
  table.add_dead(1, 7, 36 * kib, 24 * kib);
  EXPECT_EQ(table.take_punchable(1), (Ranges{{.begin = 16 * kib, .end = 80 * kib}}));
}

TEST(UsageTableTest, AGrowingRangeGivesWhatIsNew) {
  UsageTable table;
  table.restore(usage(1, 1 << 20, 0));
  table.add_dead(1, 7, 4 * kib, 100 * kib);
  EXPECT_EQ(table.take_punchable(1), (Ranges{{.begin = 4 * kib, .end = 104 * kib}}));
  table.add_dead(1, 7, 104 * kib, 8 * kib);
  EXPECT_TRUE(table.take_punchable(1).empty());
  table.add_dead(1, 7, 112 * kib, 8 * kib);
  EXPECT_EQ(table.take_punchable(1), (Ranges{{.begin = 104 * kib, .end = 120 * kib}}));
  table.add_dead(1, 7, 200 * kib, 80 * kib);
  EXPECT_EQ(table.take_punchable(1), (Ranges{{.begin = 200 * kib, .end = 280 * kib}}));
  table.add_dead(1, 7, 120 * kib, 80 * kib);
  EXPECT_EQ(table.take_punchable(1), (Ranges{{.begin = 120 * kib, .end = 280 * kib}}));
}

// Against a map of bytes: nothing that lives is ever given, and in the end everything dead is, but for the edges.
TEST(UsageTableTest, NoOrderOfDeathsGivesWhatLives) {
  constexpr std::uint64_t block = 24 * kib + 8;
  constexpr std::size_t blocks = 200;
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::size_t> order(blocks);
    for (std::size_t i = 0; i < blocks; ++i)
      order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    UsageTable table;
    table.restore(usage(1, 1 << 20, 0));
    std::vector<bool> dead(blocks);
    std::map<std::uint64_t, bool> holes;  // pages
    for (const std::size_t i : order) {
      table.add_dead(1, 7, 4096 + i * block, block);
      dead[i] = true;
      for (const Range& range : table.take_punchable(1)) {
        ASSERT_EQ(range.begin % 4096, 0U);
        ASSERT_LT(range.begin, range.end);
        for (std::uint64_t at = range.begin; at < range.end; at += 4096) {
          ASSERT_TRUE(dead[(at - 4096) / block]) << "seed " << seed;
          ASSERT_TRUE(dead[(at + 4095 - 4096) / block]) << "seed " << seed;
          holes[at] = true;
        }
      }
    }
    EXPECT_GE(holes.size() * 4096 + 32 * kib, blocks * block);
  }
}

TEST(UsageTableTest, AFullSegmentOfLargeBlocksEverySecondDeadIsGivenBack) {
  UsageTable table;
  table.restore(usage(1, 1 << 20, 0));
  constexpr std::uint64_t block = 64 * kib + 72;
  std::uint64_t given = 0;
  std::uint64_t dead = 0;
  for (std::uint64_t at = 4096; at + 2 * block < (std::uint64_t{256} << 20); at += 2 * block) {
    table.add_dead(1, 7, at, block);
    dead += block;
  }
  for (auto ranges = table.take_punchable(1); !ranges.empty(); ranges = table.take_punchable(1)) {
    EXPECT_LE(ranges.size(), UsageTable::punched_at_once + 1);
    for (const Range& range : ranges)
      given += range.end - range.begin;
  }
  EXPECT_GE(given * 10, dead * 9);
}

}  // namespace
}  // namespace millrace::log::segment
