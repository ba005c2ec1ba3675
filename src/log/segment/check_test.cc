#include "log/segment/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "log/segment/catalogue_snapshot.h"
#include "log/segment/segment_file.h"
#include "log/testing/embedded_life.h"
#include "log/testing/segments.h"

namespace millrace::log::segment {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Life;
using testing::make_block;
using testing::named_block;

// A folder as the engine leaves it, then as something else leaves it.
class CheckTest : public ::testing::Test {
 protected:
  static constexpr LogId day{7, 3};
  static constexpr LogId week{8, 0};

  // Two logs of two classes and two commands with a snapshot of the first, every commit a run.
  void fill(bool stop = true) {
    Life life(files_, disk_, clock_, random_, {.disk_reserve = 0});
    ASSERT_TRUE(life.is_open()) << base::describe(life.error());
    ASSERT_TRUE(life.create(day).has_value());
    ASSERT_TRUE(life.create(week, 7 * 24h).has_value());
    for (const std::string_view command : {"first", "second"}) {
      ASSERT_TRUE(life.wait<Position>([&](auto done) { life.engine().meta().append(bytes_of(command), done); }));
    }
    ASSERT_TRUE(life.wait<void>([&](auto done) { life.engine().meta().save_snapshot(1, bytes_of("state"), done); }));
    ASSERT_TRUE(life.wait<void>([&](auto done) { life.engine().meta().trim(2, done); }));
    for (const LogId id : {day, week}) {
      auto writer = life.acquire(id).value();
      for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(life.append(*writer, named_block("record", 2, clock_.wall().now_ms())).has_value());
    }
    if (stop) ASSERT_TRUE(life.stop().has_value());
  }

  CheckReport check() { return check_with(*open_memory_index(disk_)); }
  CheckReport check_with(IndexStore& index) {
    lines_.clear();
    const auto events = files_.events();
    const auto report =
        check_folder(Life::data_folder, files_, index, [&](std::string_view line) { lines_.emplace_back(line); });
    EXPECT_EQ(files_.events(), events) << "nothing is changed";
    EXPECT_TRUE(report.has_value()) << base::describe(report.error());
    return report.value_or(CheckReport{});
  }
  // An index whose rows, logs and usages are those of the folder, and then are changed by `batch`.
  void change_index(const IndexBatch& batch) {
    auto index = open_memory_index(disk_);
    ASSERT_TRUE(index->write(batch).has_value());
    ASSERT_TRUE(index->flush().has_value());
  }
  IndexRow first_row(LogId id) { return (*open_memory_index(disk_)->seek(id, 0)).value(); }
  std::string path_of(SegmentClass segment_class) {
    const auto names = files_.list(segments_);
    for (const std::string& name : *names) {
      if (SegmentFile::parse_name(name)->first == segment_class) return segments_ + "/" + name;
    }
    ADD_FAILURE() << "no segment of that class";
    return "";
  }
  void flip(const std::string& path, std::uint64_t offset, int bit) {
    auto file = files_.open(path, io::OpenMode::write);
    std::array<std::byte, 1> one{};
    ASSERT_EQ((*file)->read_at(offset, one), 1U);
    one[0] ^= static_cast<std::byte>(1 << bit);
    ASSERT_TRUE((*file)->write_at(offset, one).has_value());
  }

  const std::string segments_ = std::string(Life::data_folder) + "/segments";
  const std::string catalogue_ = std::string(Life::data_folder) + "/catalogue";
  sim::SimFileSystem files_;
  std::shared_ptr<MemoryIndexDisk> disk_ = make_memory_index_disk();
  sim::SimClock clock_;
  sim::SimRandom random_{1};
  std::vector<std::string> lines_;
};

TEST_F(CheckTest, AWholeFolderHasNoFindings) {
  fill();
  const CheckReport report = check();
  EXPECT_THAT(lines_, IsEmpty());
  EXPECT_EQ(report.findings, 0U);
  EXPECT_EQ(report.segments, 3U);
  EXPECT_EQ(report.runs, 8U);
  EXPECT_EQ(report.blocks, 8U);
  EXPECT_EQ(report.snapshots, 1U);
  EXPECT_EQ(report.logs, 3U);
  EXPECT_GE(report.rows, 7U) << "the command that the snapshot covers needs none";
  EXPECT_EQ(report.unindexed_blocks, 0U);
  EXPECT_THAT(report.summary(), HasSubstr("no damage: 3 segments with 8 runs and 8 blocks"));
}

TEST_F(CheckTest, WhatAKillOrAPowerCutLeavesIsNoDamage) {
  fill(false);
  EXPECT_EQ(check().findings, 0U);
  EXPECT_GE(check().unindexed_blocks, 6U) << "those of the two logs";
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("blocks are not in the index yet")));
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::SimRandom random(seed);
    {
      Life life(files_, disk_, clock_, random_, {.disk_reserve = 0});
      auto writer = life.acquire(day).value();
      for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(life.append(*writer, named_block("record", 2, clock_.wall().now_ms())).has_value());
      // Goes with the power in the middle of a commit: its write is the next event but one.
      files_.fail_from(files_.events() + 2, EIO);
      static_cast<void>(life.append(*writer, named_block("torn", 100, clock_.wall().now_ms())));
      files_.fail_from(UINT64_MAX, 0);
    }
    files_.crash(random);
    EXPECT_EQ(check().findings, 0U) << "seed " << seed << ": " << ::testing::PrintToString(lines_);
  }
}

TEST_F(CheckTest, AFolderWithoutItsIndexIsWhole) {
  fill();
  disk_ = make_memory_index_disk();
  EXPECT_EQ(check().findings, 0U);
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("the index is empty")));
}

TEST_F(CheckTest, EveryFlippedBitOfASegmentOrASnapshotIsFound) {
  fill();
  std::vector<std::string> paths = {catalogue_ + "/" + snapshot_name(1)};
  for (const auto c : {SegmentClass::day, SegmentClass::week, SegmentClass::catalogue})
    paths.push_back(path_of(c));
  std::uint64_t harmless = 0;
  for (const std::string& path : paths) {
    const std::uint64_t size = files_.read_all(path, 1 << 20)->size();
    for (std::uint64_t at = 0; at < size; ++at) {
      const int bit = static_cast<int>(at % 8);
      flip(path, at, bit);
      harmless += check().findings == 0 ? 1U : 0U;
      flip(path, at, bit);
    }
  }
  // Of each block what stands between its payload and the next multiple of 8.
  EXPECT_LE(harmless, 8U * 7U);
  EXPECT_EQ(check().findings, 0U);
}

TEST_F(CheckTest, EveryFlippedBitOfTheIndexIsFound) {
  IndexPicture picture;
  observe(*disk_, [&](const IndexPicture& now, bool) -> base::Result<void> {
    picture = now;
    return {};
  });
  fill();
  std::size_t entries = 0;
  std::size_t missed = 0;
  for (bool more = true; more; ++entries) {
    more = false;
    for (std::size_t bit = 0;; ++bit) {
      disk_ = make_memory_index_disk(picture);
      if (!flip_bit(*disk_, entries, bit)) break;
      more = true;
      // The name of the mark of a clean stop: without it the next start recovers, which loses nothing.
      if (check().findings == 0) ++missed;
    }
  }
  EXPECT_GT(entries, 10U);
  EXPECT_EQ(missed, 8U * (1 + std::string_view("clean").size()));
  disk_ = make_memory_index_disk(picture);
  EXPECT_EQ(check().findings, 0U);
}

TEST_F(CheckTest, ADamagedBlockIsNamedByWhatItHeld) {
  fill();
  const IndexRow row = first_row(day);
  flip(path_of(SegmentClass::day), row.offset + block_header_bytes, 3);
  EXPECT_EQ(check().findings, 2U);
  EXPECT_THAT(lines_,
              ElementsAre(HasSubstr("not what was written; stream_uid 7 shard 3 positions 1-2"),
                          HasSubstr("stream_uid 7 shard 3 positions 1-2: lost, with their block in segments/day-")));
}

TEST_F(CheckTest, AHoleInWhatLivesIsFound) {
  fill();
  {
    Life life(files_, disk_, clock_, random_, {.disk_reserve = 0});
    auto writer = life.acquire(day).value();
    ASSERT_TRUE(
        life.append(*writer, make_block({{"k", std::string(40'000, 'x')}}, clock_.wall().now_ms())).has_value());
    ASSERT_TRUE(life.stop().has_value());
  }
  const IndexRow row = (*open_memory_index(disk_)->last(day)).value();
  auto file = files_.open(segments_ + "/" + SegmentFile::name_of(SegmentClass::day, row.segment), io::OpenMode::write);
  ASSERT_TRUE((*file)->punch(row.offset / 4096 * 4096 + 8192, 8192).has_value());
  EXPECT_EQ(check().findings, 1U);
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("stream_uid 7 shard 3 positions 7-7: lost")));
}

TEST_F(CheckTest, ASegmentThatIsGoneOrCutOffIsFound) {
  fill();
  const std::string path = path_of(SegmentClass::day);
  {
    // Behind the first of its three runs.
    const IndexRow second = (*open_memory_index(disk_)->seek(day, 3)).value();
    auto file = files_.open(path, io::OpenMode::write);
    ASSERT_TRUE((*file)->truncate(second.offset - run_header_bytes).has_value());
  }
  EXPECT_GT(check().findings, 0U);
  EXPECT_THAT(lines_, ::testing::Contains(HasSubstr("the index covers it up to")));
  EXPECT_THAT(lines_, ::testing::Contains(HasSubstr("has no seal")));
  ASSERT_TRUE(files_.remove(path).has_value());
  EXPECT_EQ(check().findings, 4U) << "three rows and the usage";
}

TEST_F(CheckTest, ASnapshotThatIsGoneIsMissedAndAnUnfinishedOneIsNot) {
  fill();
  auto file = files_.open(catalogue_ + "/" + snapshot_name(9) + ".new", io::OpenMode::create);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(check().findings, 0U);
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("an unfinished snapshot")));
  ASSERT_TRUE(files_.remove(catalogue_ + "/" + snapshot_name(1)).has_value());
  EXPECT_EQ(check().findings, 1U);
  EXPECT_THAT(lines_.back(), HasSubstr("its commands begin at position 2, and the newest whole snapshot ends at 0"));
}

TEST_F(CheckTest, AnIndexThatContradictsTheSegmentsIsFound) {
  fill();
  const IndexRow row = first_row(day);
  const SegmentUsage usage = [&] {
    const auto usages = open_memory_index(disk_)->usages();
    return *std::ranges::find(*usages, row.segment, &SegmentUsage::segment);
  }();

  change_index({.put_usages = {{usage.segment, usage.generation, usage.indexed_end, usage.live_bytes + 8}}});
  EXPECT_EQ(check().findings, 1U);
  EXPECT_THAT(lines_.back(), HasSubstr("bytes that live, and rows name"));
  change_index({.put_usages = {{usage.segment, usage.generation, usage.indexed_end - 8, usage.live_bytes}}});
  EXPECT_EQ(check().findings, 1U);
  EXPECT_THAT(lines_.back(), HasSubstr("is covered up to offset"));
  change_index({.put_usages = {usage}});
  EXPECT_EQ(check().findings, 0U);

  // A row of a log for a block of another.
  IndexRow wrong = row;
  wrong.log = week;
  wrong.first = 1'000;
  wrong.arrival_ms = clock_.wall().now_ms();
  change_index({.put_rows = {wrong}});
  EXPECT_GT(check().findings, 0U);
  EXPECT_THAT(lines_, ::testing::Contains(HasSubstr("has stream_uid 7 shard 3 positions 1-2 at offset")));
  EXPECT_THAT(lines_, ::testing::Contains(HasSubstr("its rows go up to position 1001, and the log ends at 6")));
}

// An index whose scans give one more row, which the store itself would not take.
class OneMoreRow final : public IndexStore {
 public:
  OneMoreRow(std::unique_ptr<IndexStore> index, const IndexRow& row) : index_(std::move(index)), row_(row) {}

  base::Result<std::vector<IndexRow>> scan(LogId log, Position position, std::size_t rows_max) override {
    auto rows = index_->scan(log, position, rows_max);
    if (rows && log == row_.log) rows->push_back(row_);
    return rows;
  }
  base::Result<void> write(const IndexBatch& batch) override { return index_->write(batch); }
  base::Result<void> flush() override { return index_->flush(); }
  base::Result<std::optional<IndexRow>> seek(LogId log, Position position) override {
    return index_->seek(log, position);
  }
  base::Result<std::optional<IndexRow>> seek_time(LogId log, std::int64_t arrival_ms) override {
    return index_->seek_time(log, arrival_ms);
  }
  base::Result<std::optional<IndexRow>> last(LogId log) override { return index_->last(log); }
  base::Result<std::vector<LogRow>> logs() override { return index_->logs(); }
  base::Result<std::vector<SegmentUsage>> usages() override { return index_->usages(); }
  base::Result<std::optional<Watermark>> watermark() override { return index_->watermark(); }
  base::Result<std::optional<std::string>> value(const std::string& name) override { return index_->value(name); }
  base::Result<void> compact() override { return index_->compact(); }

 private:
  std::unique_ptr<IndexStore> index_;
  IndexRow row_;
};

TEST_F(CheckTest, RowsThatOverlapAreFound) {
  fill();
  IndexRow again = (*open_memory_index(disk_)->last(day)).value();
  again.first += 1;
  OneMoreRow index(open_memory_index(disk_), again);
  EXPECT_GT(check_with(index).findings, 0U);
  EXPECT_THAT(lines_, ::testing::Contains(HasSubstr("begins at position 6 and the one before it ends at 6")));
  again.first += 1;
  again.arrival_ms -= 1;
  OneMoreRow older(open_memory_index(disk_), again);
  EXPECT_GT(check_with(older).findings, 0U);
  EXPECT_THAT(lines_, ::testing::Contains(HasSubstr("the arrival of position 7 lies before that of 5")));
}

TEST_F(CheckTest, MoreFindingsThanAreToldAreCounted) {
  fill();
  std::vector<SegmentUsage> gone;
  for (std::uint64_t i = 0; i < findings_told_max + 5; ++i)
    gone.push_back({.segment = 1'000 + i, .generation = 1, .indexed_end = 5'000, .live_bytes = 1});
  change_index({.put_usages = gone});
  EXPECT_EQ(check().findings, findings_told_max + 5);
  EXPECT_EQ(lines_.size(), findings_told_max + 1);
  EXPECT_EQ(lines_.back(), "5 more findings are not shown");
}

}  // namespace
}  // namespace millrace::log::segment
