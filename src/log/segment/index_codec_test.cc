#include "log/segment/index_codec.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace millrace::log::segment {
namespace {

constexpr LogId log_one{.stream_uid = 0x0102030405060708, .shard_no = 9};

IndexRow row_at(Position first, std::uint64_t offset) {
  return {.log = log_one,
          .first = first,
          .count = 10,
          .arrival_ms = 1'700'000'000'000,
          .segment = 3,
          .generation = 0x0000'0190'0000'0007,
          .offset = offset,
          .size = 1'000};
}

// Rows of 64 logs whose blocks take turns in one segment, all of one log.
std::vector<IndexRow> interleaved_rows(std::size_t rows, std::uint32_t count, std::uint32_t size) {
  std::vector<IndexRow> all;
  for (std::size_t i = 0; i < rows; ++i) {
    IndexRow row = row_at(1 + i * count, 4096 + i * 64 * std::uint64_t{size});
    row.count = count;
    row.size = size;
    row.arrival_ms += static_cast<std::int64_t>(i * 3);
    all.push_back(row);
  }
  return all;
}

std::vector<IndexRow> unpack_all(const std::vector<IndexEntry>& entries) {
  std::vector<IndexRow> all;
  for (const IndexEntry& entry : entries) {
    const auto rows = unpack(entry.key, entry.value);
    EXPECT_TRUE(rows.has_value());
    if (rows) all.insert(all.end(), rows->begin(), rows->end());
  }
  return all;
}

// Calls with each pair of a key and a value in which one bit is flipped.
void for_each_flip(const std::string& key, const std::string& value,
                   const std::function<void(const std::string&, const std::string&)>& call) {
  for (std::size_t bit = 0; bit < (key.size() + value.size()) * 8; ++bit) {
    std::string flipped = key + value;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    call(flipped.substr(0, key.size()), flipped.substr(key.size()));
  }
}

TEST(IndexCodecTest, RowsArePackedAndUnpacked) {
  std::vector<IndexRow> rows;
  for (Position i = 0; i < 1'000; ++i) {
    IndexRow row = row_at(1 + i * 20, 4096 + i * 5'000);
    row.count = static_cast<std::uint32_t>(1 + i % 20);
    row.size = static_cast<std::uint32_t>(80 + i % 300);
    row.arrival_ms += static_cast<std::int64_t>(i * i);
    rows.push_back(row);
  }
  const auto entries = pack(rows);
  EXPECT_EQ(unpack_all(entries), rows);
  EXPECT_EQ(entries.size(), 8U) << "128 rows each";
  EXPECT_EQ(entries.front().key, row_key(log_one, 1));
}

TEST(IndexCodecTest, ExtremesSurvive) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  std::vector<IndexRow> rows(2);
  rows[0] = {.log = {}, .first = 0, .count = 0, .arrival_ms = std::numeric_limits<std::int64_t>::min(), .size = 0};
  rows[1] = {.log = {.stream_uid = most, .shard_no = std::numeric_limits<std::uint32_t>::max()},
             .first = most,
             .count = std::numeric_limits<std::uint32_t>::max(),
             .arrival_ms = std::numeric_limits<std::int64_t>::max(),
             .segment = most,
             .generation = most,
             .offset = most,
             .size = std::numeric_limits<std::uint32_t>::max()};
  EXPECT_EQ(unpack_all(pack(rows)), rows);

  // From one end of everything to the other within one entry.
  rows[1].log = rows[0].log;
  rows[1].segment = rows[0].segment;
  rows[1].generation = rows[0].generation;
  rows[1].size = 100;
  const auto entries = pack(rows);
  EXPECT_EQ(entries.size(), 1U);
  EXPECT_EQ(unpack_all(entries), rows);
}

TEST(IndexCodecTest, OnlyNeighboursShareAnEntry) {
  const IndexRow first = row_at(1, 4096);
  const auto entries_with = [&](const std::function<void(IndexRow&)>& change) {
    IndexRow second = row_at(11, 8192);
    change(second);
    const auto entries = pack(std::vector{first, second});
    EXPECT_EQ(unpack_all(entries), (std::vector{first, second}));
    return entries.size();
  };
  EXPECT_EQ(entries_with([](IndexRow&) {}), 1U);
  EXPECT_EQ(entries_with([](IndexRow& row) { row.first += std::uint64_t{9} << 32; }), 1U) << "positions may leap";
  EXPECT_EQ(entries_with([](IndexRow& row) { ++row.log.shard_no; }), 2U);
  EXPECT_EQ(entries_with([](IndexRow& row) { ++row.segment; }), 2U);
  EXPECT_EQ(entries_with([](IndexRow& row) { ++row.generation; }), 2U);
  EXPECT_EQ(entries_with([](IndexRow& row) { row.offset = 4096 + 999; }), 2U) << "in the middle of the one before";
  EXPECT_EQ(entries_with([](IndexRow& row) { row.arrival_ms -= 1; }), 2U);
}

TEST(IndexCodecTest, AnEntryHoldsAtMostSoManyBytesOfBlocks) {
  std::vector<IndexRow> rows;
  for (Position i = 0; i < 10; ++i) {
    rows.push_back(row_at(1 + i * 10, 4096 + i * 100'000));
    rows.back().size = i == 5 ? 90'000 : 20'000;
  }
  std::vector<std::size_t> sizes;
  const auto entries = pack(rows);
  for (const IndexEntry& entry : entries)
    sizes.push_back(unpack(entry.key, entry.value).value().size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{3, 2, 1, 3, 1})) << "the large one stands alone";
  EXPECT_EQ(unpack_all(entries), rows);
}

TEST(IndexCodecTest, RowsOfSeveralLogsMayTakeTurns) {
  std::vector<IndexRow> rows;
  std::vector<IndexRow> sorted;
  for (std::uint32_t shard = 0; shard < 3; ++shard) {
    for (Position i = 0; i < 5; ++i) {
      sorted.push_back(row_at(1 + i * 10, 4096 + i * 10'000 + shard * 1'000));
      sorted.back().log.shard_no = shard;
    }
  }
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t shard = 0; shard < 3; ++shard)
      rows.push_back(sorted[shard * 5 + i]);
  }
  const auto entries = pack(rows);
  EXPECT_EQ(entries.size(), 3U);
  EXPECT_EQ(unpack_all(entries), sorted);
}

TEST(IndexCodecTest, ABlockCostsFewBytes) {
  struct Case {
    const char* what;
    std::uint32_t count;
    std::uint32_t size;
  };
  for (const Case& c : {Case{"one record of 100 bytes", 1, 192}, Case{"5 records of 100 bytes", 5, 688},
                        Case{"64 interleaved, 500 bytes", 1, 504}}) {
    const auto entries = pack(interleaved_rows(1'280, c.count, c.size));
    std::size_t bytes = 0;
    for (const IndexEntry& entry : entries)
      bytes += entry.key.size() + entry.value.size();
    const double a_block = static_cast<double>(bytes) / 1'280;
    RecordProperty(c.what, std::to_string(a_block));
    EXPECT_LT(a_block, 12) << c.what;
  }
}

TEST(IndexCodecTest, EveryFlippedBitOfAnEntryIsRefused) {
  for (const std::size_t rows : {1U, 2U, 128U}) {
    const auto entries = pack(interleaved_rows(rows, 3, 400));
    ASSERT_EQ(entries.size(), 1U);
    for_each_flip(entries[0].key, entries[0].value, [](const std::string& key, const std::string& value) {
      ASSERT_EQ(unpack(key, value), std::nullopt);
    });
  }
}

TEST(IndexCodecTest, AnEntryThatIsCutOrLongerIsRefused) {
  const auto entries = pack(interleaved_rows(20, 3, 400));
  const IndexEntry& entry = entries.at(0);
  for (std::size_t size = 0; size < entry.value.size(); ++size)
    EXPECT_EQ(unpack(entry.key, entry.value.substr(0, size)), std::nullopt);
  EXPECT_EQ(unpack(entry.key, entry.value + '\0'), std::nullopt);
  EXPECT_EQ(unpack(entry.key + '\0', entry.value), std::nullopt);
  EXPECT_EQ(unpack(row_key(log_one, 2), entry.value), std::nullopt) << "the value of another key";
}

TEST(IndexCodecTest, EveryFlippedBitOfTheOthersIsRefused) {
  const LogRow log{.log = log_one,
                   .config = {.retention = std::chrono::hours(24), .record_bytes_max = 1 << 20},
                   .epoch = 3,
                   .closed = true,
                   .tail = 77,
                   .last_arrival_ms = -1,
                   .first = 5};
  const SegmentUsage usage{.segment = 5, .generation = 6, .indexed_end = 7, .live_bytes = 8};
  const Watermark watermark{.run = 99};
  EXPECT_EQ(decode_log(log_key(log_one), encode(log)), log);
  EXPECT_EQ(decode_usage(usage_key(5), encode(usage)), usage);
  EXPECT_EQ(decode_watermark(encode(watermark)), watermark);
  EXPECT_EQ(decode_value("name", encode_value("name", "content")), "content");
  EXPECT_EQ(decode_value("name", encode_value("name", "")), "");
  EXPECT_EQ(decode_value("eman", encode_value("name", "content")), std::nullopt);

  for_each_flip(log_key(log_one), encode(log),
                [](const auto& key, const auto& value) { ASSERT_EQ(decode_log(key, value), std::nullopt); });
  for_each_flip(usage_key(5), encode(usage),
                [](const auto& key, const auto& value) { ASSERT_EQ(decode_usage(key, value), std::nullopt); });
  for_each_flip("", encode(watermark),
                [](const auto&, const auto& value) { ASSERT_EQ(decode_watermark(value), std::nullopt); });
  for_each_flip("name", encode_value("name", "content"),
                [](const auto& name, const auto& value) { ASSERT_EQ(decode_value(name, value), std::nullopt); });
}

TEST(IndexCodecTest, KeysSortAsTheirLogsAndPositions) {
  const LogId next{.stream_uid = log_one.stream_uid, .shard_no = log_one.shard_no + 1};
  EXPECT_LT(row_key(log_one, 255), row_key(log_one, 256));
  EXPECT_LT(row_key(log_one, ~Position{0}), rows_end_key(log_one));
  EXPECT_LT(rows_end_key(log_one), row_key(next, 0));
  EXPECT_LT(log_key({.stream_uid = 1, .shard_no = 255}), log_key({.stream_uid = 1, .shard_no = 256}));
  EXPECT_LT(usage_key(255), usage_key(256));
}

}  // namespace
}  // namespace millrace::log::segment
