#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "log/segment/index_store.h"

// What every IndexStore must do. A suite gives a World: open() opens the store over what was flushed before, after the
// store that was open is gone, as after the death of the process.
namespace millrace::log::segment {

inline constexpr LogId log_a{.stream_uid = 1, .shard_no = 255};
inline constexpr LogId log_b{.stream_uid = 1, .shard_no = 256};
inline constexpr LogId log_c{.stream_uid = ~std::uint64_t{0}, .shard_no = ~std::uint32_t{0}};

inline IndexRow index_row(LogId log, Position first, std::uint32_t count, std::int64_t arrival_ms) {
  return {.log = log,
          .first = first,
          .count = count,
          .arrival_ms = arrival_ms,
          .segment = 7,
          .generation = 0x8877665544332211,
          .offset = first * 100,
          .size = count * 10 + 72,
          .expires_ms = arrival_ms + 1000};
}

inline LogRow log_row(LogId log, Position tail) {
  return {.log = log,
          .config = {.retention = std::chrono::hours(24), .record_bytes_max = 1 << 20},
          .epoch = 3,
          .closed = tail % 2 == 0,
          .tail = tail,
          .last_arrival_ms = 1700000000000,
          .first = 2};
}

template <class World>
class IndexContract : public testing::Test {
 protected:
  IndexStore& store() { return *store_; }
  void reopen() {
    store_.reset();
    store_ = world_.open();
  }
  void write(const IndexBatch& batch) { ASSERT_TRUE(store_->write(batch).has_value()); }
  void flush() { ASSERT_TRUE(store_->flush().has_value()); }
  std::vector<Position> firsts(LogId log, Position from = 0, std::size_t rows_max = 1000) {
    std::vector<Position> found;
    const auto rows = store_->scan(log, from, rows_max);
    EXPECT_TRUE(rows.has_value());
    for (const IndexRow& row : *rows)
      found.push_back(row.first);
    return found;
  }
  // Rows 1..10, 11..20, 31..40 of each log, arriving at 100, 200, 200.
  void fill() {
    IndexBatch batch;
    for (const LogId log : {log_a, log_b, log_c}) {
      batch.put_rows.push_back(index_row(log, 1, 10, 100));
      batch.put_rows.push_back(index_row(log, 11, 10, 200));
      batch.put_rows.push_back(index_row(log, 31, 10, 200));
      batch.put_logs.push_back(log_row(log, 40));
    }
    batch.watermark = Watermark{.run = 12};
    batch.put_values = {{"a/1", "one"}, {"a/2", std::string("t\0o", 3)}, {"b", ""}};
    write(batch);
  }

  World world_;
  std::unique_ptr<IndexStore> store_ = world_.open();
};

TYPED_TEST_SUITE_P(IndexContract);

using Firsts = std::vector<Position>;

TYPED_TEST_P(IndexContract, AnEmptyStoreHasNothing) {
  EXPECT_EQ(this->store().seek(log_a, 1).value(), std::nullopt);
  EXPECT_EQ(this->store().last(log_a).value(), std::nullopt);
  EXPECT_EQ(this->store().seek_time(log_a, 0).value(), std::nullopt);
  EXPECT_TRUE(this->store().logs().value().empty());
  EXPECT_EQ(this->store().watermark().value(), std::nullopt);
  EXPECT_EQ(this->store().value("a").value(), std::nullopt);
  EXPECT_TRUE(this->store().values("").value().empty());
}

TYPED_TEST_P(IndexContract, SeekFindsTheRowThatHoldsAPositionOrTheNext) {
  this->fill();
  const auto found = [&](Position position) { return this->store().seek(log_b, position).value(); };
  EXPECT_EQ(found(0), index_row(log_b, 1, 10, 100));
  EXPECT_EQ(found(1), index_row(log_b, 1, 10, 100));
  EXPECT_EQ(found(10), index_row(log_b, 1, 10, 100));
  EXPECT_EQ(found(11), index_row(log_b, 11, 10, 200));
  EXPECT_EQ(found(21), index_row(log_b, 31, 10, 200)) << "a gap";
  EXPECT_EQ(found(40), index_row(log_b, 31, 10, 200));
  EXPECT_EQ(found(41), std::nullopt) << "not a row of the next log";
  EXPECT_EQ(this->store().last(log_a).value(), index_row(log_a, 31, 10, 200));
  EXPECT_EQ(this->store().last(log_c).value(), index_row(log_c, 31, 10, 200));
  EXPECT_EQ(this->store().last({.stream_uid = 1, .shard_no = 1}).value(), std::nullopt);
}

TYPED_TEST_P(IndexContract, ScanGivesRowsInOrderUpToAMaximum) {
  this->fill();
  EXPECT_EQ(this->firsts(log_a), (Firsts{1, 11, 31}));
  EXPECT_EQ(this->firsts(log_a, 15), (Firsts{11, 31}));
  EXPECT_EQ(this->firsts(log_a, 1, 2), (Firsts{1, 11}));
  EXPECT_EQ(this->firsts(log_c, 41), Firsts{});
}

TYPED_TEST_P(IndexContract, SeekTimeFindsTheFirstRowOfThatTimeOrLater) {
  this->fill();
  const auto found = [&](std::int64_t ms) { return this->store().seek_time(log_b, ms).value(); };
  EXPECT_EQ(found(0), index_row(log_b, 1, 10, 100));
  EXPECT_EQ(found(100), index_row(log_b, 1, 10, 100));
  EXPECT_EQ(found(101), index_row(log_b, 11, 10, 200));
  EXPECT_EQ(found(200), index_row(log_b, 11, 10, 200));
  EXPECT_EQ(found(201), std::nullopt);

  IndexBatch many;
  for (Position first = 1; first <= 500; ++first) {
    // Positions leap, as after an unclean stop.
    const Position at = first + (first > 250 ? Position{5} << 32 : 0);
    many.put_rows.push_back(index_row({.stream_uid = 9, .shard_no = 1}, at, 1, static_cast<std::int64_t>(first / 3)));
  }
  this->write(many);
  for (std::int64_t ms = 0; ms <= 170; ++ms) {
    const auto expected = std::ranges::find_if(many.put_rows, [&](const auto& row) { return row.arrival_ms >= ms; });
    EXPECT_EQ(this->store().seek_time({.stream_uid = 9, .shard_no = 1}, ms).value(),
              expected == many.put_rows.end() ? std::nullopt : std::optional(*expected))
        << ms;
  }
}

TYPED_TEST_P(IndexContract, OneLogIsDroppedAndTheOthersStay) {
  this->fill();
  this->write({.drop_logs = {log_b}});
  EXPECT_EQ(this->firsts(log_b), Firsts{});
  EXPECT_EQ(this->firsts(log_a), (Firsts{1, 11, 31}));
  EXPECT_EQ(this->firsts(log_c), (Firsts{1, 11, 31}));
  EXPECT_EQ(this->store().logs().value(), (std::vector<LogRow>{log_row(log_a, 40), log_row(log_c, 40)}));
  this->write({.drop_logs = {log_c}});
  EXPECT_EQ(this->firsts(log_c), Firsts{}) << "the last that can be";
  EXPECT_EQ(this->firsts(log_a), (Firsts{1, 11, 31}));
}

TYPED_TEST_P(IndexContract, ATrimKeepsTheRowThatHoldsThePosition) {
  this->fill();
  this->write({.trims = {{.log = log_a, .before = 20}, {.log = log_b, .before = 21}, {.log = log_c, .before = 1000}}});
  EXPECT_EQ(this->firsts(log_a), (Firsts{11, 31}));
  EXPECT_EQ(this->firsts(log_b), (Firsts{31}));
  EXPECT_EQ(this->firsts(log_c), Firsts{});
  EXPECT_EQ(this->store().logs().value().size(), 3U) << "rows of logs stay";
}

TYPED_TEST_P(IndexContract, InOneBatchDropsComeBeforePuts) {
  this->fill();
  IndexBatch batch;
  batch.drop_logs = {log_a};
  batch.put_logs = {log_row(log_a, 51)};
  batch.put_rows = {index_row(log_a, 51, 1, 300)};
  batch.trims = {{.log = log_b, .before = 100}};
  batch.put_rows.push_back(index_row(log_b, 41, 1, 300));
  batch.drop_values = {"a/1", "b"};
  batch.put_values = {{"b", "again"}};
  this->write(batch);
  EXPECT_EQ(this->firsts(log_a), (Firsts{51}));
  EXPECT_EQ(this->firsts(log_b), (Firsts{41}));
  EXPECT_EQ(this->store().logs().value().front(), log_row(log_a, 51));
  EXPECT_EQ(this->store().value("a/1").value(), std::nullopt);
  EXPECT_EQ(this->store().value("b").value(), "again");
}

TYPED_TEST_P(IndexContract, ValuesAreFoundByNameAndByPrefix) {
  this->fill();
  using Values = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(this->store().value("a/2").value(), std::string("t\0o", 3));
  EXPECT_EQ(this->store().values("a/").value(), (Values{{"a/1", "one"}, {"a/2", std::string("t\0o", 3)}}));
  EXPECT_EQ(this->store().values("").value().size(), 3U);
  EXPECT_EQ(this->store().value("").value(), std::nullopt);
}

TYPED_TEST_P(IndexContract, WhatWasNotFlushedIsForgotten) {
  this->fill();
  this->flush();
  this->write({.put_rows = {index_row(log_a, 41, 10, 300)},
               .drop_logs = {log_b},
               .watermark = Watermark{.run = 13},
               .put_values = {{"a/1", "two"}}});
  EXPECT_EQ(this->store().watermark().value(), Watermark{.run = 13});
  this->reopen();
  EXPECT_EQ(this->firsts(log_a), (Firsts{1, 11, 31}));
  EXPECT_EQ(this->firsts(log_b), (Firsts{1, 11, 31}));
  EXPECT_EQ(this->store().watermark().value(), Watermark{.run = 12});
  EXPECT_EQ(this->store().value("a/1").value(), "one");
  EXPECT_EQ(this->store().logs().value().size(), 3U);
}

TYPED_TEST_P(IndexContract, WhatWasFlushedIsThereAgain) {
  this->fill();
  this->write({.drop_logs = {log_b}, .trims = {{.log = log_a, .before = 11}}, .drop_values = {"b"}});
  this->flush();
  this->reopen();
  EXPECT_EQ(this->firsts(log_a), (Firsts{11, 31}));
  EXPECT_EQ(this->firsts(log_b), Firsts{});
  EXPECT_EQ(this->firsts(log_c), (Firsts{1, 11, 31}));
  EXPECT_EQ(this->store().value("b").value(), std::nullopt);
  EXPECT_EQ(this->store().logs().value(), (std::vector<LogRow>{log_row(log_a, 40), log_row(log_c, 40)}));
}

TYPED_TEST_P(IndexContract, ACompactionChangesNothingThatIsSeen) {
  this->fill();
  this->flush();
  this->write({.drop_logs = {log_b}});
  this->flush();
  ASSERT_TRUE(this->store().compact(log_b).has_value());
  this->reopen();
  EXPECT_EQ(this->firsts(log_a), (Firsts{1, 11, 31}));
  EXPECT_EQ(this->firsts(log_b), Firsts{});
  EXPECT_EQ(this->firsts(log_c), (Firsts{1, 11, 31}));
}

REGISTER_TYPED_TEST_SUITE_P(IndexContract, AnEmptyStoreHasNothing, SeekFindsTheRowThatHoldsAPositionOrTheNext,
                            ScanGivesRowsInOrderUpToAMaximum, SeekTimeFindsTheFirstRowOfThatTimeOrLater,
                            OneLogIsDroppedAndTheOthersStay, ATrimKeepsTheRowThatHoldsThePosition,
                            InOneBatchDropsComeBeforePuts, ValuesAreFoundByNameAndByPrefix,
                            WhatWasNotFlushedIsForgotten, WhatWasFlushedIsThereAgain,
                            ACompactionChangesNothingThatIsSeen);

}  // namespace millrace::log::segment
