#include "log/segment/segment_set.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "log/testing/segments.h"
#include "sim/sim_files.h"

namespace millrace::log::segment {
namespace {

constexpr LogId log_a{.stream_uid = 1, .shard_no = 0};
constexpr LogId log_b{.stream_uid = 2, .shard_no = 0};
constexpr std::size_t payload_bytes = 100 * 1024;

class SegmentSetTest : public testing::Test {
 protected:
  SegmentSetTest() {
    EXPECT_TRUE(files_.make_directory("/s").has_value());
    EXPECT_TRUE(files_.sync_directory("/").has_value());
    open();
  }
  void open() {
    set_.reset();
    auto set = SegmentSet::open(
        files_, {.folder = "/s", .segment_class = SegmentClass::day, .first_bytes = 256 << 10, .bytes_max = 512 << 10},
        numbering_, reporter_);
    ASSERT_TRUE(set.has_value());
    set_ = std::move(*set);
  }
  Placed append(LogId log, std::int64_t expires_ms, std::size_t bytes = payload_bytes) {
    const std::string payload(bytes, 'x');
    const std::vector<NewBlock> blocks = {
        {.header = {.log = log, .first = 1, .count = 1}, .payload = bytes_of(payload), .expires_ms = expires_ms}};
    const auto placed = set_->append([&] { return ++run_; }, blocks, 1000);
    EXPECT_TRUE(placed.has_value());
    return placed ? placed->front() : Placed{};
  }
  void seal() { ASSERT_TRUE(set_->seal(++run_).has_value()); }
  SegmentSet::Reclaimed reclaim(std::int64_t now_ms) {
    auto done = set_->reclaim(now_ms);
    EXPECT_TRUE(done.has_value());
    return done.value_or(SegmentSet::Reclaimed{});
  }
  std::size_t file_count() { return files_.list("/s")->size(); }

  sim::SimFileSystem files_;
  KeepingReporter reporter_;
  Numbering numbering_{100};
  std::uint64_t run_ = 0;
  std::unique_ptr<SegmentSet> set_;
};

TEST_F(SegmentSetTest, AFullSegmentIsSealedAndALargerOneBegun) {
  EXPECT_EQ(append(log_a, 0).segment, 1U);
  EXPECT_EQ(append(log_a, 0).segment, 1U);
  const Placed third = append(log_a, 0);
  EXPECT_EQ(third.segment, 2U);
  EXPECT_EQ(third.generation, 101U);
  const auto segments = set_->segments();
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_TRUE(segments[0]->sealed());
  EXPECT_EQ(segments[1]->capacity(), 512U << 10);
  EXPECT_EQ(append(log_a, 0, 2 << 20).segment, 3U) << "a run that needs a segment of its own size";
  ASSERT_TRUE(set_->sync().has_value());
  EXPECT_EQ(set_->segments().back()->synced_end(), set_->segments().back()->end());
}

TEST_F(SegmentSetTest, AnExpiredSegmentIsFreedAndItsFileLivesAgain) {
  const Placed first = append(log_a, 5000);
  append(log_b, 7000);
  seal();
  EXPECT_TRUE(reclaim(6999).freed.empty()) << "the latest expiry counts";
  EXPECT_EQ(set_->reclaimable(7000), std::vector<std::uint64_t>{1});
  EXPECT_EQ(reclaim(7000).freed, std::vector<std::uint64_t>{1});
  EXPECT_EQ(set_->find(first.segment, first.generation), nullptr);
  EXPECT_EQ(set_->totals().recycled, 1U);
  const Placed again = append(log_a, 0);
  EXPECT_EQ(again.segment, first.segment);
  EXPECT_GT(again.generation, first.generation);
  EXPECT_EQ(file_count(), 1U);
  EXPECT_NE(set_->find(again.segment, again.generation), nullptr);
}

TEST_F(SegmentSetTest, TheOneThatTakesRunsIsNeverFreedAndTooManyFreeOnesAreRemoved) {
  append(log_a, 10);
  EXPECT_TRUE(reclaim(1000).freed.empty());
  for (int i = 0; i < 4; ++i) {
    seal();
    append(log_a, 10);
  }
  EXPECT_EQ(reclaim(1000).freed.size(), 4U);
  EXPECT_EQ(set_->totals().recycled, 2U);
  EXPECT_EQ(file_count(), 3U);
}

TEST_F(SegmentSetTest, DeadRangesOfSealedSegmentsArePunchedAndTheRestStays) {
  const Placed dead = append(log_a, 0);
  const Placed live = append(log_b, 0);
  set_->release(dead, log_a);
  EXPECT_EQ(reclaim(1).punched_bytes, 0U) << "not sealed yet";
  seal();
  const std::uint64_t punched = reclaim(1).punched_bytes;
  EXPECT_GT(punched, payload_bytes - 2 * 4096);
  EXPECT_EQ(punched % 4096, 0U);
  EXPECT_EQ(reclaim(1).punched_bytes, 0U);
  const auto file = set_->find(live.segment, live.generation);
  std::vector<std::byte> into(live.size);
  EXPECT_TRUE(file->read_block(live.generation, live.offset, into).has_value());
  EXPECT_FALSE(file->read_block(dead.generation, dead.offset, into).has_value());
  EXPECT_EQ(set_->totals().live_bytes, live.size);
  set_->release_log(log_b);
  EXPECT_EQ(reclaim(1).freed.size(), 1U);
}

TEST_F(SegmentSetTest, UsageIsGivenOnceAndRestored) {
  append(log_a, 5000);
  append(log_b, 0);
  seal();
  const auto usages = set_->take_changed_usages();
  ASSERT_EQ(usages.size(), 1U);
  EXPECT_TRUE(set_->take_changed_usages().empty());
  open();
  EXPECT_EQ(set_->reclaimable(1), std::vector<std::uint64_t>{1}) << "nothing is known to live";
  set_->restore(usages[0]);
  EXPECT_TRUE(set_->reclaimable(1'000'000).empty());
  EXPECT_EQ(set_->usages(), usages);
  const Placed next = append(log_a, 0);
  EXPECT_EQ(next.segment, 2U);
  EXPECT_GT(next.generation, usages[0].generation);
}

TEST_F(SegmentSetTest, AFileThatNeverBecameASegmentIsRemovedAndADamagedOneStays) {
  append(log_a, 0);
  ASSERT_TRUE(files_.open("/s/day-0000000000000009.seg", io::OpenMode::create).has_value());
  auto file = files_.open("/s/day-0000000000000001.seg", io::OpenMode::write);
  ASSERT_TRUE((*file)->write_at(0, std::vector<std::byte>(segment_header_bytes)).has_value());
  open();
  EXPECT_EQ(reporter_.headless_files,
            (std::vector<std::pair<std::string, bool>>{{"/s/day-0000000000000001.seg", false},
                                                       {"/s/day-0000000000000009.seg", true}}));
  EXPECT_EQ(file_count(), 1U);
  EXPECT_EQ(append(log_a, 0).segment, 10U) << "a number is never taken twice";
}

}  // namespace
}  // namespace millrace::log::segment
