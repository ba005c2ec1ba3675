#include "log/segment/reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "log/testing/embedded_life.h"

namespace millrace::log::segment {
namespace {

using testing::Life;
using testing::make_block;
using testing::records_of;
using testing::TestRecord;

// The same records read from the table of what is not indexed, from the index, and from both.
class ReaderTest : public ::testing::TestWithParam<int> {
 protected:
  static constexpr LogId id{7, 3};
  static constexpr int blocks = 40;

  ReaderTest() : life_(files_, disk_, clock_, random_, {.disk_reserve = 0}) {
    EXPECT_TRUE(life_.create(id).has_value());
    writer_ = life_.acquire(id).value();
    for (int i = 0; i < blocks; ++i) {
      if (i == GetParam()) life_.advance(std::chrono::seconds(31));
      std::vector<TestRecord> records;
      for (int r = 0; r <= i % 4; ++r) {
        const std::string data = std::to_string(i) + "-" + std::to_string(r) + std::string(std::size_t(i) * 300, '.');
        records.push_back({"key", data});
        expected_.push_back(data);
      }
      clock_.advance(std::chrono::milliseconds(10));
      EXPECT_TRUE(life_.append(*writer_, make_block(records, clock_.wall().now_ms())).has_value());
    }
  }

  Page read(Position from, ReadLimits limits) {
    auto page = life_.wait<Page>([&](auto done) { life_.engine().read(id, from, limits, std::move(done)); });
    EXPECT_TRUE(page.has_value()) << (page ? "" : base::describe(page.error()));
    return page ? std::move(*page) : Page{};
  }

  sim::SimFileSystem files_;
  std::shared_ptr<MemoryIndexDisk> disk_ = make_memory_index_disk();
  sim::SimClock clock_;
  sim::SimRandom random_{1};
  Life life_;
  std::unique_ptr<Writer> writer_;
  std::vector<std::string> expected_;
};

TEST_P(ReaderTest, PagesOfEveryLimitAddUpToWhatIsThere) {
  for (const ReadLimits limits : {ReadLimits{.records_max = 1, .bytes_max = 1},
                                  {.records_max = 3, .bytes_max = 1 << 20},
                                  {.records_max = 10'000, .bytes_max = 5'000},
                                  {.records_max = 10'000, .bytes_max = 40'000},
                                  {.records_max = 10'000, .bytes_max = 10 << 20}}) {
    std::vector<std::string> all;
    Position from = 1;
    for (Page page = read(from, limits); !page.slices.empty(); page = read(from, limits)) {
      std::size_t bytes = 0;
      const auto records = records_of(page);
      for (const auto& record : records) {
        all.push_back(record.data);
        bytes += record.data.size() + 3;
      }
      EXPECT_LE(records.size(), limits.records_max);
      EXPECT_TRUE(bytes <= limits.bytes_max || records.size() == 1);
      EXPECT_EQ(page.next_arrival_ms.has_value(), all.size() < expected_.size());
      EXPECT_GT(page.next, from);
      from = page.next;
    }
    EXPECT_EQ(all, expected_);
  }
}

TEST_P(ReaderTest, ReadingFromEveryPositionBeginsWithItsRecord) {
  for (std::size_t i = 0; i < expected_.size(); ++i) {
    const auto records = records_of(read(i + 1, {.records_max = 2, .bytes_max = 1 << 20}));
    ASSERT_FALSE(records.empty());
    EXPECT_EQ(records.front().position, i + 1);
    EXPECT_EQ(records.front().data, expected_[i]);
  }
}

TEST_P(ReaderTest, ATimeIsFoundWhereItsRecordsBegin) {
  const auto all = records_of(read(1, {.records_max = 10'000, .bytes_max = 10 << 20}));
  ASSERT_EQ(all.size(), expected_.size());
  for (const auto& record : all) {
    const auto at =
        life_.wait<Position>([&](auto done) { life_.engine().seek_time(id, record.arrival_ms, std::move(done)); });
    const auto first = std::ranges::find(all, record.arrival_ms, &testing::ReadRecord::arrival_ms);
    EXPECT_EQ(at.value(), first->position);
  }
  const auto behind = life_.wait<Position>(
      [&](auto done) { life_.engine().seek_time(id, all.back().arrival_ms + 1, std::move(done)); });
  EXPECT_EQ(behind.value(), all.back().position + 1);
}

INSTANTIATE_TEST_SUITE_P(Indexed, ReaderTest, ::testing::Values(-1, 0, 1, 17, 39));

}  // namespace
}  // namespace millrace::log::segment
