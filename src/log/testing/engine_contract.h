#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "log/engine.h"
#include "log/testing/await.h"
#include "log/testing/blocks.h"
#include "log/testing/test_loop.h"

// What every engine must do, as far as the broker above the seam relies on it. An engine's test instantiates it with a
// `Host`, default-constructible, whose `engine()` is a new, empty engine:
//
//   INSTANTIATE_TYPED_TEST_SUITE_P(Memory, EngineContract, MemoryHost);
//
// Positions may have gaps, calls may complete at once or later on any thread: nothing here assumes either.
namespace millrace::log::testing {

template <class Host>
class EngineContract : public ::testing::Test {
 protected:
  static constexpr LogId id{7, 3};
  // Nothing expires, so that tests may give any arrival times.
  static constexpr LogConfig config{.retention = std::chrono::hours(0), .record_bytes_max = 1024 * 1024};

  Engine& engine() { return host_.engine(); }

  void SetUp() override { create(id); }

  void create(LogId log) {
    const auto created = await<void>([&](auto done) { engine().create(log, config, std::move(done)); });
    ASSERT_TRUE(created.has_value()) << base::describe(created.error());
  }
  base::Result<std::unique_ptr<Writer>> try_acquire(LogId log, std::uint64_t epoch) {
    return await<std::unique_ptr<Writer>>(
        [&](auto done) { engine().acquire(log, Epoch{epoch}, loop_, std::move(done)); });
  }
  std::unique_ptr<Writer> acquire(LogId log = id, std::uint64_t epoch = 1) {
    auto writer = try_acquire(log, epoch);
    EXPECT_TRUE(writer.has_value()) << (writer ? "" : base::describe(writer.error()));
    return writer ? std::move(*writer) : nullptr;
  }
  static base::Result<Appended> append(Writer& writer, Block block) {
    return await<Appended>([&](auto done) { writer.append(std::move(block), std::move(done)); });
  }
  // Positions of the records of a block that must succeed.
  static std::vector<Position> stored(Writer& writer, Block block) {
    const std::uint32_t records = block.record_count();
    const auto runs = append(writer, std::move(block));
    EXPECT_TRUE(runs.has_value()) << (runs ? "" : base::describe(runs.error()));
    if (!runs) return std::vector<Position>(records);
    EXPECT_EQ(positions_of(*runs).size(), records) << "a block is stored whole";
    return positions_of(*runs);
  }
  static base::Result<Position> close(Writer& writer) {
    return await<Position>([&](auto done) { writer.close(std::move(done)); });
  }
  base::Result<Page> try_read(LogId log, Position from, ReadLimits limits = all_records) {
    return await<Page>([&](auto done) { engine().read(log, from, limits, std::move(done)); });
  }
  Page read(Position from, ReadLimits limits = all_records, LogId log = id) {
    auto page = try_read(log, from, limits);
    EXPECT_TRUE(page.has_value()) << (page ? "" : base::describe(page.error()));
    return page ? std::move(*page) : Page{};
  }
  base::Result<Position> seek(std::int64_t arrival_ms, LogId log = id) {
    return await<Position>([&](auto done) { engine().seek_time(log, arrival_ms, std::move(done)); });
  }
  base::Result<Position> first(LogId log = id) {
    return await<Position>([&](auto done) { engine().first(log, std::move(done)); });
  }
  std::vector<LogId> list() {
    auto ids = await<std::vector<LogId>>([&](auto done) { engine().list(std::move(done)); });
    EXPECT_TRUE(ids.has_value());
    return ids ? *ids : std::vector<LogId>{};
  }
  base::Result<void> drop(LogId log) {
    return await<void>([&](auto done) { engine().drop(log, std::move(done)); });
  }
  // Pages of those limits from `from` to the end of what is there, one after another.
  std::vector<ReadRecord> walk(Position from, ReadLimits limits, LogId log = id) {
    std::vector<ReadRecord> all;
    for (;;) {
      const Page page = read(from, limits, log);
      const auto records = records_of(page);
      EXPECT_GE(page.next, from);
      if (records.empty()) return all;
      EXPECT_GT(page.next, records.back().position);
      all.insert(all.end(), records.begin(), records.end());
      from = page.next;
    }
  }

  // Declared before the engine, so that it outlives every writer and what they have in flight.
  TestLoop loop_;
  Host host_;
};

TYPED_TEST_SUITE_P(EngineContract);

TYPED_TEST_P(EngineContract, AnEmptyLogBeginsBeforePositionOne) {
  const auto writer = this->acquire();
  ASSERT_NE(writer, nullptr);
  EXPECT_EQ(writer->tail(), 0U);
  EXPECT_EQ(writer->last_arrival_ms(), 0);
  EXPECT_FALSE(writer->is_closed());
  EXPECT_EQ(this->first().value(), 1U);
  EXPECT_EQ(this->seek(0).value(), 1U);
  const Page page = this->read(1);
  EXPECT_TRUE(page.slices.empty());
  EXPECT_EQ(page.next, 1U);
  EXPECT_FALSE(page.next_arrival_ms.has_value());
  EXPECT_FALSE(page.closed);
}

TYPED_TEST_P(EngineContract, WhatIsAppendedComesBackByteForByte) {
  const auto writer = this->acquire();
  const std::vector<TestRecord> records = {
      {"a", ""},
      {"key", std::string("\0\xff\x80 binary", 10), base::make_u128(1, 2)},
      {std::string(256, 'k'), std::string(100'000, 'd')},
      {"last", "x", base::u128_max},
  };
  const auto positions = this->stored(*writer, make_block(records, 1'234));
  const Page page = this->read(1);
  std::vector<TestRecord> back;
  for (const Slice& slice : page.slices) {
    EXPECT_EQ(slice.block.arrival_ms(), 1'234);
    for (auto at = slice.block.begin(slice.first); at.valid() && at.index() < slice.last; at.next()) {
      const RecordView record = at.record();
      EXPECT_TRUE(record.has_partition_key);
      back.push_back({std::string(record.partition_key), std::string(record.data), record.explicit_hash_key});
    }
  }
  EXPECT_EQ(back, records);
  EXPECT_EQ(writer->tail(), positions.back());
  EXPECT_EQ(writer->last_arrival_ms(), 1'234);
}

TYPED_TEST_P(EngineContract, PositionsGrowInTheOrderOfAppending) {
  const auto writer = this->acquire();
  std::vector<ReadRecord> expected;
  Position last = 0;
  for (int i = 0; i < 50; ++i) {
    const std::size_t count = static_cast<std::size_t>(i % 4) + 1;
    const std::string name = "b" + std::to_string(i);
    const auto positions = this->stored(*writer, named_block(name, count, 1'000 + i / 3));
    for (std::size_t r = 0; r < count; ++r) {
      EXPECT_GT(positions[r], last);
      last = positions[r];
      expected.push_back({last, 1'000 + i / 3, name + "-" + std::to_string(r)});
    }
    EXPECT_EQ(writer->tail(), last);
  }
  EXPECT_EQ(records_of(this->read(1)), expected);
  EXPECT_EQ(this->first().value(), expected.front().position);
  // From any position on: what is there, and nothing else.
  for (Position from = 0; from <= last + 1; ++from) {
    const auto begin =
        std::find_if(expected.begin(), expected.end(), [&](const ReadRecord& r) { return r.position >= from; });
    EXPECT_EQ(records_of(this->read(from)), std::vector<ReadRecord>(begin, expected.end())) << "from " << from;
  }
}

TYPED_TEST_P(EngineContract, AppendsInFlightCompleteInTheirOrderOnTheExecutor) {
  const auto writer = this->acquire();
  struct Seen {
    Condition condition;
    std::vector<int> order;
    std::vector<Position> positions;
    int elsewhere = 0;
    int failed = 0;
  } seen;
  constexpr int appends = 200;
  const std::thread::id caller = std::this_thread::get_id();
  for (int i = 0; i < appends; ++i) {
    writer->append(named_block("b" + std::to_string(i), 2, 1), [&, i](base::Result<Appended> outcome) {
      const bool at_once = std::this_thread::get_id() == caller;
      const bool on_executor = base::current_executor() == &this->loop_;
      seen.condition.update([&] {
        seen.order.push_back(i);
        if (!at_once && !on_executor) ++seen.elsewhere;
        if (outcome) {
          for (const Position position : positions_of(*outcome))
            seen.positions.push_back(position);
        } else {
          ++seen.failed;
        }
      });
    });
  }
  ASSERT_TRUE(seen.condition.wait([&] { return seen.order.size() == appends; }));
  EXPECT_TRUE(std::is_sorted(seen.order.begin(), seen.order.end()));
  EXPECT_EQ(seen.elsewhere, 0);
  EXPECT_EQ(seen.failed, 0);
  EXPECT_EQ(seen.positions.size(), 2U * appends);
  EXPECT_EQ(std::adjacent_find(seen.positions.begin(), seen.positions.end(), std::greater_equal<>()),
            seen.positions.end());
}

TYPED_TEST_P(EngineContract, ASuccessIsVisibleToReadersAlready) {
  const auto writer = this->acquire();
  Outcome<std::vector<std::string>> seen;
  writer->append(named_block("b", 2, 5), [&, done = seen.done()](base::Result<Appended> runs) mutable {
    ASSERT_TRUE(runs.has_value());
    EXPECT_GE(writer->tail(), runs->back().first + runs->back().count - 1);
    this->engine().read(this->id, runs->front().first, all_records,
                        [done = std::move(done)](base::Result<Page> page) mutable {
                          ASSERT_TRUE(page.has_value());
                          done(data_of(*page));
                        });
  });
  EXPECT_EQ(seen.get().value(), (std::vector<std::string>{"b-0", "b-1"}));
}

TYPED_TEST_P(EngineContract, DestroyingAWriterCancelsNothing) {
  auto writer = this->acquire();
  std::vector<Outcome<Appended>> calls(20);
  for (auto& call : calls)
    writer->append(named_block("b", 1, 1), call.done());
  writer.reset();
  for (auto& call : calls)
    EXPECT_TRUE(call.get().has_value());
  EXPECT_EQ(records_of(this->read(1)).size(), calls.size());
}

TYPED_TEST_P(EngineContract, CloseIsAnEndMarkerAndIdempotent) {
  const auto writer = this->acquire();
  const auto positions = this->stored(*writer, named_block("b", 3, 1));
  EXPECT_FALSE(this->read(positions.back() + 1).closed);
  EXPECT_EQ(this->close(*writer).value(), positions.back());
  EXPECT_EQ(this->close(*writer).value(), positions.back());
  EXPECT_TRUE(writer->is_closed());
  EXPECT_EQ(code_of(this->append(*writer, named_block("late", 1, 1))), base::Errc::closed);
  EXPECT_EQ(code_of(this->append(*writer, named_block("later", 1, 1))), base::Errc::closed);

  // The end is told with the last record, and not before it.
  const Page part = this->read(1, {.records_max = 2, .bytes_max = 1'000});
  EXPECT_EQ(data_of(part), (std::vector<std::string>{"b-0", "b-1"}));
  EXPECT_FALSE(part.closed);
  const Page rest = this->read(part.next);
  EXPECT_EQ(data_of(rest), (std::vector<std::string>{"b-2"}));
  EXPECT_TRUE(rest.closed);
  EXPECT_TRUE(this->read(rest.next).closed);

  const auto again = this->acquire();
  EXPECT_TRUE(again->is_closed());
  EXPECT_EQ(again->tail(), positions.back());
  EXPECT_EQ(this->close(*again).value(), positions.back());
}

TYPED_TEST_P(EngineContract, AnEmptyLogCanBeClosed) {
  const auto writer = this->acquire();
  EXPECT_EQ(this->close(*writer).value(), 0U);
  EXPECT_TRUE(this->read(1).closed);
}

TYPED_TEST_P(EngineContract, AHigherEpochFencesTheOldWriter) {
  const auto old = this->acquire(this->id, 5);
  const auto before = this->stored(*old, named_block("old", 1, 10));
  EXPECT_EQ(code_of(this->try_acquire(this->id, 4)), base::Errc::fenced);
  // The refused one changed nothing.
  this->stored(*old, named_block("old", 1, 10));

  const auto next = this->acquire(this->id, 6);
  ASSERT_NE(next, nullptr);
  EXPECT_GT(next->tail(), before.back());
  EXPECT_EQ(next->last_arrival_ms(), 10);
  EXPECT_EQ(code_of(this->append(*old, named_block("lost", 1, 10))), base::Errc::fenced);
  EXPECT_EQ(code_of(this->append(*old, named_block("lost", 1, 10))), base::Errc::fenced);
  EXPECT_EQ(code_of(this->close(*old)), base::Errc::fenced);
  EXPECT_EQ(code_of(this->try_acquire(this->id, 5)), base::Errc::fenced);
  this->stored(*next, named_block("new", 1, 11));
  EXPECT_EQ(data_of(this->read(1)), (std::vector<std::string>{"old-0", "old-0", "new-0"}));
  EXPECT_FALSE(this->read(1).closed);
}

TYPED_TEST_P(EngineContract, AnEqualEpochGoesOnWhereTheLogEnds) {
  auto writer = this->acquire();
  const auto one = this->stored(*writer, named_block("one", 2, 10));
  writer = nullptr;
  writer = this->acquire();
  EXPECT_EQ(writer->tail(), one.back());
  EXPECT_EQ(writer->last_arrival_ms(), 10);
  const auto two = this->stored(*writer, named_block("two", 1, 10));
  EXPECT_GT(two.front(), one.back());
  EXPECT_EQ(data_of(this->read(1)), (std::vector<std::string>{"one-0", "one-1", "two-0"}));
}

TYPED_TEST_P(EngineContract, AcquiringAgainAfterAFailureWorks) {
  EXPECT_EQ(code_of(this->try_acquire(LogId{404, 0}, 1)), base::Errc::not_found);
  this->create(LogId{404, 0});
  const auto writer = this->acquire(LogId{404, 0});
  this->stored(*writer, named_block("b", 1, 1));
  EXPECT_EQ(code_of(this->try_acquire(LogId{404, 0}, 0)), base::Errc::fenced);
  const auto again = this->acquire(LogId{404, 0}, 2);
  this->stored(*again, named_block("b", 1, 1));
  EXPECT_EQ(records_of(this->read(1, all_records, LogId{404, 0})).size(), 2U);
}

TYPED_TEST_P(EngineContract, TimesAreFoundAcrossBlocksAndAmongEqualOnes) {
  const auto writer = this->acquire();
  const std::vector<std::int64_t> arrivals = {100, 100, 100, 250, 250, 400, 401, 900, 900};
  std::vector<Position> firsts;
  Position tail = 0;
  for (const std::int64_t arrival : arrivals) {
    const auto positions = this->stored(*writer, named_block("b", 3, arrival));
    firsts.push_back(positions.front());
    tail = positions.back();
  }
  for (std::int64_t at = 0; at <= 1'000; ++at) {
    const auto block = std::lower_bound(arrivals.begin(), arrivals.end(), at) - arrivals.begin();
    const Position found = this->seek(at).value();
    if (static_cast<std::size_t>(block) < firsts.size()) {
      EXPECT_EQ(found, firsts[static_cast<std::size_t>(block)]) << "at " << at;
    } else {
      EXPECT_GT(found, tail) << "at " << at;
      EXPECT_TRUE(this->read(found).slices.empty());
    }
  }
}

TYPED_TEST_P(EngineContract, ReadersCanAskForRecordsFromAnArrivalTimeOn) {
  const auto writer = this->acquire();
  this->stored(*writer, named_block("a", 2, 100));
  this->stored(*writer, named_block("b", 1, 200));
  const auto c = this->stored(*writer, named_block("c", 1, 300));
  const auto from = [&](std::int64_t ms) {
    ReadLimits limits = all_records;
    limits.arrival_min_ms = ms;
    return this->read(1, limits);
  };
  EXPECT_EQ(data_of(from(100)), (std::vector<std::string>{"a-0", "a-1", "b-0", "c-0"}));
  EXPECT_EQ(data_of(from(101)), (std::vector<std::string>{"b-0", "c-0"}));
  EXPECT_EQ(data_of(from(300)), (std::vector<std::string>{"c-0"}));
  // What is hidden is passed over.
  const Page none = from(301);
  EXPECT_TRUE(none.slices.empty());
  EXPECT_GT(none.next, c.back());
  EXPECT_FALSE(none.next_arrival_ms.has_value());
}

TYPED_TEST_P(EngineContract, PagesOfAnySizeGiveEveryRecordOnce) {
  const auto writer = this->acquire();
  for (int i = 0; i < 12; ++i) {
    std::vector<TestRecord> records;
    for (int r = 0; r <= i % 5; ++r) {
      records.push_back(
          {"k", std::string(static_cast<std::size_t>(1 + (i * 7 + r * 3) % 20), static_cast<char>('a' + i))});
    }
    this->stored(*writer, make_block(records, 10 * i));
  }
  const auto all = records_of(this->read(1));
  ASSERT_EQ(all.size(), 33U);
  for (std::uint32_t records_max = 1; records_max <= 34; ++records_max) {
    EXPECT_EQ(this->walk(1, {.records_max = records_max, .bytes_max = 1 << 20}), all) << records_max << " records";
  }
  for (std::size_t bytes_max = 1; bytes_max <= 60; ++bytes_max) {
    EXPECT_EQ(this->walk(1, {.records_max = 1'000, .bytes_max = bytes_max}), all) << bytes_max << " bytes";
  }
}

TYPED_TEST_P(EngineContract, LimitsAreKeptSaveForAFirstRecordThatIsLarger) {
  const auto writer = this->acquire();
  this->stored(*writer, make_block({{"k", std::string(99, 'a')}, {"k", std::string(99, 'b')}}, 1));
  const auto large = this->stored(*writer, make_block({{"k", std::string(5'000, 'c')}}, 2));
  const auto count = [&](Position from, ReadLimits limits) { return records_of(this->read(from, limits)).size(); };
  // Keys count, too: each record is of 100 bytes.
  EXPECT_EQ(count(1, {.records_max = 10, .bytes_max = 199}), 1U);
  EXPECT_EQ(count(1, {.records_max = 10, .bytes_max = 200}), 2U);
  EXPECT_EQ(count(1, {.records_max = 10, .bytes_max = 5'200}), 2U);
  EXPECT_EQ(count(1, {.records_max = 10, .bytes_max = 5'201}), 3U);
  EXPECT_EQ(count(1, {.records_max = 2, .bytes_max = 10'000}), 2U);
  EXPECT_EQ(count(large.front(), {.records_max = 10, .bytes_max = 1}), 1U);
  const Page page = this->read(1, {.records_max = 10, .bytes_max = 200});
  EXPECT_EQ(page.next, large.front());
  EXPECT_EQ(page.next_arrival_ms, 2);
  EXPECT_FALSE(this->read(1).next_arrival_ms.has_value());
}

TYPED_TEST_P(EngineContract, AtTheTailAndBeyondItThereIsNothing) {
  const auto writer = this->acquire();
  const auto positions = this->stored(*writer, named_block("b", 3, 1));
  for (const Position from : {positions.back() + 1, positions.back() + 1'000}) {
    const Page page = this->read(from);
    EXPECT_TRUE(page.slices.empty());
    EXPECT_EQ(page.next, from);
    EXPECT_FALSE(page.next_arrival_ms.has_value());
  }
  // A reader that waits at the tip gets what comes next.
  this->stored(*writer, named_block("next", 1, 2));
  EXPECT_EQ(data_of(this->read(positions.back() + 1)), (std::vector<std::string>{"next-0"}));
}

TYPED_TEST_P(EngineContract, UnknownLogsAreNotFound) {
  const LogId nowhere{404, 404};
  EXPECT_EQ(code_of(this->try_read(nowhere, 1)), base::Errc::not_found);
  EXPECT_EQ(code_of(this->seek(0, nowhere)), base::Errc::not_found);
  EXPECT_EQ(code_of(this->first(nowhere)), base::Errc::not_found);
  EXPECT_EQ(code_of(this->try_acquire(nowhere, 1)), base::Errc::not_found);
  EXPECT_EQ(code_of(await<void>([&](auto done) { this->engine().configure(nowhere, this->config, std::move(done)); })),
            base::Errc::not_found);
  EXPECT_TRUE(this->drop(nowhere).has_value());
}

TYPED_TEST_P(EngineContract, CreateAndDropAreIdempotentAndListed) {
  const LogId other{7, 4};
  this->create(other);
  const auto writer = this->acquire();
  this->stored(*writer, named_block("b", 1, 1));
  this->create(this->id);
  EXPECT_EQ(data_of(this->read(1)), (std::vector<std::string>{"b-0"}));
  EXPECT_EQ(this->list(), (std::vector<LogId>{this->id, other}));
  EXPECT_EQ(this->engine().usage().logs, 2U);

  const Page held = this->read(1);
  EXPECT_TRUE(this->drop(this->id).has_value());
  EXPECT_TRUE(this->drop(this->id).has_value());
  EXPECT_EQ(this->list(), (std::vector<LogId>{other}));
  EXPECT_EQ(code_of(this->try_read(this->id, 1)), base::Errc::not_found);
  EXPECT_EQ(code_of(this->append(*writer, named_block("late", 1, 1))), base::Errc::not_found);
  // An engine on disk gives the space back a little later; each call takes it a turn of its threads further.
  for (int turn = 0; turn < 100'000 && this->engine().usage().bytes > 0; ++turn)
    EXPECT_EQ(code_of(this->try_acquire(this->id, 1)), base::Errc::not_found);
  EXPECT_EQ(this->engine().usage().bytes, 0U);
  // What a reader got before is the reader's.
  EXPECT_EQ(data_of(held), (std::vector<std::string>{"b-0"}));
  EXPECT_TRUE(this->read(1, all_records, other).slices.empty());
}

TYPED_TEST_P(EngineContract, ConfigureKeepsTheRecords) {
  const auto writer = this->acquire();
  this->stored(*writer, named_block("b", 1, 1));
  // Longer than any clock is behind the record.
  const LogConfig longer{.retention = std::chrono::hours(24 * 365 * 100), .record_bytes_max = 1024 * 1024};
  EXPECT_TRUE(await<void>([&](auto done) { this->engine().configure(this->id, longer, std::move(done)); }).has_value());
  EXPECT_EQ(data_of(this->read(1)), (std::vector<std::string>{"b-0"}));
}

TYPED_TEST_P(EngineContract, StopFinishesWhatIsInFlightAndThenRefuses) {
  const auto writer = this->acquire();
  std::vector<Outcome<Appended>> calls(20);
  for (auto& call : calls)
    writer->append(named_block("b", 1, 1), call.done());
  EXPECT_TRUE(await<void>([&](auto done) { this->engine().stop(std::move(done)); }).has_value());
  for (auto& call : calls)
    EXPECT_TRUE(call.get().has_value());
  EXPECT_EQ(code_of(this->append(*writer, named_block("late", 1, 1))), base::Errc::closed);
  EXPECT_EQ(code_of(this->try_acquire(this->id, 1)), base::Errc::closed);
  EXPECT_EQ(code_of(await<void>([&](auto done) { this->engine().create(LogId{9, 9}, this->config, std::move(done)); })),
            base::Errc::closed);
}

TYPED_TEST_P(EngineContract, ManyWritersAndReadersAtOnceLoseNothing) {
  constexpr std::uint32_t logs = 6;
  constexpr int blocks = 150;
  for (std::uint32_t l = 0; l < logs; ++l)
    this->create(LogId{50, l});
  std::vector<std::vector<ReadRecord>> seen(logs);
  std::vector<std::thread> threads;
  for (std::uint32_t l = 0; l < logs; ++l) {
    threads.emplace_back([this, l] {
      const auto writer = this->acquire(LogId{50, l});
      std::vector<Outcome<Appended>> calls(blocks);
      for (int b = 0; b < blocks; ++b) {
        writer->append(named_block(std::to_string(b), 1 + static_cast<std::size_t>(b % 3), b),
                       calls[static_cast<std::size_t>(b)].done());
      }
      for (auto& call : calls)
        EXPECT_TRUE(call.get().has_value());
      EXPECT_TRUE(this->close(*writer).has_value());
    });
    // Reads at the tip, without pause, until the end marker.
    threads.emplace_back([this, l, &mine = seen[l]] {
      for (Position from = 1;;) {
        const auto page = this->try_read(LogId{50, l}, from, {.records_max = 7, .bytes_max = 1 << 20});
        if (!page) {
          ADD_FAILURE() << base::describe(page.error());
          return;
        }
        for (ReadRecord& record : records_of(*page))
          mine.push_back(std::move(record));
        from = page->next;
        if (page->closed) return;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  std::vector<std::string> expected;
  for (int b = 0; b < blocks; ++b) {
    for (int r = 0; r <= b % 3; ++r)
      expected.push_back(std::to_string(b) + "-" + std::to_string(r));
  }
  for (const auto& records : seen) {
    std::vector<std::string> data;
    Position last = 0;
    for (const ReadRecord& record : records) {
      EXPECT_GT(record.position, last);
      last = record.position;
      data.push_back(record.data);
    }
    EXPECT_EQ(data, expected);
  }
}

REGISTER_TYPED_TEST_SUITE_P(EngineContract, AnEmptyLogBeginsBeforePositionOne, WhatIsAppendedComesBackByteForByte,
                            PositionsGrowInTheOrderOfAppending, AppendsInFlightCompleteInTheirOrderOnTheExecutor,
                            ASuccessIsVisibleToReadersAlready, DestroyingAWriterCancelsNothing,
                            CloseIsAnEndMarkerAndIdempotent, AnEmptyLogCanBeClosed, AHigherEpochFencesTheOldWriter,
                            AnEqualEpochGoesOnWhereTheLogEnds, AcquiringAgainAfterAFailureWorks,
                            TimesAreFoundAcrossBlocksAndAmongEqualOnes, ReadersCanAskForRecordsFromAnArrivalTimeOn,
                            PagesOfAnySizeGiveEveryRecordOnce, LimitsAreKeptSaveForAFirstRecordThatIsLarger,
                            AtTheTailAndBeyondItThereIsNothing, UnknownLogsAreNotFound,
                            CreateAndDropAreIdempotentAndListed, ConfigureKeepsTheRecords,
                            StopFinishesWhatIsInFlightAndThenRefuses, ManyWritersAndReadersAtOnceLoseNothing);

}  // namespace millrace::log::testing
