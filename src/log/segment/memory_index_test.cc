#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "log/testing/index_contract.h"

namespace millrace::log::segment {
namespace {

class MemoryWorld {
 public:
  std::unique_ptr<IndexStore> open() { return open_memory_index(disk_); }
  bool fill() {
    set_full(*disk_, true);
    return true;
  }
  void make_room() { set_full(*disk_, false); }

 private:
  std::shared_ptr<MemoryIndexDisk> disk_ = make_memory_index_disk();
};

// Whatever bit of the disk is flipped, what is read is what was written, or is refused.
TEST(MemoryIndexTest, AFlippedBitGivesNoWrongRow) {
  const auto write = [](IndexStore& store) {
    IndexBatch batch;
    for (const LogId log : {log_a, log_b}) {
      batch.put_logs.push_back(log_row(log, 30));
      for (Position i = 0; i < 3; ++i)
        batch.put_rows.push_back(index_row(log, 1 + i * 10, 10, 100));
    }
    batch.put_usages = {segment_usage(7, 300)};
    batch.watermark = Watermark{.run = 12};
    batch.put_values = {{"a", "one"}};
    ASSERT_TRUE(store.write(batch).has_value());
    ASSERT_TRUE(store.flush().has_value());
  };
  std::size_t flips = 0;
  std::size_t refused = 0;
  for (std::size_t entry = 0;; ++entry) {
    std::size_t bit = 0;
    for (;; ++bit) {
      const auto disk = make_memory_index_disk();
      write(*open_memory_index(disk));
      if (!flip_bit(*disk, entry, bit)) break;
      const auto store = open_memory_index(disk);
      const auto expect = [&](const auto& found, const auto& holds) {
        if (found) {
          EXPECT_TRUE(holds(*found)) << "entry " << entry << " bit " << bit;
        } else {
          EXPECT_EQ(found.error().code, base::Errc::data_loss);
          EXPECT_NE(found.error().message.find("may be removed"), std::string::npos);
          ++refused;
        }
      };
      for (const LogId log : {log_a, log_b}) {
        // A key that was flipped into another kind or log is missed; no row is made up.
        expect(store->scan(log, 0, 100), [&](const std::vector<IndexRow>& rows) {
          return rows.empty() || (rows.size() == 3 && rows[1] == index_row(log, 11, 10, 100));
        });
      }
      expect(store->logs(), [](const std::vector<LogRow>& rows) {
        return std::ranges::all_of(rows, [](const LogRow& row) { return row == log_row(row.log, 30); });
      });
      expect(store->usages(), [](const auto& rows) { return rows.empty() || rows[0] == segment_usage(7, 300); });
      expect(store->watermark(), [](const auto& mark) { return !mark || mark->run == 12; });
      expect(store->value("a"), [](const auto& value) { return !value || *value == "one"; });
      ++flips;
    }
    if (bit == 0) break;
  }
  EXPECT_GT(flips, 1'000U);
  EXPECT_GT(refused, flips * 3 / 4);
}

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, IndexContract, MemoryWorld);

}  // namespace
}  // namespace millrace::log::segment
