#include "log/memory/memory_engine.h"

#include <gtest/gtest.h>

#include <string>

#include "base/log.h"
#include "log/testing/engine_contract.h"
#include "log/testing/meta_log_contract.h"
#include "sim/sim_clock.h"

namespace millrace::log {
namespace {

using base::MemoryBudget;
using base::MemoryShare;

struct MemoryHost {
  Engine& engine() { return *made; }
  MemoryBudget budget{64 << 20};
  sim::SimClock clock;
  std::unique_ptr<Engine> made = make_memory_engine(budget, clock.wall());
};

}  // namespace

namespace testing {
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, EngineContract, MemoryHost);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, MetaLogContract, MemoryHost);
}  // namespace testing

namespace {

using testing::all_records;
using testing::await;
using testing::code_of;
using testing::data_of;
using testing::make_block;
using testing::named_block;
using testing::records_of;

// An executor that is never needed: every call of this engine is done before it returns.
struct NoExecutor final : base::Executor {
  void post(base::Task) override { ADD_FAILURE() << "the memory engine completes at once"; }
};

class MemoryEngineTest : public ::testing::Test {
 protected:
  std::unique_ptr<Writer> log(std::uint32_t shard, std::chrono::milliseconds retention = std::chrono::hours(24)) {
    EXPECT_TRUE(await<void>([&](auto done) { engine_->create({1, shard}, {retention, 1 << 20}, std::move(done)); }));
    return await<std::unique_ptr<Writer>>(
               [&](auto done) { engine_->acquire({1, shard}, Epoch{1}, executor_, std::move(done)); })
        .value();
  }
  // A block of that many bytes of data, stamped with the clock.
  void append(Writer& writer, std::size_t bytes, char name = 'x') {
    Block block = make_block({{"k", std::string(bytes, name)}}, clock_.wall().now_ms(), &budget_);
    EXPECT_TRUE(await<Appended>([&](auto done) { writer.append(std::move(block), std::move(done)); }).has_value());
  }
  Page read(std::uint32_t shard, Position from = 1) {
    return await<Page>([&](auto done) { engine_->read({1, shard}, from, all_records, std::move(done)); }).value();
  }
  Position first(std::uint32_t shard) {
    return await<Position>([&](auto done) { engine_->first({1, shard}, std::move(done)); }).value();
  }

  MemoryBudget budget_{1'100'000};  // the log's share is 550,000
  sim::SimClock clock_;
  NoExecutor executor_;
  std::unique_ptr<Engine> engine_ = make_memory_engine(budget_, clock_.wall());
};

TEST_F(MemoryEngineTest, BlocksCountInTheShareOfTheLog) {
  const auto writer = log(0);
  append(*writer, 1'000);
  EXPECT_EQ(budget_.used(MemoryShare::append_queue), 0U);
  EXPECT_EQ(budget_.used(MemoryShare::log), engine_->usage().bytes);
  EXPECT_GT(engine_->usage().bytes, 1'000U);
  EXPECT_EQ(engine_->usage().records, 1U);
  EXPECT_EQ(engine_->usage().commits, 1U);
}

TEST_F(MemoryEngineTest, TheOldestRecordsOverAllLogsGoAtTheShareWithOneLine) {
  // The limit on repeats is the process's: another run of this test must not be held back by the one before.
  static int runs = 0;
  clock_.advance(std::chrono::hours(++runs));
  const auto a = log(0);
  const auto b = log(1);
  append(*a, 100'000, 'a');
  append(*b, 100'000, 'b');
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 20; ++i)
    append(*b, 100'000, 'c');
  const std::string lines = ::testing::internal::GetCapturedStderr();

  EXPECT_LE(budget_.used(MemoryShare::log), budget_.max(MemoryShare::log));
  EXPECT_EQ(engine_->usage().records_dropped, 17U);
  ASSERT_EQ(engine_->usage().dropped_by_stream.size(), 1U);
  EXPECT_EQ(engine_->usage().dropped_by_stream.begin()->second, 17U);
  EXPECT_TRUE(read(0).slices.empty());
  EXPECT_EQ(read(0).next, 2U);
  EXPECT_EQ(first(0), 2U);
  // An old position goes on at the oldest record left, without an error.
  EXPECT_EQ(first(1), 17U);
  EXPECT_EQ(records_of(read(1)).front().position, 17U);
  EXPECT_EQ(records_of(read(1)).size(), 5U);

  EXPECT_NE(lines.find("--memory-max"), std::string::npos) << lines;
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1) << lines;
}

TEST_F(MemoryEngineTest, ABlockLargerThanTheShareIsKeptUntilTheNext) {
  const auto writer = log(0);
  append(*writer, 600'000, 'a');
  EXPECT_EQ(records_of(read(0)).size(), 1U);
  append(*writer, 10, 'b');
  EXPECT_EQ(records_of(read(0)).front().position, 2U);
  EXPECT_LE(budget_.used(MemoryShare::log), budget_.max(MemoryShare::log));
}

TEST_F(MemoryEngineTest, ExpiredRecordsGoWithTheNextAppend) {
  const auto writer = log(0);
  append(*writer, 1'000, 'a');
  clock_.advance(std::chrono::hours(1));
  append(*writer, 1'000, 'b');
  clock_.advance(std::chrono::hours(23));
  append(*writer, 1'000, 'c');
  // The first is 24 hours old, and not older.
  EXPECT_EQ(records_of(read(0)).size(), 3U);
  clock_.advance(std::chrono::milliseconds(1));
  append(*writer, 1'000, 'd');
  EXPECT_EQ(records_of(read(0)).front().position, 2U);
  EXPECT_EQ(first(0), 2U);
  EXPECT_EQ(engine_->usage().records_dropped, 0U) << "expiry is no loss";
}

TEST_F(MemoryEngineTest, ALongerRetentionHoldsFromTheNextAppendOn) {
  const auto writer = log(0);
  append(*writer, 1'000, 'a');
  EXPECT_TRUE(
      await<void>([&](auto done) { engine_->configure({1, 0}, {std::chrono::hours(48), 1 << 20}, std::move(done)); }));
  clock_.advance(std::chrono::hours(47));
  append(*writer, 1'000, 'b');
  EXPECT_EQ(records_of(read(0)).size(), 2U);
  clock_.advance(std::chrono::hours(2));
  append(*writer, 1'000, 'c');
  EXPECT_EQ(records_of(read(0)).front().position, 2U);
}

TEST_F(MemoryEngineTest, WithoutARetentionNothingExpires) {
  const auto writer = log(0, std::chrono::milliseconds(0));
  append(*writer, 10);
  clock_.advance(std::chrono::hours(24 * 365));
  append(*writer, 10);
  EXPECT_EQ(records_of(read(0)).size(), 2U);
}

TEST_F(MemoryEngineTest, ADroppedLogsMemoryIsFreeAtOnce) {
  const auto a = log(0);
  const auto b = log(1);
  for (int i = 0; i < 10; ++i)
    append(*a, 10'000);
  append(*b, 10'000);
  const std::size_t one = budget_.used(MemoryShare::log) / 11;
  bool free = false;
  engine_->drop({1, 0}, [&](base::Result<void>) { free = budget_.used(MemoryShare::log) == one; });
  EXPECT_TRUE(free);
  EXPECT_EQ(engine_->usage().bytes, one);
  EXPECT_EQ(engine_->usage().logs, 1U);
  // The writer that is left holds nothing, and its log takes nothing.
  EXPECT_EQ(code_of(await<Appended>([&](auto done) {
              a->append(named_block("late", 1, clock_.wall().now_ms(), &budget_), std::move(done));
            })),
            base::Errc::not_found);
  EXPECT_EQ(budget_.used(MemoryShare::log), one);
  EXPECT_EQ(budget_.used(MemoryShare::append_queue), 0U);
}

TEST_F(MemoryEngineTest, ARefusedAcquireMayCallTheEngineAgain) {
  const auto writer = log(0);
  base::Errc code = base::Errc::internal_failure;
  bool acquired = false;
  engine_->acquire({1, 0}, Epoch{0}, executor_, [&](base::Result<std::unique_ptr<Writer>> refused) {
    code = code_of(refused);
    // No lock is held over a call-back.
    engine_->acquire({1, 0}, Epoch{1}, executor_,
                     [&](base::Result<std::unique_ptr<Writer>> again) { acquired = again.has_value(); });
  });
  EXPECT_EQ(code, base::Errc::fenced);
  EXPECT_TRUE(acquired);
}

TEST_F(MemoryEngineTest, SaysWhatItIs) {
  EXPECT_EQ(engine_->durability(), DurabilityClass::none);
  EXPECT_EQ(engine_->health().state, Health::State::serving);
}

}  // namespace
}  // namespace millrace::log
