#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string_view>

#include "base/metrics.h"
#include "log/testing/await.h"
#include "log/testing/blocks.h"
#include "log/testing/scripted_engine.h"
#include "shard/shard.h"
#include "sim/sim_clock.h"

namespace millrace::shard::testing {

// One shard over an engine that does what the test tells it to. Where nothing is held, every call is done before it
// returns, on the test's thread.
class ShardFixture : public ::testing::Test {
 protected:
  using Call = log::testing::ScriptedEngine::Call;
  using Fault = log::testing::ScriptedEngine::Fault;
  template <class T>
  using Outcome = log::testing::Outcome<T>;
  static constexpr log::LogId id{9, 2};

  void SetUp() override {
    engine_.create(id, {}, [](base::Result<void> created) { ASSERT_TRUE(created.has_value()); });
    restart();
  }

  // Another actor over the same log, as after a restart of the broker with an engine that keeps its logs.
  void restart() {
    shard_ =
        std::make_shared<Shard>(shared_, ShardConfig{.id = id, .created_s = 1, .retention = std::chrono::hours(24)});
  }

  log::Block block(std::string_view name, std::size_t records = 1) {
    return log::testing::named_block(name, records, 0, &budget_);
  }
  // A block of one record with that many bytes of data.
  log::Block block_of_bytes(std::size_t bytes) {
    return log::testing::make_block({{"k", std::string(bytes, 'x')}}, 0, &budget_);
  }

  Outcome<Stored> start_append(log::Block block) {
    Outcome<Stored> outcome;
    shard_->append(std::move(block), outcome.done());
    return outcome;
  }
  base::Result<Stored> append(std::string_view name, std::size_t records = 1) {
    return start_append(block(name, records)).get();
  }
  Outcome<ReadPage> start_read(ReadRequest request) {
    Outcome<ReadPage> outcome;
    shard_->read(request, outcome.done());
    return outcome;
  }
  log::Page read(log::Position from = 1) { return start_read({.from = from}).get().value().page; }
  std::vector<std::string> data(log::Position from = 1) { return log::testing::data_of(read(from)); }
  Outcome<Positions> start_positions() {
    Outcome<Positions> outcome;
    shard_->positions(outcome.done());
    return outcome;
  }
  log::Position tail() { return start_positions().get().value().tail; }
  base::Result<log::Position> seek(std::int64_t arrival_ms) {
    return log::testing::await<log::Position>([&](auto done) { shard_->seek_time(arrival_ms, std::move(done)); });
  }

  using Strings = std::vector<std::string>;

  base::MemoryBudget budget_{256 << 20};
  base::Counter commits_;
  base::Histogram commit_records_;
  base::Counter append_queue_full_;
  sim::SimClock clock_;
  log::testing::ScriptedEngine engine_;
  TailCache tail_cache_{8 << 20};
  Shared shared_{engine_, clock_.wall(), budget_, tail_cache_, commits_, commit_records_, append_queue_full_};
  std::shared_ptr<Shard> shard_;
};

}  // namespace millrace::shard::testing
