#include "log/segment/indexer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "log/testing/embedded_life.h"
#include "log/testing/faulty_files.h"

namespace millrace::log::segment {
namespace {

using testing::Life;
using testing::make_block;

constexpr std::size_t block_bytes = 64 * 1024;

// A life with small segments, so that there are many of them.
class IndexerTest : public ::testing::Test {
 protected:
  static constexpr EmbeddedOptions options{.disk_reserve = 0,
                                           .index_flush_interval = std::chrono::seconds(30),
                                           .segment_bytes_first = 256 * 1024,
                                           .segment_bytes_max = 256 * 1024};

  Life begin() { return Life(files_, disk_, clock_, random_, options); }
  std::int64_t now_ms() { return clock_.wall().now_ms(); }
  std::unique_ptr<Writer> make_log(Life& life, LogId id, std::chrono::milliseconds retention) {
    EXPECT_TRUE(life.create(id, retention).has_value());
    auto writer = life.acquire(id);
    EXPECT_TRUE(writer.has_value());
    return writer ? std::move(*writer) : nullptr;
  }
  // Blocks of one record each, told apart by their first byte.
  void append(Life& life, Writer& writer, std::size_t blocks, std::size_t bytes = block_bytes) {
    for (std::size_t i = 0; i < blocks; ++i)
      ASSERT_TRUE(life.append(writer, make_block({{"k", std::string(bytes, 'x')}}, now_ms())).has_value());
  }
  // What the segments take on the disk, holes left out.
  static std::uint64_t disk_bytes(Life& life) { return life.engine().usage().disk_bytes; }
  static std::uint64_t live_bytes(Life& life) { return life.engine().usage().bytes; }
  // Files of all classes, those that wait for another life included.
  std::size_t segment_files() { return files_.list("/data/segments").value().size(); }

  sim::SimFileSystem files_;
  std::shared_ptr<MemoryIndexDisk> disk_ = make_memory_index_disk();
  sim::SimClock clock_;
  sim::SimRandom random_{1};
};

TEST_F(IndexerTest, ExpiredRecordsGiveTheirSpaceBackWhileWritingGoesOn) {
  Life life = begin();
  auto writer = make_log(life, {1, 0}, std::chrono::minutes(10));
  std::uint64_t most = 0;
  for (int minute = 0; minute < 60; ++minute) {
    append(life, *writer, 8);
    life.advance(std::chrono::minutes(1));
    if (minute >= 12) most = std::max(most, disk_bytes(life));
  }
  // 1.2 times what is retained (ten minutes, and the one under way), and two segments of a class: of the records' and
  // of the catalogue's. A free one waits in each class.
  const std::uint64_t retained = std::uint64_t{11} * 8 * block_bytes;
  EXPECT_LE(most, retained * 12 / 10 + std::uint64_t{4} * options.segment_bytes_max);
  EXPECT_GE(live_bytes(life), std::uint64_t{9} * 8 * block_bytes);
}

TEST_F(IndexerTest, ADroppedFloodGivesItsSpaceBackBesideATrickleThatStays) {
  Life life = begin();
  auto flood = make_log(life, {1, 0}, std::chrono::hours(24));
  auto trickle = make_log(life, {2, 0}, std::chrono::hours(24));
  for (int i = 0; i < 40; ++i) {
    append(life, *flood, 3);
    append(life, *trickle, 1, 4'000);
  }
  life.advance(std::chrono::minutes(1));
  const std::uint64_t before = disk_bytes(life);
  ASSERT_GE(before, std::uint64_t{120} * block_bytes);
  ASSERT_TRUE(life.drop({1, 0}).has_value());
  life.advance(std::chrono::minutes(1));
  // Every segment holds something of the trickle, so none was freed; their dead parts were punched out.
  EXPECT_LE(disk_bytes(life), before / 6);
  EXPECT_EQ(life.read({2, 0}).value().size(), 40U);
}

TEST_F(IndexerTest, WhatDiedInAnEarlierLifeIsFoundAndGivenBack) {
  {
    // The rows go, durably; every hole fails to be made.
    testing::FaultyFiles files(files_, [](testing::FaultyFiles::Call call, const std::string&) -> base::Result<void> {
      if (call == testing::FaultyFiles::Call::punch) return base::fail(base::Errc::io, "no holes");
      return {};
    });
    Life life(files, disk_, clock_, random_, options);
    auto flood = make_log(life, {1, 0}, std::chrono::hours(24));
    auto trickle = make_log(life, {2, 0}, std::chrono::hours(24));
    for (int i = 0; i < 20; ++i) {
      append(life, *flood, 3);
      append(life, *trickle, 1, 4'000);
    }
    life.advance(std::chrono::minutes(1));
    ASSERT_TRUE(life.drop({1, 0}).has_value());
    life.advance(std::chrono::minutes(1));
    EXPECT_GE(disk_bytes(life), std::uint64_t{60} * block_bytes);
    files_.crash();
  }
  Life life = begin();
  ASSERT_TRUE(life.is_open()) << base::describe(life.error());
  // One segment a cycle.
  for (int i = 0; i < 30; ++i)
    life.advance(std::chrono::minutes(1));
  EXPECT_LE(disk_bytes(life), std::uint64_t{20} * block_bytes);
  EXPECT_EQ(life.read({2, 0}).value().size(), 20U);
}

TEST_F(IndexerTest, AShorterRetentionFreesAndALongerOneKeeps) {
  Life life = begin();
  auto shorter = make_log(life, {1, 0}, std::chrono::hours(24));
  auto longer = make_log(life, {2, 0}, std::chrono::hours(1));
  append(life, *shorter, 20);
  append(life, *longer, 1);
  const auto configure = [&](LogId id, std::chrono::milliseconds retention) {
    return life.wait<void>([&](auto done) { life.engine().configure(id, {retention, 1 << 20}, std::move(done)); });
  };
  ASSERT_TRUE(configure({1, 0}, std::chrono::hours(1)).has_value());
  ASSERT_TRUE(configure({2, 0}, std::chrono::hours(48)).has_value());
  life.advance(std::chrono::hours(2));
  EXPECT_TRUE(life.read({1, 0}).value().empty());
  EXPECT_EQ(life.read({2, 0}).value().size(), 1U);
  EXPECT_LE(live_bytes(life), 2 * block_bytes);
}

TEST_F(IndexerTest, FreedSegmentsTakeOtherLivesAndNothingOfTheOldOnesIsSeen) {
  Life life = begin();
  auto writer = make_log(life, {1, 0}, std::chrono::minutes(5));
  std::size_t most = 0;
  for (int round = 0; round < 30; ++round) {
    append(life, *writer, 6);
    life.advance(std::chrono::minutes(2));
    most = std::max(most, segment_files());
    for (const auto& record : life.read({1, 0}).value())
      EXPECT_GE(record.arrival_ms, now_ms() - 300'000);
  }
  EXPECT_LE(most, 12U);
}

TEST_F(IndexerTest, ALogDroppedAndMadeAgainSharesNothingWithTheOldOne) {
  Life life = begin();
  auto writer = make_log(life, {1, 0}, std::chrono::hours(24));
  append(life, *writer, 2);
  life.advance(std::chrono::minutes(1));
  append(life, *writer, 2);
  ASSERT_TRUE(life.drop({1, 0}).has_value());
  writer = make_log(life, {1, 0}, std::chrono::hours(24));
  EXPECT_TRUE(life.read({1, 0}).value().empty());
  append(life, *writer, 1);
  files_.crash();
  Life next = begin();
  EXPECT_EQ(next.read({1, 0}).value().size(), 1U);
}

TEST_F(IndexerTest, AFullIndexIsTriedAgainAndNothingIsLost) {
  Life life = begin();
  auto writer = make_log(life, {1, 0}, std::chrono::hours(24));
  append(life, *writer, 3);
  int refused = 0;
  observe(*disk_, [&](const IndexPicture&, bool) -> base::Result<void> {
    ++refused;
    return base::fail(base::Errc::full, "no space");
  });
  life.advance(std::chrono::minutes(2));
  EXPECT_GE(refused, 2);
  EXPECT_EQ(life.engine().health().state, Health::State::serving);
  EXPECT_EQ(life.engine().usage().unindexed_blocks, 3U);
  EXPECT_EQ(life.read({1, 0}).value().size(), 3U);
  observe(*disk_, nullptr);
  life.advance(std::chrono::minutes(1));
  EXPECT_EQ(life.engine().usage().unindexed_blocks, 0U);
  EXPECT_EQ(life.read({1, 0}).value().size(), 3U);
}

// The batch is in the index, where everybody sees it, and not on the disk.
TEST_F(IndexerTest, ABatchThatIsWrittenAndNotFlushedCountsOnce) {
  Life life = begin();
  auto dropped = make_log(life, {1, 0}, std::chrono::hours(24));
  auto kept = make_log(life, {2, 0}, std::chrono::hours(24));
  append(life, *dropped, 2);
  append(life, *kept, 1);
  set_full(*disk_, true);
  life.advance(std::chrono::minutes(1));
  EXPECT_EQ(life.engine().health().state, Health::State::serving);
  EXPECT_EQ(life.engine().usage().unindexed_blocks, 3U);
  ASSERT_TRUE(life.drop({1, 0}).has_value());
  life.advance(std::chrono::minutes(1));
  set_full(*disk_, false);
  life.advance(std::chrono::minutes(1));
  EXPECT_EQ(life.engine().usage().unindexed_blocks, 0U);
  EXPECT_GE(live_bytes(life), block_bytes);
  EXPECT_LE(live_bytes(life), block_bytes + 1024);
  // The segment is ended and sealed; what lives in it stays, over a cut, too.
  append(life, *kept, 8);
  life.advance(std::chrono::minutes(2));
  EXPECT_EQ(life.read({2, 0}).value().size(), 9U);
  files_.crash();
  Life next = begin();
  ASSERT_TRUE(next.is_open()) << base::describe(next.error());
  next.advance(std::chrono::minutes(2));
  EXPECT_EQ(next.read({2, 0}).value().size(), 9U);
}

TEST_F(IndexerTest, SegmentsThatEndWhileTheIndexIsFullAreFreedAfterwards) {
  Life life = begin();
  auto writer = make_log(life, {1, 0}, std::chrono::minutes(30));
  bool is_full = true;
  observe(*disk_, [&](const IndexPicture&, bool) -> base::Result<void> {
    if (is_full) return base::fail(base::Errc::full, "no space");
    return {};
  });
  append(life, *writer, 20);
  life.advance(std::chrono::minutes(2));
  is_full = false;
  append(life, *writer, 1);
  life.advance(std::chrono::hours(1));
  EXPECT_LE(segment_files(), 4U);
  EXPECT_EQ(live_bytes(life), 0U);
}

TEST_F(IndexerTest, ADiskThatFailsWhileALogIsDroppedEndsNothingTwice) {
  bool is_ill = false;
  testing::FaultyFiles files(files_,
                             [&is_ill](testing::FaultyFiles::Call call, const std::string&) -> base::Result<void> {
                               if (is_ill && call == testing::FaultyFiles::Call::sync)
                                 return base::fail(base::Errc::io, "the disk is ill");
                               return {};
                             });
  Life life(files, disk_, clock_, random_, options);
  auto writer = make_log(life, {1, 0}, std::chrono::hours(24));
  append(life, *writer, 1);
  ASSERT_TRUE(life.drop({1, 0}).has_value());
  auto other = make_log(life, {2, 0}, std::chrono::hours(24));
  is_ill = true;
  EXPECT_FALSE(life.append(*other, make_block({{"k", "x"}}, now_ms())).has_value());
  ASSERT_TRUE(life.drop({2, 0}).has_value());
  EXPECT_FALSE(life.create({2, 0}).has_value());
  life.advance(std::chrono::minutes(2));
  EXPECT_EQ(life.engine().health().state, Health::State::failed);
}

}  // namespace
}  // namespace millrace::log::segment
