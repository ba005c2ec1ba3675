#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "log/segment/index_store.h"

// What every IndexStore must do. A suite gives a World: open() opens the store over what was flushed before, after the
// store that was open is gone, as after the death of the process; fill() leaves its disk no space until make_room(), or
// says that it cannot.
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
          .size = count * 8 + 20};
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

inline SegmentUsage segment_usage(std::uint64_t segment, std::uint64_t live_bytes) {
  return {.segment = segment, .generation = segment + 70, .indexed_end = 4096, .live_bytes = live_bytes};
}

template <class World>
class IndexContract : public testing::Test {
 protected:
  IndexStore& store() { return *store_; }
  void close() { store_.reset(); }
  void reopen() {
    close();
    store_ = world_.open();
  }
  void write(const IndexBatch& batch) {
    const auto written = store_->write(batch);
    ASSERT_TRUE(written.has_value()) << base::describe(written.error());
  }
  void flush() {
    const auto flushed = store_->flush();
    ASSERT_TRUE(flushed.has_value()) << base::describe(flushed.error());
  }
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
    batch.put_usages = {segment_usage(7, 300), segment_usage(256, 1), segment_usage(255, 0)};
    batch.watermark = Watermark{.run = 12};
    batch.put_values = {{"a/1", "one"}, {"a/2", std::string("t\0o", 3)}, {"b", ""}};
    write(batch);
  }

  // `rows` rows of one record each from that position on, neighbours all.
  void put_many(LogId log, Position first, Position rows, std::int64_t arrival_ms = 500) {
    IndexBatch batch;
    for (Position i = 0; i < rows; ++i)
      batch.put_rows.push_back(index_row(log, first + i, 1, arrival_ms));
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
  EXPECT_TRUE(this->store().usages().value().empty());
  EXPECT_TRUE(this->store().flush().has_value());
  EXPECT_TRUE(this->store().write({}).has_value());
  EXPECT_TRUE(this->store().compact().has_value());
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

TYPED_TEST_P(IndexContract, ValuesAreFoundByName) {
  this->fill();
  EXPECT_EQ(this->store().value("a/1").value(), "one");
  EXPECT_EQ(this->store().value("a/2").value(), std::string("t\0o", 3));
  EXPECT_EQ(this->store().value("b").value(), "");
  EXPECT_EQ(this->store().value("a").value(), std::nullopt);
  EXPECT_EQ(this->store().value("").value(), std::nullopt);
}

TYPED_TEST_P(IndexContract, UsagesAreReplacedAndDroppedByNumber) {
  this->fill();
  using Usages = std::vector<SegmentUsage>;
  EXPECT_EQ(this->store().usages().value(),
            (Usages{segment_usage(7, 300), segment_usage(255, 0), segment_usage(256, 1)}));
  this->write({.put_usages = {segment_usage(7, 200), segment_usage(9, 1)}, .drop_usages = {255, 1000}});
  EXPECT_EQ(this->store().usages().value(),
            (Usages{segment_usage(7, 200), segment_usage(9, 1), segment_usage(256, 1)}));
  this->write({.put_usages = {segment_usage(9, 5)}, .drop_usages = {9}});
  EXPECT_EQ(this->store().usages().value().at(1), segment_usage(9, 5)) << "drops come first";
}

// Every position of an entry of many rows, and of its neighbours: rows go one by one, whatever they share.
TYPED_TEST_P(IndexContract, ATrimInsideAnEntryKeepsWhatIsLeft) {
  constexpr LogId beside{.stream_uid = log_a.stream_uid, .shard_no = log_a.shard_no - 1};
  this->put_many(log_a, 1, 300);
  this->put_many(beside, 1, 300);
  this->put_many(log_b, 1, 300);
  for (Position before = 1; before <= 301; ++before) {
    this->write({.trims = {{.log = log_a, .before = before}}});
    if (before > 300) {
      EXPECT_EQ(this->store().seek(log_a, 0).value(), std::nullopt);
      break;
    }
    ASSERT_EQ(this->store().seek(log_a, 0).value(), index_row(log_a, before, 1, 500));
    ASSERT_EQ(this->store().seek_time(log_a, 0).value(), index_row(log_a, before, 1, 500));
    ASSERT_EQ(this->store().last(log_a).value(), index_row(log_a, 300, 1, 500));
    ASSERT_EQ(this->firsts(log_a).size(), 301 - before);
  }
  EXPECT_EQ(this->firsts(beside).size(), 300U);
  EXPECT_EQ(this->firsts(log_b).size(), 300U);
}

// A batch that was written and could not be flushed may come again with more in it.
TYPED_TEST_P(IndexContract, RowsThatComeAgainReplaceWhatWasThere) {
  const auto expect_rows = [&](Position last, Position from = 1) {
    const auto rows = this->store().scan(log_a, 0, 10'000).value();
    ASSERT_EQ(rows.size(), last - from + 1);
    for (Position i = from; i <= last; ++i)
      ASSERT_EQ(rows[i - from], index_row(log_a, i, 1, 500));
  };
  this->put_many(log_b, 1, 20);
  this->put_many(log_a, 1, 200);
  this->put_many(log_a, 1, 200);
  expect_rows(200);
  this->put_many(log_a, 1, 300);
  expect_rows(300);
  this->put_many(log_a, 150, 250);
  expect_rows(399);
  this->put_many(log_a, 399, 1);
  expect_rows(399);
  // With a trim in the same batch, before, in and behind what comes again.
  for (const Position before : {Position{50}, Position{200}, Position{395}}) {
    IndexBatch batch{.trims = {{.log = log_a, .before = before}}};
    for (Position i = 200; i <= 400; ++i)
      batch.put_rows.push_back(index_row(log_a, i, 1, 500));
    this->write(batch);
    expect_rows(400, std::min(before, Position{200}));
  }
  EXPECT_EQ(this->firsts(log_b).size(), 20U);
}

TYPED_TEST_P(IndexContract, AScanGoesOverManyEntriesAndLives) {
  std::vector<IndexRow> all;
  for (Position batch = 0; batch < 20; ++batch) {
    IndexBatch rows;
    for (Position i = 0; i < 100; ++i) {
      IndexRow row = index_row(log_b, 1 + batch * 1'000 + i * 7, 5, static_cast<std::int64_t>(batch * 50 + i / 3));
      row.segment += batch / 3;
      rows.put_rows.push_back(row);
      all.push_back(row);
    }
    this->write(rows);
    if (batch % 4 == 0) this->flush();
  }
  EXPECT_EQ(this->store().scan(log_b, 0, 10'000).value(), all);
  for (std::size_t i = 0; i < all.size(); i += 13) {
    for (const Position position : {all[i].first, all[i].first + 4}) {
      const auto rows = this->store().scan(log_b, position, 150).value();
      const auto expected = std::min<std::size_t>(150, all.size() - i);
      ASSERT_TRUE(std::equal(rows.begin(), rows.end(), all.begin() + static_cast<std::ptrdiff_t>(i),
                             all.begin() + static_cast<std::ptrdiff_t>(i + expected)));
    }
    if (i + 1 < all.size()) ASSERT_EQ(this->store().seek(log_b, all[i].first + 5).value(), all[i + 1]);
  }
  for (std::int64_t ms = 0; ms <= 1'000; ++ms) {
    const auto expected = std::ranges::find_if(all, [&](const auto& row) { return row.arrival_ms >= ms; });
    ASSERT_EQ(this->store().seek_time(log_b, ms).value(),
              expected == all.end() ? std::nullopt : std::optional(*expected));
  }
}

// Neither loses what was written, and both work again by themselves. A write may be refused, too, but not by halves.
TYPED_TEST_P(IndexContract, AFullDiskIsAnErrorThatPasses) {
  this->fill();
  this->flush();
  if (!this->world_.fill()) GTEST_SKIP() << "no disk here can be filled";
  Position rows = 0;
  for (int round = 0; round < 3; ++round) {
    IndexBatch batch{.watermark = Watermark{.run = 100 + rows}};
    for (Position i = 0; i < 2'000; ++i)
      batch.put_rows.push_back(index_row(log_a, 1'000 + rows + i, 1, 500));
    const auto written = this->store().write(batch);
    if (written) {
      rows += 2'000;
    } else {
      EXPECT_EQ(written.error().code, base::Errc::full) << base::describe(written.error());
    }
    for (int again = 0; again < 2; ++again) {
      const auto flushed = this->store().flush();
      ASSERT_FALSE(flushed.has_value());
      EXPECT_EQ(flushed.error().code, base::Errc::full) << base::describe(flushed.error());
    }
    ASSERT_GT(rows, 0U) << "what is in memory is no matter of the disk";
    EXPECT_EQ(this->firsts(log_a, 1'000, 100'000).size(), rows);
    EXPECT_EQ(this->store().watermark().value(), Watermark{.run = 100 + rows - 2'000});
  }
  this->world_.make_room();
  Position last = 10'000;
  const auto expect_all = [&] {
    this->reopen();
    EXPECT_EQ(this->firsts(log_a, 0, 100'000).size(), 3U + rows + (last - 10'000));
    EXPECT_EQ(this->store().watermark().value(), Watermark{.run = 100 + rows - 2'000});
  };
  this->put_many(log_a, last++, 1);
  this->flush();
  expect_all();
  // And a flush that was refused once is one that waits from then on.
  ASSERT_TRUE(this->world_.fill());
  this->put_many(log_a, last++, 1);
  ASSERT_FALSE(this->store().flush().has_value());
  this->world_.make_room();
  for (int i = 0; i < 20; ++i) {
    this->put_many(log_a, last++, 1);
    this->flush();
  }
  expect_all();
}

TYPED_TEST_P(IndexContract, AFullDiskLeavesWhatWasFlushed) {
  this->fill();
  this->flush();
  if (!this->world_.fill()) GTEST_SKIP() << "no disk here can be filled";
  this->put_many(log_a, 1'000, 2'000);
  ASSERT_FALSE(this->store().flush().has_value());
  this->close();
  this->world_.make_room();
  this->reopen();
  EXPECT_EQ(this->firsts(log_a), (Firsts{1, 11, 31}));
  EXPECT_EQ(this->store().watermark().value(), Watermark{.run = 12});
}

TYPED_TEST_P(IndexContract, WhatWasNotFlushedIsForgotten) {
  this->fill();
  this->flush();
  this->write({.put_rows = {index_row(log_a, 41, 10, 300)},
               .put_usages = {segment_usage(7, 0)},
               .drop_logs = {log_b},
               .drop_usages = {255},
               .watermark = Watermark{.run = 13},
               .put_values = {{"a/1", "two"}}});
  EXPECT_EQ(this->store().watermark().value(), Watermark{.run = 13});
  this->reopen();
  EXPECT_EQ(this->firsts(log_a), (Firsts{1, 11, 31}));
  EXPECT_EQ(this->firsts(log_b), (Firsts{1, 11, 31}));
  EXPECT_EQ(this->store().watermark().value(), Watermark{.run = 12});
  EXPECT_EQ(this->store().value("a/1").value(), "one");
  EXPECT_EQ(this->store().logs().value().size(), 3U);
  EXPECT_EQ(this->store().usages().value().front(), segment_usage(7, 300));
  EXPECT_EQ(this->store().usages().value().size(), 3U);
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
  ASSERT_TRUE(this->store().compact().has_value());
  this->reopen();
  EXPECT_EQ(this->firsts(log_a), (Firsts{1, 11, 31}));
  EXPECT_EQ(this->firsts(log_b), Firsts{});
  EXPECT_EQ(this->firsts(log_c), (Firsts{1, 11, 31}));
}

REGISTER_TYPED_TEST_SUITE_P(IndexContract, AnEmptyStoreHasNothing, SeekFindsTheRowThatHoldsAPositionOrTheNext,
                            ScanGivesRowsInOrderUpToAMaximum, SeekTimeFindsTheFirstRowOfThatTimeOrLater,
                            OneLogIsDroppedAndTheOthersStay, ATrimKeepsTheRowThatHoldsThePosition,
                            InOneBatchDropsComeBeforePuts, ValuesAreFoundByName, UsagesAreReplacedAndDroppedByNumber,
                            ATrimInsideAnEntryKeepsWhatIsLeft, RowsThatComeAgainReplaceWhatWasThere,
                            AScanGoesOverManyEntriesAndLives, AFullDiskIsAnErrorThatPasses,
                            AFullDiskLeavesWhatWasFlushed, WhatWasNotFlushedIsForgotten, WhatWasFlushedIsThereAgain,
                            ACompactionChangesNothingThatIsSeen);

}  // namespace millrace::log::segment
