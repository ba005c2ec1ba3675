#include "shard/shard.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "shard/testing/shard_fixture.h"

namespace millrace::shard {
namespace {

using base::Errc;
using base::MemoryShare;
using log::Position;
using log::testing::code_of;
using log::testing::Condition;
using log::testing::data_of;
using log::testing::positions_of;
using log::testing::records_of;

class ShardTest : public testing::ShardFixture {
 protected:
  // Of a writer that is not the shard's.
  struct Elsewhere final : base::Executor {
    void post(base::Task task) override { task(); }
  };
  Elsewhere elsewhere_;
};

TEST_F(ShardTest, WhatIsAppendedIsReadBackWithItsPositionsAndTime) {
  const Stored first = append("a", 3).value();
  EXPECT_EQ(positions_of(first.runs), (std::vector<Position>{1, 2, 3}));
  EXPECT_EQ(first.arrival_ms, sim::SimClock::start_ms);
  clock_.advance(std::chrono::milliseconds(5));
  const Stored second = append("b", 2).value();
  EXPECT_EQ(second.position(0), 4U);
  EXPECT_EQ(second.position(1), 5U);
  EXPECT_EQ(second.arrival_ms, sim::SimClock::start_ms + 5);

  const ReadPage page = start_read({.from = 2, .records_max = 3}).get().value();
  EXPECT_EQ(records_of(page.page), (std::vector<log::testing::ReadRecord>{{2, sim::SimClock::start_ms, "a-1"},
                                                                          {3, sim::SimClock::start_ms, "a-2"},
                                                                          {4, sim::SimClock::start_ms + 5, "b-0"}}));
  EXPECT_EQ(page.page.next, 5U);
  EXPECT_EQ(page.page.next_arrival_ms, sim::SimClock::start_ms + 5);
  EXPECT_EQ(page.now_ms, sim::SimClock::start_ms + 5);
  EXPECT_FALSE(read(5).next_arrival_ms.has_value());
  EXPECT_EQ(tail(), 5U);
}

// --- Group commit

TEST_F(ShardTest, SmallBlocksThatWaitTogetherAreJoinedIntoOneCommit) {
  engine_.hold(Call::append);
  std::vector<Outcome<Stored>> calls;
  for (const char* name : {"a", "b", "c", "d", "e"})
    calls.push_back(start_append(block(name, 2)));
  // Two are with the engine, the rest gathers.
  EXPECT_EQ(engine_.held(Call::append), 2U);
  EXPECT_EQ(shard_->queued(), 5U);
  engine_.release_all(Call::append);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(positions_of(calls[i].get().value().runs), (std::vector<Position>{2 * i + 1, 2 * i + 2}));
  }
  EXPECT_EQ(engine_.appends(), 3U);
  EXPECT_EQ(commits_.value(), 3U);
  EXPECT_EQ(commit_records_.sum(), 10U);
  EXPECT_EQ(shard_->queued(), 0U);
  EXPECT_EQ(data(), (Strings{"a-0", "a-1", "b-0", "b-1", "c-0", "c-1", "d-0", "d-1", "e-0", "e-1"}));
}

TEST_F(ShardTest, LargeBlocksGoAsTheyAre) {
  engine_.hold(Call::append);
  std::vector<Outcome<Stored>> calls;
  for (const char* name : {"a", "b", "c", "d"})
    calls.push_back(start_append(block(name)));
  calls.push_back(start_append(block_of_bytes(10'000)));
  for (const char* name : {"e", "f"})
    calls.push_back(start_append(block(name)));
  engine_.release_all(Call::append);
  for (std::size_t i = 0; i < calls.size(); ++i)
    EXPECT_EQ(calls[i].get().value().position(0), i + 1);
  EXPECT_EQ(engine_.appends(), 5U) << "a, b, c with d, the large one, e with f";
}

TEST_F(ShardTest, AJoinedBlockHasABound) {
  engine_.hold(Call::append);
  std::vector<Outcome<Stored>> calls;
  // 8,009 bytes each once encoded, so eight make one of at most 64 KiB.
  for (int i = 0; i < 2 + 20; ++i)
    calls.push_back(start_append(block_of_bytes(8'000)));
  engine_.release_all(Call::append);
  for (std::size_t i = 0; i < calls.size(); ++i)
    EXPECT_EQ(calls[i].get().value().position(0), i + 1);
  EXPECT_EQ(engine_.appends(), 2U + 3U);
}

TEST_F(ShardTest, RecordsAreVisibleOnlyOnceTheyAreDurable) {
  engine_.hold(Call::append);
  auto first = start_append(block("a"));
  auto second = start_append(block("b"));
  EXPECT_FALSE(first.is_there());
  EXPECT_TRUE(read().slices.empty());
  EXPECT_EQ(read().next, 1U);
  EXPECT_EQ(tail(), 0U);
  engine_.release(Call::append, 1);
  EXPECT_TRUE(first.is_there());
  EXPECT_FALSE(second.is_there());
  EXPECT_EQ(data(), (Strings{"a-0"}));
  EXPECT_EQ(tail(), 1U);
  engine_.release_all(Call::append);
  EXPECT_EQ(data(), (Strings{"a-0", "b-0"}));
}

TEST_F(ShardTest, AnAnsweredRecordIsVisibleInItsAnswer) {
  Outcome<Strings> seen;
  shard_->append(block("a"), [&, done = seen.done()](base::Result<Stored> stored) mutable {
    ASSERT_TRUE(stored.has_value());
    shard_->read({.from = stored->position(0)},
                 [done = std::move(done)](base::Result<ReadPage> page) mutable { done(data_of(page.value().page)); });
  });
  EXPECT_EQ(seen.get().value(), (Strings{"a-0"}));
}

// --- Time

TEST_F(ShardTest, ArrivalTimesNeverFallWhenTheClockGoesBack) {
  const std::int64_t start = sim::SimClock::start_ms;
  EXPECT_EQ(append("a").value().arrival_ms, start);
  clock_.set_wall_ms(start - 60'000);
  EXPECT_EQ(append("b").value().arrival_ms, start);
  // Nor over a restart: the engine knows the last one.
  restart();
  EXPECT_EQ(append("c").value().arrival_ms, start);
  clock_.set_wall_ms(start + 1);
  EXPECT_EQ(append("d").value().arrival_ms, start + 1);
}

TEST_F(ShardTest, RetentionHidesRecordsOnReads) {
  append("a").value();
  clock_.advance(std::chrono::hours(1));
  append("b").value();
  clock_.advance(std::chrono::hours(23));
  EXPECT_EQ(data(), (Strings{"a-0", "b-0"}));
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(data(), (Strings{"b-0"}));
  EXPECT_EQ(seek(0).value(), 2U);
  clock_.advance(std::chrono::hours(1));
  EXPECT_TRUE(data().empty());
  EXPECT_EQ(read().next, 3U);
  EXPECT_EQ(seek(0).value(), 3U);

  // The same where the engine is read.
  restart();
  EXPECT_TRUE(data().empty());
  EXPECT_EQ(read().next, 3U);
  // A longer retention shows what is still there.
  shard_->set_retention(std::chrono::hours(48));
  EXPECT_EQ(data(), (Strings{"a-0", "b-0"}));
  EXPECT_EQ(seek(0).value(), 1U);
  shard_->set_retention(std::chrono::hours(0));
  clock_.advance(std::chrono::hours(100'000));
  EXPECT_EQ(data(), (Strings{"a-0", "b-0"})) << "zero keeps for ever";
}

TEST_F(ShardTest, ExpiredBlocksLeaveTheTailWithTheNextCommit) {
  append("a").value();
  const std::size_t one = tail_cache_.bytes();
  append("b").value();
  EXPECT_EQ(tail_cache_.bytes(), 2 * one);
  clock_.advance(std::chrono::hours(25));
  append("c").value();
  EXPECT_EQ(tail_cache_.bytes(), one);
}

TEST_F(ShardTest, RecordsAreFoundByTime) {
  const std::int64_t start = sim::SimClock::start_ms;
  for (const char* name : {"a", "b", "c"}) {
    append(name, 2).value();
    clock_.advance(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(seek(start).value(), 1U);
  EXPECT_EQ(seek(start + 1).value(), 3U);
  EXPECT_EQ(seek(start + 200).value(), 5U);
  EXPECT_EQ(seek(start + 201).value(), 7U);
  EXPECT_EQ(data_of(start_read({.arrival_min_ms = start + 150}).get().value().page), (Strings{"c-0", "c-1"}));
}

// --- Failures

TEST_F(ShardTest, AfterAnUnknownOutcomeAllInFlightFailAndTheNextAcquiresAgain) {
  append("before").value();
  EXPECT_EQ(engine_.acquires(), 1U);
  engine_.hold(Call::append);
  engine_.fail_append(Fault::unknown_stored);
  auto a = start_append(block("a"));
  auto b = start_append(block("b"));
  auto c = start_append(block("c"));
  engine_.release_all(Call::append);
  EXPECT_EQ(code_of(a.get()), Errc::internal_failure);
  EXPECT_EQ(code_of(b.get()), Errc::internal_failure);
  EXPECT_EQ(engine_.acquires(), 2U);
  // What made it after all counts, is readable and keeps its place.
  EXPECT_EQ(c.get().value().position(0), 3U);
  EXPECT_EQ(data(), (Strings{"before-0", "a-0", "c-0"}));
  EXPECT_EQ(data(2), (Strings{"a-0", "c-0"}));
  EXPECT_EQ(tail(), 3U);
  EXPECT_EQ(shard_->queued(), 0U);
}

TEST_F(ShardTest, WhatIsLostWithAnUnknownOutcomeTakesNoPlace) {
  engine_.fail_append(Fault::unknown_lost);
  EXPECT_EQ(code_of(append("a")), Errc::internal_failure);
  EXPECT_EQ(append("b").value().position(0), 1U);
  EXPECT_EQ(data(), (Strings{"b-0"}));
}

TEST_F(ShardTest, RecordsOfAnUnknownOutcomeAreReadableAndCountedAtOnce) {
  append("before").value();
  engine_.fail_append(Fault::unknown_stored);
  EXPECT_EQ(code_of(append("a")), Errc::internal_failure);
  // A reader at the tip sees what the log has, before anybody acquires it again.
  EXPECT_EQ(engine_.acquires(), 1U);
  EXPECT_EQ(data(2), (Strings{"a-0"}));
  EXPECT_EQ(tail(), 2U);
  EXPECT_EQ(engine_.acquires(), 2U);
  EXPECT_EQ(data(2), (Strings{"a-0"}));
}

TEST_F(ShardTest, AFencedWriterIsGivenUp) {
  engine_.fail_append(Fault::fenced);
  EXPECT_EQ(code_of(append("a")), Errc::internal_failure);
  EXPECT_EQ(append("b").value().position(0), 1U);
  EXPECT_EQ(engine_.acquires(), 2U);
  // A real owner elsewhere: the log cannot be had any more.
  engine_.acquire(id, log::Epoch{2}, elsewhere_, [](auto acquired) { EXPECT_TRUE(acquired.has_value()); });
  EXPECT_EQ(code_of(append("c")), Errc::internal_failure);
  EXPECT_EQ(code_of(append("d")), Errc::internal_failure);
  EXPECT_EQ(data(), (Strings{"b-0"}));
}

TEST_F(ShardTest, WhatWasNotWrittenFailsAloneAndTheWriterGoesOn) {
  append("a").value();
  engine_.hold(Call::append);
  engine_.fail_append(Fault::unavailable);
  auto b = start_append(block("b"));
  auto c = start_append(block("c"));
  engine_.release_all(Call::append);
  EXPECT_EQ(code_of(b.get()), Errc::internal_failure);
  EXPECT_EQ(c.get().value().position(0), 2U);
  EXPECT_EQ(engine_.acquires(), 1U);
  EXPECT_EQ(data(), (Strings{"a-0", "c-0"}));
}

TEST_F(ShardTest, ALogThatCannotBeHadFailsWhatWaitsUntilItCan) {
  engine_.fail_acquires(3, Errc::unavailable);
  EXPECT_EQ(code_of(append("a")), Errc::internal_failure);
  EXPECT_EQ(code_of(start_positions().get()), Errc::internal_failure);
  EXPECT_EQ(code_of(append("b")), Errc::internal_failure);
  EXPECT_EQ(shard_->queued(), 0U);
  EXPECT_EQ(append("c").value().position(0), 1U);
  EXPECT_EQ(engine_.acquires(), 4U);
}

TEST_F(ShardTest, AClosedLogSaysSo) {
  append("a").value();
  engine_.acquire(id, log::Epoch{1}, elsewhere_, [](base::Result<std::unique_ptr<log::Writer>> writer) {
    (*writer)->close([](base::Result<Position> closed) { EXPECT_EQ(closed.value(), 1U); });
  });
  EXPECT_EQ(code_of(append("b")), Errc::closed);
  EXPECT_TRUE(start_positions().get().value().closed);
  EXPECT_FALSE(start_read({.records_max = 0}).get().value().page.closed);
  EXPECT_TRUE(read(1).closed);
  EXPECT_TRUE(read(2).closed);
  restart();
  EXPECT_TRUE(read(1).closed);
  EXPECT_TRUE(start_positions().get().value().closed);
  EXPECT_TRUE(read(2).closed);
}

// --- Queues

TEST_F(ShardTest, AFullQueueThrottlesAndRecovers) {
  engine_.hold(Call::append);
  std::vector<Outcome<Stored>> calls;
  for (std::size_t i = 0; i < Shard::appends_queued_max; ++i)
    calls.push_back(start_append(block("a")));
  EXPECT_EQ(shard_->queued(), Shard::appends_queued_max);
  EXPECT_EQ(code_of(append("over")), Errc::throughput_exceeded);
  EXPECT_EQ(code_of(append("over")), Errc::throughput_exceeded);
  EXPECT_EQ(append_queue_full_.value(), 2U);
  EXPECT_EQ(shard_->queued(), Shard::appends_queued_max);
  engine_.release_all(Call::append);
  for (std::size_t i = 0; i < calls.size(); ++i)
    ASSERT_EQ(calls[i].get().value().position(0), i + 1);
  EXPECT_EQ(shard_->queued(), 0U);
  EXPECT_EQ(append("next").value().position(0), Shard::appends_queued_max + 1);
}

TEST_F(ShardTest, TooManyReadsThatWaitAreThrottled) {
  append("a").value();
  // A thread that is kept inside the actor: whatever comes meanwhile waits.
  Condition condition;
  bool inside = false;
  bool go_on = false;
  std::thread busy([&] {
    shard_->read({}, [&](base::Result<ReadPage>) {
      condition.update([&] { inside = true; });
      EXPECT_TRUE(condition.wait([&] { return go_on; }));
    });
  });
  ASSERT_TRUE(condition.wait([&] { return inside; }));
  std::vector<Outcome<ReadPage>> reads;
  std::vector<Outcome<Positions>> positions;
  for (std::size_t i = 0; i < Shard::reads_queued_max / 2; ++i) {
    reads.push_back(start_read({}));
    positions.push_back(start_positions());
  }
  EXPECT_FALSE(reads.front().is_there());
  EXPECT_EQ(code_of(start_read({}).get()), Errc::throughput_exceeded);
  EXPECT_EQ(code_of(start_positions().get()), Errc::throughput_exceeded);
  condition.update([&] { go_on = true; });
  busy.join();
  for (auto& read : reads)
    EXPECT_TRUE(read.get().has_value());
  for (auto& one : positions)
    EXPECT_EQ(one.get().value().tail, 1U);
  EXPECT_TRUE(start_read({}).get().has_value());
}

// --- The tail in memory

TEST_F(ShardTest, TheTipIsReadFromTheTailAndTheRestFromTheEngine) {
  append("old").value();
  restart();
  append("new").value();
  engine_.hold(Call::read);
  // From the position on that was the next when this actor acquired the log, the engine is not asked.
  EXPECT_EQ(data(2), (Strings{"new-0"}));
  EXPECT_EQ(engine_.held(Call::read), 0U);
  auto old = start_read({.from = 1});
  EXPECT_EQ(engine_.held(Call::read), 1U);
  EXPECT_FALSE(old.is_there());
  // A slow read of the engine keeps nobody else waiting.
  append("newer").value();
  EXPECT_EQ(data(2), (Strings{"new-0", "newer-0"}));
  engine_.release_all(Call::read);
  EXPECT_EQ(data_of(old.get().value().page), (Strings{"old-0", "new-0", "newer-0"}));
}

TEST_F(ShardTest, ReadersGoOnWhereTheTailWasTrimmedUnderThem) {
  const std::size_t one = block("x", 4).memory_bytes();
  TailCache small(3 * one);
  Shared shared{engine_, clock_.wall(), budget_, small, commits_, commit_records_, append_queue_full_};
  shard_ = std::make_shared<Shard>(shared, ShardConfig{.id = id, .created_s = 1, .retention = std::chrono::hours(24)});
  Position from = 1;
  Strings seen;
  Strings expected;
  for (int i = 0; i < 40; ++i) {
    append(std::to_string(100 + i), 4).value();
    for (int r = 0; r < 4; ++r)
      expected.push_back(std::to_string(100 + i) + "-" + std::to_string(r));
    // Reads less than is written, so that the tail runs away from it.
    const log::Page page = start_read({.from = from, .records_max = 3}).get().value().page;
    for (std::string& record : data_of(page))
      seen.push_back(std::move(record));
    from = page.next;
  }
  EXPECT_LE(small.bytes(), small.bytes_max());
  for (;;) {
    const log::Page page = start_read({.from = from, .records_max = 3}).get().value().page;
    if (page.slices.empty()) break;
    for (std::string& record : data_of(page))
      seen.push_back(std::move(record));
    from = page.next;
  }
  EXPECT_EQ(seen, expected);
  shard_.reset();  // before its tail cache
}

TEST_F(ShardTest, BlocksInTheTailCountInTheShareOfTheLog) {
  // Whatever the engine keeps: what is committed does not take room from what waits.
  append("a").value();
  EXPECT_EQ(budget_.used(MemoryShare::append_queue), 0U);
  EXPECT_EQ(budget_.used(MemoryShare::log), tail_cache_.bytes());
  engine_.hold(Call::append);
  auto b = start_append(block("b"));
  EXPECT_GT(budget_.used(MemoryShare::append_queue), 0U);
  engine_.release_all(Call::append);
  EXPECT_TRUE(b.get().has_value());
  EXPECT_EQ(budget_.used(MemoryShare::append_queue), 0U);
}

TEST_F(ShardTest, GapsBetweenAndInsideBlocksAreNoRecords) {
  engine_.skip_positions(10);
  EXPECT_EQ(append("a", 2).value().position(1), 12U);
  engine_.split_blocks(2, 5);
  const Stored b = append("b", 5).value();
  EXPECT_EQ(positions_of(b.runs), (std::vector<Position>{13, 14, 20, 21, 27}));
  for (std::uint32_t i = 0; i < 5; ++i)
    EXPECT_EQ(b.position(i), positions_of(b.runs)[i]);
  engine_.split_blocks(0, 0);
  EXPECT_EQ(append("c").value().position(0), 28U);

  const Strings all = {"a-0", "a-1", "b-0", "b-1", "b-2", "b-3", "b-4", "c-0"};
  const std::vector<Position> positions = {11, 12, 13, 14, 20, 21, 27, 28};
  EXPECT_EQ(data(), all);
  for (Position from = 1; from <= 30; ++from) {
    const auto first = std::lower_bound(positions.begin(), positions.end(), from) - positions.begin();
    EXPECT_EQ(data(from), Strings(all.begin() + first, all.end())) << "from " << from;
    EXPECT_GE(read(from).next, from);
  }
  EXPECT_EQ(tail(), 28U);
}

TEST_F(ShardTest, PartsOfAJoinedBlockKnowTheirOwnPositionsAmongGaps) {
  engine_.split_blocks(3, 10);
  engine_.hold(Call::append);
  std::vector<Outcome<Stored>> calls;
  for (int i = 0; i < 2; ++i)
    calls.push_back(start_append(block("x", 1)));
  for (const std::size_t records : {2U, 3U, 1U, 4U})
    calls.push_back(start_append(block("y", records)));
  engine_.release_all(Call::append);
  std::vector<Position> positions;
  for (auto& call : calls) {
    for (const Position position : positions_of(call.get().value().runs))
      positions.push_back(position);
  }
  EXPECT_EQ(engine_.appends(), 3U);
  EXPECT_EQ(positions, (std::vector<Position>{1, 2, 3, 4, 5, 16, 17, 18, 29, 30, 31, 42}));
  std::vector<Position> read_positions;
  for (const auto& record : records_of(read()))
    read_positions.push_back(record.position);
  EXPECT_EQ(read_positions, positions);
}

// --- Before the writer is there

TEST_F(ShardTest, PositionsWaitForTheWriter) {
  append("a", 3).value();
  restart();
  engine_.hold(Call::acquire);
  auto positions = start_positions();
  auto appended = start_append(block("b"));
  EXPECT_EQ(engine_.held(Call::acquire), 1U);
  EXPECT_FALSE(positions.is_there());
  EXPECT_FALSE(appended.is_there());
  // Reads do not wait for it.
  EXPECT_EQ(data(), (Strings{"a-0", "a-1", "a-2"}));
  engine_.release_all(Call::acquire);
  EXPECT_EQ(positions.get().value().tail, 3U);
  EXPECT_EQ(appended.get().value().position(0), 4U);
}

TEST_F(ShardTest, PositionsAskedForBesideADeadWritersCommitsAreAnswered) {
  append("a").value();
  engine_.hold(Call::append);
  engine_.fail_append(Fault::unknown_stored);
  auto b = start_append(block("b"));
  auto c = start_append(block("c"));
  engine_.release(Call::append, 1);
  EXPECT_TRUE(b.is_there());
  auto positions = start_positions();
  EXPECT_FALSE(positions.is_there()) << "nothing may overtake what is in flight";
  engine_.release_all(Call::append);
  EXPECT_EQ(positions.get().value().tail, 2U);
  EXPECT_EQ(code_of(c.get()), Errc::internal_failure);
}

// --- Drop

TEST_F(ShardTest, ADroppedShardRefusesEverything) {
  append("a").value();
  Outcome<void> dropped;
  shard_->drop(dropped.done());
  EXPECT_TRUE(dropped.get().has_value());
  EXPECT_EQ(code_of(append("b")), Errc::resource_not_found);
  EXPECT_EQ(code_of(start_read({}).get()), Errc::resource_not_found);
  EXPECT_EQ(code_of(start_positions().get()), Errc::resource_not_found);
  EXPECT_EQ(shard_->queued(), 0U);
  EXPECT_EQ(tail_cache_.bytes(), 0U);
  Outcome<void> again;
  shard_->drop(again.done());
  EXPECT_TRUE(again.get().has_value());
}

TEST_F(ShardTest, DropAnswersWhatWaitsForTheWriter) {
  engine_.hold(Call::acquire);
  auto appended = start_append(block("a"));
  auto positions = start_positions();
  Outcome<void> dropped;
  shard_->drop(dropped.done());
  EXPECT_TRUE(dropped.get().has_value());
  EXPECT_EQ(code_of(appended.get()), Errc::resource_not_found);
  EXPECT_EQ(code_of(positions.get()), Errc::resource_not_found);
  EXPECT_EQ(budget_.used(MemoryShare::append_queue), 0U);
  engine_.release_all(Call::acquire);
  EXPECT_EQ(code_of(append("b")), Errc::resource_not_found);
}

TEST_F(ShardTest, DropWaitsForCommitsInFlightAndThenHoldsNoMemory) {
  append("a").value();
  engine_.hold(Call::append);
  auto b = start_append(block("b"));
  auto c = start_append(block("c"));
  auto d = start_append(block("d"));
  Outcome<void> dropped;
  shard_->drop(dropped.done());
  EXPECT_EQ(code_of(d.get()), Errc::resource_not_found) << "what was not begun is refused at once";
  EXPECT_FALSE(b.is_there());
  EXPECT_FALSE(dropped.is_there());
  engine_.release(Call::append, 1);
  EXPECT_TRUE(b.get().has_value());
  EXPECT_FALSE(dropped.is_there());
  engine_.release_all(Call::append);
  EXPECT_TRUE(c.get().has_value());
  EXPECT_TRUE(dropped.get().has_value());
  EXPECT_EQ(tail_cache_.bytes(), 0U);
  engine_.drop(id, [](base::Result<void> gone) { EXPECT_TRUE(gone.has_value()); });
  EXPECT_EQ(budget_.used(MemoryShare::append_queue), 0U);
  EXPECT_EQ(budget_.used(MemoryShare::log), 0U);
}

TEST_F(ShardTest, AShardThatNobodyHoldsEndsWithItsLastCommit) {
  engine_.hold(Call::append);
  auto a = start_append(block("a"));
  const std::weak_ptr<Shard> alive = shard_;
  shard_.reset();
  EXPECT_FALSE(alive.expired());
  engine_.release_all(Call::append);
  EXPECT_TRUE(a.get().has_value());
  EXPECT_TRUE(alive.expired());
  EXPECT_EQ(tail_cache_.bytes(), 0U);
}

}  // namespace
}  // namespace millrace::shard
