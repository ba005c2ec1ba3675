#include "log/segment/segment_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "log/testing/faulty_files.h"
#include "log/testing/segments.h"
#include "sim/sim_files.h"

namespace millrace::log::segment {
namespace {

constexpr LogId log_id{.stream_uid = 3, .shard_no = 4};
constexpr SegmentHeader header{
    .segment_class = SegmentClass::day, .number = 1, .generation = 0x4d4d4d4d00000001, .created_ms = 5};
const std::string path = "/s/day-0000000000000001.seg";

NewBlock block(Position first, std::string_view payload) {
  return {.header = {.log = log_id, .first = first, .count = 1, .arrival_ms = 100}, .payload = bytes_of(payload)};
}

class SegmentFileTest : public ::testing::Test {
 protected:
  SegmentFileTest() {
    EXPECT_TRUE(files_.make_directory("/s").has_value());
    EXPECT_TRUE(files_.sync_directory("/").has_value());
    auto file = SegmentFile::create(files_, "/s", header, 64 * 1024);
    EXPECT_TRUE(file.has_value());
    file_ = *file;
  }

  // Runs of one block each, "record 1", "record 2" ...
  Placed append(Position first) {
    const std::string payload = "record " + std::to_string(first);
    const auto placed = file_->append(first, std::vector{block(first, payload)});
    EXPECT_TRUE(placed.has_value());
    return placed->front();
  }
  // First positions that a scan finds, in order.
  std::vector<Position> scan(ScanFrom from = {}) {
    reporter_ = {};
    auto file = SegmentFile::open(files_, path);
    EXPECT_TRUE(file.has_value());
    std::vector<Position> found;
    const auto result = (*file)->scan(
        from,
        [&](const ScannedBlock& at) {
          EXPECT_EQ(text_of(at.payload), "record " + std::to_string(at.header.first));
          found.push_back(at.header.first);
        },
        reporter_);
    EXPECT_TRUE(result.has_value());
    result_ = result.value_or(ScanResult{});
    opened_ = *file;
    return found;
  }
  void flip(std::uint64_t offset) {
    auto file = files_.open(path, io::OpenMode::write);
    std::array<std::byte, 1> one{};
    ASSERT_EQ((*file)->read_at(offset, one), 1U);
    one[0] ^= std::byte{0x20};
    ASSERT_TRUE((*file)->write_at(offset, one).has_value());
  }

  sim::SimFileSystem files_;
  std::shared_ptr<SegmentFile> file_;
  std::shared_ptr<SegmentFile> opened_;
  KeepingReporter reporter_;
  ScanResult result_;
};

using Positions = std::vector<Position>;

TEST_F(SegmentFileTest, NamesAreReadBack) {
  EXPECT_EQ(SegmentFile::name_of(SegmentClass::catalogue, 0x2a), "catalogue-000000000000002a.seg");
  EXPECT_EQ(SegmentFile::parse_name("catalogue-000000000000002a.seg"), std::pair(SegmentClass::catalogue, 0x2aUL));
  for (const char* name : {"", "day-2a.seg", "hour-000000000000002a.seg", "day-000000000000002A.seg",
                           "day-000000000000002a.tmp", "day-+00000000000002a.seg"}) {
    EXPECT_FALSE(SegmentFile::parse_name(name).has_value()) << name;
  }
}

TEST_F(SegmentFileTest, BlocksAreReadBackAndChecked) {
  const Placed first = append(1);
  const Placed second = append(2);
  EXPECT_EQ(second.offset % alignment, 0U);
  std::vector<std::byte> into(second.size);
  const auto read = file_->read_block(second.generation, second.offset, into);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->first, 2U);
  EXPECT_EQ(text_of(std::span(into).subspan(block_header_bytes)), "record 2");
  EXPECT_EQ(file_->read_block(second.generation + 1, second.offset, into).error().code, base::Errc::not_found);
  flip(first.offset + block_header_bytes);
  EXPECT_EQ(file_->read_block(first.generation, first.offset, into).error().code, base::Errc::data_loss);
}

TEST_F(SegmentFileTest, AFullSealedOrFailedFileTakesNothing) {
  const std::string large(100 * 1024, 'x');
  EXPECT_EQ(file_->append(1, std::vector{block(1, large)}).error().code, base::Errc::full);
  append(1);
  ASSERT_TRUE(file_->seal().has_value());
  EXPECT_EQ(file_->append(3, std::vector{block(2, "x")}).error().code, base::Errc::closed);
  EXPECT_EQ(file_->seal().error().code, base::Errc::closed);
  auto opened = SegmentFile::open(files_, path);
  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE((*opened)->sealed());
  EXPECT_EQ((*opened)->end(), file_->end());
  EXPECT_EQ((*opened)->last_run(), 1U);
  EXPECT_EQ((*opened)->append(3, std::vector{block(2, "x")}).error().code, base::Errc::closed);
}

TEST_F(SegmentFileTest, ASealCarriesTheNumberOfTheLastRun) {
  append(1);
  append(5);
  EXPECT_EQ(file_->last_run(), 5U);
  EXPECT_EQ(scan(), (Positions{1, 5}));
  EXPECT_EQ(opened_->last_run(), 5U);
  ASSERT_TRUE(opened_->seal().has_value());
  EXPECT_EQ(scan({.offset = file_->end(), .after_run = 0}), Positions{});
  EXPECT_EQ(result_.last_run, 5U);
  EXPECT_TRUE(result_.sealed);
}

TEST_F(SegmentFileTest, AnUnsealedFileIsNotScannedByOpening) {
  append(1);
  auto opened = SegmentFile::open(files_, path);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ((*opened)->end(), 0U);
  EXPECT_EQ((*opened)->last_run(), 0U);
  EXPECT_FALSE((*opened)->seal().has_value()) << "nobody knows yet where it ends";
}

TEST_F(SegmentFileTest, WhatIsAppendedBesideASyncIsNotTakenForSynced) {
  std::function<void()> beside;
  testing::FaultyFiles faulty(files_, [&](testing::FaultyFiles::Call call, const std::string&) -> base::Result<void> {
    if (call == testing::FaultyFiles::Call::sync && beside) std::exchange(beside, nullptr)();
    return {};
  });
  SegmentHeader other = header;
  other.number = 2;
  auto file = SegmentFile::create(faulty, "/s", other, 64 * 1024);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->append(1, std::vector{block(1, "a")}).has_value());
  const std::uint64_t first_end = (*file)->end();
  beside = [&] { ASSERT_TRUE((*file)->append(2, std::vector{block(2, "b")}).has_value()); };
  ASSERT_TRUE((*file)->sync().has_value());
  EXPECT_EQ((*file)->synced_end(), first_end);
  EXPECT_GT((*file)->end(), first_end);
}

TEST_F(SegmentFileTest, AfterAFailedWriteOrSyncItTakesNothingMore) {
  using Call = testing::FaultyFiles::Call;
  for (const Call bad : {Call::write, Call::sync}) {
    bool is_bad = false;
    testing::FaultyFiles faulty(files_, [&](Call call, const std::string&) -> base::Result<void> {
      if (is_bad && call == bad) return base::fail(base::Errc::full, "no space", ENOSPC);
      return {};
    });
    SegmentHeader other = header;
    other.number = 10 + static_cast<std::uint64_t>(bad);
    auto file = SegmentFile::create(faulty, "/s", other, 64 * 1024);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE((*file)->append(1, std::vector{block(1, "a")}).has_value());
    is_bad = true;
    const auto code =
        bad == Call::write ? (*file)->append(2, std::vector{block(2, "b")}).error().code : (*file)->sync().error().code;
    EXPECT_EQ(code, base::Errc::io) << "never full, which would promise that nothing has changed";
    is_bad = false;
    EXPECT_EQ((*file)->append(3, std::vector{block(2, "b")}).error().code, base::Errc::closed);
    EXPECT_EQ((*file)->sync().error().code, base::Errc::closed);
    EXPECT_EQ((*file)->seal().error().code, base::Errc::closed);
    EXPECT_EQ((*file)->synced_end(), segment_header_bytes);
  }
}

TEST_F(SegmentFileTest, AFileThatCannotBeMadeLeavesNothing) {
  using Call = testing::FaultyFiles::Call;
  for (const Call bad : {Call::allocate, Call::write, Call::sync, Call::sync_directory}) {
    testing::FaultyFiles faulty(files_, [&](Call call, const std::string&) -> base::Result<void> {
      if (call == bad) return base::fail(base::Errc::full, "no space", ENOSPC);
      return {};
    });
    SegmentHeader other = header;
    other.number = 2;
    EXPECT_EQ(SegmentFile::create(faulty, "/s", other, 64 * 1024).error().code, base::Errc::full);
    EXPECT_EQ(files_.list("/s")->size(), 1U);
  }
}

TEST_F(SegmentFileTest, AScanFindsEveryRunOrThoseAfterOne) {
  for (Position first = 1; first <= 5; ++first)
    append(first);
  EXPECT_EQ(scan(), (Positions{1, 2, 3, 4, 5}));
  EXPECT_EQ(result_.end, file_->end());
  EXPECT_EQ(result_.last_run, 5U);
  EXPECT_FALSE(result_.torn);
  EXPECT_EQ(scan({.after_run = 3}), (Positions{4, 5}));
  EXPECT_EQ(result_.runs, 2U);
  EXPECT_TRUE(reporter_.pieces.empty());
}

TEST_F(SegmentFileTest, WhatWasSyncedAndIsBadIsSkippedAndTheRestServed) {
  append(1);
  const Placed second = append(2);
  append(3);
  ASSERT_TRUE(file_->sync().has_value());
  append(4);
  flip(second.offset + block_header_bytes + 3);
  EXPECT_EQ(scan(), (Positions{1, 3, 4}));
  ASSERT_EQ(reporter_.pieces.size(), 1U);
  EXPECT_EQ(reporter_.pieces[0].kind, Skipped::Kind::damaged);
  EXPECT_EQ(reporter_.pieces[0].bytes, aligned(second.size));
  ASSERT_TRUE(reporter_.pieces[0].block.has_value());
  EXPECT_EQ(reporter_.pieces[0].block->first, 2U);
  EXPECT_EQ(reporter_.pieces[0].block->log, log_id);
}

TEST_F(SegmentFileTest, ABadRunHeaderDoesNotTakeItsBlocksAlong) {
  append(1);
  const Placed second = append(2);
  ASSERT_TRUE(file_->sync().has_value());
  append(3);
  flip(second.offset - run_header_bytes + 30);
  EXPECT_EQ(scan(), (Positions{1, 2, 3}));
  ASSERT_EQ(reporter_.pieces.size(), 1U);
  EXPECT_EQ(reporter_.pieces[0].bytes, run_header_bytes);
}

TEST_F(SegmentFileTest, WhatWasNotSyncedAndIsBadEndsTheSegment) {
  append(1);
  ASSERT_TRUE(file_->sync().has_value());
  const Placed second = append(2);
  append(3);
  flip(second.offset + block_header_bytes);
  EXPECT_EQ(scan(), (Positions{1}));
  EXPECT_TRUE(result_.torn);
  ASSERT_EQ(reporter_.pieces.size(), 1U);
  EXPECT_EQ(reporter_.pieces[0].kind, Skipped::Kind::torn_tail);
  EXPECT_EQ(result_.end, second.offset);

  // Sealed there, nothing behind it rises again.
  ASSERT_TRUE(opened_->seal().has_value());
  EXPECT_EQ(scan(), (Positions{1}));
  EXPECT_TRUE(result_.sealed);
  EXPECT_TRUE(reporter_.pieces.empty());
}

TEST_F(SegmentFileTest, AnotherLifeShowsNothingOfTheOneBefore) {
  const Placed first = append(1);
  append(2);
  ASSERT_TRUE(file_->seal().has_value());
  SegmentHeader next = header;
  next.generation += 1;
  const auto old = file_;
  auto again = SegmentFile::recycle(old, next, 64 * 1024);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ((*again)->capacity(), 64U * 1024) << "the seal cut the file off; it grows again";
  EXPECT_EQ(scan(), Positions{});
  EXPECT_TRUE(reporter_.pieces.empty());
  file_ = *again;
  append(7);
  EXPECT_EQ(scan(), Positions{7});
  std::vector<std::byte> into(first.size);
  EXPECT_EQ(old->read_block(first.generation, first.offset, into).error().code, base::Errc::not_found);
}

TEST_F(SegmentFileTest, ASealedFileIsCutOffWhereAPowerCutTookThat) {
  append(1);
  ASSERT_TRUE(file_->seal().has_value());
  files_.crash();
  EXPECT_EQ(scan(), Positions{1});
  EXPECT_TRUE(opened_->sealed());
  auto file = files_.open(path, io::OpenMode::read);
  EXPECT_EQ((*file)->size(), opened_->end() + run_header_bytes);
}

// A deleted flood: dead blocks and run headers are punched out in whole pages, and a trickle stays.
TEST_F(SegmentFileTest, HolesArePassedOverAndNotTakenForDamage) {
  auto large = SegmentFile::recycle(file_, SegmentHeader{.number = 1, .generation = header.generation + 9}, 40 << 20);
  ASSERT_TRUE(large.has_value());
  const std::string flood(20 * 1024, 'f');
  std::vector<std::pair<std::uint64_t, std::uint64_t>> dead;
  std::vector<Position> live;
  for (Position first = 1; first <= 1700; ++first) {
    const bool lives = first % 566 == 0;
    const std::string record = "record " + std::to_string(first);
    const std::string_view payload =
        lives ? std::string_view(record) : std::string_view(flood).substr(0, 20 * 1024 - first);
    const auto placed = (*large)->append(first, std::vector{block(first, payload)});
    ASSERT_TRUE(placed.has_value());
    const std::uint64_t at = placed->front().offset;
    if (lives) {
      live.push_back(first);
    } else if (!dead.empty() && dead.back().second + run_header_bytes == at) {
      dead.back().second = at + aligned(placed->front().size);
    } else {
      dead.emplace_back(at, at + aligned(placed->front().size));
    }
  }
  ASSERT_TRUE((*large)->seal().has_value());
  for (const auto& [begin, end] : dead)
    ASSERT_TRUE(
        (*large)->punch((begin + 4095) / 4096 * 4096, end / 4096 * 4096 - (begin + 4095) / 4096 * 4096).has_value());
  EXPECT_EQ(scan(), live);
  EXPECT_TRUE(result_.sealed);
  ASSERT_FALSE(reporter_.pieces.empty());
  for (const Skipped& piece : reporter_.pieces)
    EXPECT_TRUE(piece.hole) << piece.offset << " " << piece.bytes;

  // Damage beside the holes is damage.
  flip(dead[1].second + run_header_bytes + block_header_bytes);
  const auto found = scan();
  EXPECT_EQ(found.size(), live.size() - 1);
  EXPECT_EQ(std::ranges::count(reporter_.pieces, false, &Skipped::hole), 1);
}

TEST_F(SegmentFileTest, APowerCutInARecyclingLeavesOneLifeWhole) {
  SegmentHeader next = header;
  next.generation += 1;
  bool met_old = false;
  bool met_new = false;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    sim::SimFileSystem files;
    ASSERT_TRUE(files.make_directory("/s").has_value());
    ASSERT_TRUE(files.sync_directory("/").has_value());
    auto file = SegmentFile::create(files, "/s", header, 64 * 1024);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE((*file)->append(1, std::vector{block(1, "record 1")}).has_value());
    ASSERT_TRUE((*file)->seal().has_value());
    // The power goes before the header of the new life is synced.
    int syncs = 0;
    testing::FaultyFiles faulty(files, [&](testing::FaultyFiles::Call call, const std::string&) -> base::Result<void> {
      if (call == testing::FaultyFiles::Call::sync && ++syncs > 0) return base::fail(base::Errc::io, "no power");
      return {};
    });
    auto opened = SegmentFile::open(faulty, path);
    ASSERT_TRUE(opened.has_value());
    EXPECT_FALSE(SegmentFile::recycle(*opened, next, 64 * 1024).has_value());
    sim::SimRandom random(seed);
    files.crash(random);
    auto left = SegmentFile::open(files, path);
    ASSERT_TRUE(left.has_value());
    KeepingReporter reporter;
    std::size_t blocks = 0;
    ASSERT_TRUE((*left)->scan({}, [&](const ScannedBlock&) { ++blocks; }, reporter).has_value());
    const bool is_old = (*left)->header().generation == header.generation;
    EXPECT_EQ(blocks, is_old ? 1U : 0U);
    (is_old ? met_old : met_new) = true;
  }
  EXPECT_TRUE(met_old && met_new);
}

TEST_F(SegmentFileTest, EveryFlippedByteIsFoundOrHarmless) {
  for (Position first = 1; first <= 3; ++first)
    append(first);
  ASSERT_TRUE(file_->seal().has_value());
  const std::uint64_t size = file_->end() + run_header_bytes;
  for (std::uint64_t at = segment_header_bytes; at < size; ++at) {
    flip(at);
    const Positions found = scan();  // holds every payload to its position
    EXPECT_GE(found.size(), at < file_->end() ? 2U : 3U) << at;
    EXPECT_TRUE(found.size() == 3 || reporter_.pieces.size() == 1) << at;
    flip(at);
  }
}

TEST_F(SegmentFileTest, EveryPowerCutKeepsWhatWasSyncedAndNothingElseWrongly) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    sim::SimFileSystem files;
    ASSERT_TRUE(files.make_directory("/s").has_value());
    ASSERT_TRUE(files.sync_directory("/").has_value());
    auto file = SegmentFile::create(files, "/s", header, 64 * 1024);
    ASSERT_TRUE(file.has_value());
    for (Position first = 1; first <= 6; ++first) {
      const std::string payload = "record " + std::to_string(first);
      ASSERT_TRUE((*file)->append(first, std::vector{block(first, payload)}).has_value());
      if (first == 3) ASSERT_TRUE((*file)->sync().has_value());
    }
    sim::SimRandom random(seed);
    files.crash(random);
    auto opened = SegmentFile::open(files, path);
    ASSERT_TRUE(opened.has_value());
    Positions found;
    KeepingReporter reporter;
    const auto result = (*opened)->scan(
        {},
        [&](const ScannedBlock& at) {
          EXPECT_EQ(text_of(at.payload), "record " + std::to_string(at.header.first));
          found.push_back(at.header.first);
        },
        reporter);
    ASSERT_TRUE(result.has_value());
    ASSERT_GE(found.size(), 3U) << "seed " << seed;
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_EQ(found[i], i + 1) << "seed " << seed;
    for (const Skipped& piece : reporter.pieces)
      EXPECT_EQ(piece.kind, Skipped::Kind::torn_tail) << "seed " << seed;
  }
}

}  // namespace
}  // namespace millrace::log::segment
