#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/engine.h"

// Blocks for tests, and what a page holds as plain values.
namespace millrace::log::testing {

struct TestRecord {
  std::string key;
  std::string data;
  std::optional<base::u128> explicit_hash_key{};
  friend bool operator==(const TestRecord&, const TestRecord&) = default;
};

inline Block make_block(const std::vector<TestRecord>& records, std::int64_t arrival_ms = 0,
                        base::MemoryBudget* budget = nullptr) {
  std::size_t bytes = 0;
  for (const TestRecord& record : records) {
    bytes += BlockBuilder::encoded_size(record.data.size(), record.key.size(), record.explicit_hash_key.has_value());
  }
  BlockBuilder builder = BlockBuilder::forced(budget, bytes);
  for (const TestRecord& record : records) {
    record.data.copy(builder.add(record.key, record.explicit_hash_key, record.data.size()), record.data.size());
  }
  Block block = builder.finish();
  block.set_arrival_ms(arrival_ms);
  return block;
}

// `count` records "<name>-0", "<name>-1", ... with the key "k".
inline Block named_block(std::string_view name, std::size_t count, std::int64_t arrival_ms = 0,
                         base::MemoryBudget* budget = nullptr) {
  std::vector<TestRecord> records;
  for (std::size_t i = 0; i < count; ++i)
    records.push_back({"k", std::string(name) + "-" + std::to_string(i)});
  return make_block(records, arrival_ms, budget);
}

struct ReadRecord {
  Position position = 0;
  std::int64_t arrival_ms = 0;
  std::string data;
  friend bool operator==(const ReadRecord&, const ReadRecord&) = default;
};

inline std::vector<ReadRecord> records_of(const Page& page) {
  std::vector<ReadRecord> records;
  for (const Slice& slice : page.slices) {
    Position position = slice.position;
    for (auto at = slice.block.begin(slice.first); at.valid() && at.index() < slice.last; at.next()) {
      records.push_back({position++, slice.block.arrival_ms(), std::string(at.record().data)});
    }
  }
  return records;
}

inline std::vector<std::string> data_of(const Page& page) {
  std::vector<std::string> data;
  for (ReadRecord& record : records_of(page))
    data.push_back(std::move(record.data));
  return data;
}

inline std::vector<Position> positions_of(const Appended& runs) {
  std::vector<Position> positions;
  for (const Run& run : runs) {
    for (std::uint32_t i = 0; i < run.count; ++i)
      positions.push_back(run.first + i);
  }
  return positions;
}

inline constexpr ReadLimits all_records{.records_max = 10'000, .bytes_max = 10 * 1024 * 1024};

}  // namespace millrace::log::testing
