#include "log/segment/segment_set.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "log/testing/faulty_files.h"
#include "log/testing/segments.h"
#include "sim/sim_files.h"

namespace millrace::log::segment {
namespace {

using Call = testing::FaultyFiles::Call;
constexpr LogId log_id{.stream_uid = 1, .shard_no = 0};
constexpr std::size_t payload_bytes = 100 * 1024;

class SegmentSetTest : public ::testing::Test {
 protected:
  SegmentSetTest() {
    EXPECT_TRUE(disk_.make_directory("/s").has_value());
    EXPECT_TRUE(disk_.sync_directory("/").has_value());
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
  // One run of one block.
  Placed append(std::size_t bytes = payload_bytes) {
    const std::string payload(bytes, 'x');
    const std::vector<NewBlock> blocks = {
        {.header = {.log = log_id, .first = ++run_, .count = 1}, .payload = bytes_of(payload)}};
    const auto room = set_->prepare(SegmentFile::run_bytes(blocks), 1000);
    EXPECT_TRUE(room.has_value()) << base::describe(room.error());
    const auto placed = set_->append(run_, blocks);
    EXPECT_TRUE(placed.has_value());
    return placed ? placed->front() : Placed{};
  }
  void seal_all() {
    set_->end_current();
    for (const auto& file : set_->unsealed())
      ASSERT_TRUE(file->seal().has_value());
  }
  std::size_t file_count() { return disk_.list("/s")->size(); }

  sim::SimFileSystem disk_;
  std::optional<Call> bad_;  // refused
  base::Error why_{base::Errc::full, "no space", ENOSPC};
  testing::FaultyFiles files_{disk_, [this](Call call, const std::string&) -> base::Result<void> {
                                if (call == bad_) return base::fail(why_);
                                return {};
                              }};
  KeepingReporter reporter_;
  Numbering numbering_{100};
  std::uint64_t run_ = 0;
  std::unique_ptr<SegmentSet> set_;
};

TEST_F(SegmentSetTest, AFullSegmentEndsAndALargerOneBegins) {
  EXPECT_EQ(set_->current(), nullptr);
  EXPECT_EQ(append().segment, 1U);
  EXPECT_EQ(append().segment, 1U);
  EXPECT_TRUE(set_->unsealed().empty());
  const Placed third = append();
  EXPECT_EQ(third.segment, 2U);
  EXPECT_EQ(third.generation, 101U);
  const auto segments = set_->segments();
  ASSERT_EQ(segments.size(), 2U);
  EXPECT_EQ(set_->unsealed(), std::vector{segments[0]});
  EXPECT_EQ(set_->current(), segments[1]);
  EXPECT_EQ(segments[1]->capacity(), 512U << 10);
  EXPECT_EQ(append(2 << 20).segment, 3U) << "a run that needs a segment of its own size";
  ASSERT_TRUE(set_->sync().has_value());
  EXPECT_EQ(set_->current()->synced_end(), set_->current()->end());
  ASSERT_TRUE(segments[0]->seal().has_value());
  EXPECT_EQ(set_->unsealed(), std::vector{segments[1]});
  EXPECT_EQ(set_->prepare(run_header_bytes + run_bytes_max + 1, 0).error().code, base::Errc::too_large);
}

TEST_F(SegmentSetTest, AFreedSegmentsFileLivesAgain) {
  const Placed first = append();
  EXPECT_EQ(set_->free(first.segment).error().code, base::Errc::not_found) << "it is not sealed";
  seal_all();
  const auto late_reader = set_->find(first.segment, first.generation);
  ASSERT_TRUE(set_->free(first.segment).has_value());
  EXPECT_EQ(set_->find(first.segment, first.generation), nullptr);
  EXPECT_TRUE(set_->segments().empty());
  EXPECT_EQ(set_->totals()->recycled, 1U);
  const Placed again = append();
  EXPECT_EQ(again.segment, first.segment);
  EXPECT_GT(again.generation, first.generation);
  EXPECT_EQ(set_->current()->capacity(), 512U << 10) << "it grew to what the set asks for by now";
  EXPECT_EQ(file_count(), 1U);
  EXPECT_NE(set_->find(again.segment, again.generation), nullptr);
  std::vector<std::byte> into(first.size);
  EXPECT_EQ(late_reader->read_block(first.generation, first.offset, into).error().code, base::Errc::not_found);
}

TEST_F(SegmentSetTest, TooManyFreeFilesAreRemoved) {
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < 4; ++i) {
    numbers.push_back(append().segment);
    set_->end_current();
  }
  append();
  for (const auto& file : set_->unsealed())
    ASSERT_TRUE(file->seal().has_value());
  for (std::size_t i = 0; i < 3; ++i)
    ASSERT_TRUE(set_->free(numbers[i]).has_value());
  EXPECT_EQ(set_->totals()->recycled, 1U);
  EXPECT_EQ(file_count(), 3U);
  // What cannot be removed stays, and is tried again.
  bad_ = Call::remove;
  EXPECT_FALSE(set_->free(numbers[3]).has_value());
  EXPECT_EQ(set_->segments().size(), 2U);
  bad_.reset();
  ASSERT_TRUE(set_->free(numbers[3]).has_value());
  EXPECT_EQ(file_count(), 2U);
}

TEST_F(SegmentSetTest, AFullDiskChangesNothingAndIsTriedAgain) {
  append();
  append();
  const auto before = set_->current();
  for (const Call call : {Call::allocate, Call::create, Call::write, Call::sync}) {
    bad_ = call;
    EXPECT_EQ(set_->prepare(payload_bytes, 1000).error().code, base::Errc::full);
    EXPECT_EQ(set_->current(), before);
    EXPECT_EQ(set_->segments().size(), 1U);
    EXPECT_EQ(file_count(), 1U);
    EXPECT_TRUE(set_->prepare(1000, 1000).has_value()) << "what still has room goes on";
  }
  bad_.reset();
  const Placed next = append();
  EXPECT_GT(next.segment, 1U);
  EXPECT_EQ(set_->current()->capacity(), 256U << 10) << "a smaller one after the refusals";
  EXPECT_EQ(set_->unsealed(), std::vector{before});
}

TEST_F(SegmentSetTest, AFreeFileThatCannotGrowGivesItsSpaceBack) {
  append();
  seal_all();
  ASSERT_TRUE(set_->free(1).has_value());
  bad_ = Call::allocate;
  EXPECT_EQ(set_->prepare(payload_bytes, 1000).error().code, base::Errc::full);
  EXPECT_EQ(file_count(), 0U);
  EXPECT_EQ(set_->totals()->recycled, 0U);
  bad_.reset();
  EXPECT_EQ(append().segment, 2U);
}

TEST_F(SegmentSetTest, AnyOtherFailureIsForGood) {
  for (const Call call : {Call::allocate, Call::write, Call::sync}) {
    open();
    if (call != Call::allocate) append();
    bad_ = call;
    why_ = base::Error(base::Errc::io, "broken", EIO);
    const std::vector<NewBlock> blocks = {{.header = {.log = log_id, .first = 1, .count = 1}}};
    base::Result<void> outcome = set_->prepare(SegmentFile::run_bytes(blocks), 0);
    if (outcome) {
      if (const auto placed = set_->append(9, blocks); !placed) outcome = base::fail(placed.error());
    }
    if (outcome) outcome = set_->sync();
    EXPECT_EQ(outcome.error().code, base::Errc::io);
    bad_.reset();
    EXPECT_EQ(set_->prepare(1000, 0).error().code, base::Errc::closed);
    EXPECT_EQ(set_->append(10, blocks).error().code, base::Errc::closed);
    EXPECT_EQ(set_->sync().error().code, base::Errc::closed);
  }
}

TEST_F(SegmentSetTest, NothingThatWasFoundTakesRuns) {
  append();
  open();
  EXPECT_EQ(set_->current(), nullptr);
  ASSERT_EQ(set_->unsealed().size(), 1U);
  EXPECT_EQ(set_->unsealed()[0]->append(9, {}).error().code, base::Errc::closed);
  const Placed next = append();
  EXPECT_EQ(next.segment, 2U);
  EXPECT_EQ(next.generation, 101U);
}

TEST_F(SegmentSetTest, TotalsSayWhatTheDiskGave) {
  append();
  seal_all();
  const auto file = set_->segments()[0];
  const std::uint64_t before = set_->totals()->file_bytes;
  EXPECT_GE(before, payload_bytes);
  ASSERT_TRUE(file->punch(2 * 4096, 10 * 4096).has_value());
  EXPECT_EQ(set_->totals()->file_bytes, before - 10 * 4096);
  EXPECT_EQ(set_->totals()->segments, 1U);
}

TEST_F(SegmentSetTest, AFileThatNeverBecameASegmentIsRemovedAndADamagedOneStays) {
  append();
  ASSERT_TRUE(files_.open("/s/day-0000000000000009.seg", io::OpenMode::create).has_value());
  auto file = files_.open("/s/day-0000000000000001.seg", io::OpenMode::write);
  ASSERT_TRUE((*file)->write_at(0, std::vector<std::byte>(segment_header_bytes)).has_value());
  open();
  EXPECT_EQ(reporter_.headless_files,
            (std::vector<std::pair<std::string, bool>>{{"/s/day-0000000000000001.seg", false},
                                                       {"/s/day-0000000000000009.seg", true}}));
  EXPECT_EQ(file_count(), 1U);
  EXPECT_EQ(append().segment, 10U) << "a number is never taken twice";
}

}  // namespace
}  // namespace millrace::log::segment
