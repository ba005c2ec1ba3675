#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "io/clock.h"
#include "log/memory/memory_engine.h"
#include "log/testing/await.h"
#include "log/testing/blocks.h"
#include "log/testing/scripted_engine.h"
#include "shard/shard.h"

namespace millrace::shard {
namespace {

using log::Position;
using log::testing::Condition;
using log::testing::ReadRecord;
using log::testing::records_of;
using log::testing::ScriptedEngine;

constexpr log::LogId id{1, 0};

// Many producers on one shard, with readers at its tip that never pause: nothing is lost, twice or skipped, and the
// order of each producer is kept.
class ShardLoadTest : public ::testing::Test {
 protected:
  static constexpr int producers = 16;
  static constexpr int blocks_each = 250;
  static constexpr int readers = 3;
  static constexpr int in_flight_max = 8;  // of one producer

  struct Producer {
    Condition condition;
    int in_flight = 0;
    int failed = 0;
    std::vector<std::pair<Position, std::string>> told;  // in the order of the answers
  };

  void run(log::Engine& engine, std::size_t tail_bytes, bool with_neighbour = false) {
    engine.create(id, {std::chrono::hours(24), 1 << 20},
                  [](base::Result<void> created) { ASSERT_TRUE(created.has_value()); });
    TailCache tail_cache(tail_bytes);
    Shared shared{engine, clock_, budget_, tail_cache, commits_, commit_records_, append_queue_full_};
    shard_ =
        std::make_shared<Shard>(shared, ShardConfig{.id = id, .created_s = 1, .retention = std::chrono::hours(24)});
    std::vector<std::thread> writing;
    for (int p = 0; p < producers; ++p)
      writing.emplace_back([this, p] { produce(p); });
    std::vector<std::thread> reading;
    if (with_neighbour) reading.emplace_back([this, &shared] { push_out(shared); });
    for (auto& seen : seen_)
      reading.emplace_back([this, &seen] { follow(seen); });
    for (std::thread& thread : writing)
      thread.join();
    written_.store(true);
    for (std::thread& thread : reading)
      thread.join();
    check();
    shard_.reset();
  }

  // Blocks of one to three records, and now and then one that is too large to be joined.
  void produce(int p) {
    Producer& self = producers_[static_cast<std::size_t>(p)];
    for (int b = 0; b < blocks_each; ++b) {
      ASSERT_TRUE(self.condition.wait([&] { return self.in_flight < in_flight_max; }));
      self.condition.update([&] { ++self.in_flight; });
      const std::string name = std::to_string(p) + "/" + std::to_string(b);
      std::vector<log::testing::TestRecord> records;
      for (int r = 0; r <= b % 3; ++r) {
        records.push_back({b % 50 == 7 ? std::string(200, 'k') : "k",
                           name + "-" + std::to_string(r) + (b % 50 == 7 ? std::string(9'000, ' ') : "")});
      }
      shard_->append(log::testing::make_block(records, 0, &budget_), [&self, records](base::Result<Stored> stored) {
        self.condition.update([&] {
          --self.in_flight;
          if (!stored) {
            ++self.failed;
            return;
          }
          for (std::uint32_t r = 0; r < records.size(); ++r) {
            self.told.emplace_back(stored->position(r), records[r].data);
          }
        });
      });
    }
    ASSERT_TRUE(self.condition.wait([&] { return self.in_flight == 0; }));
  }

  // A neighbour whose blocks push those of the shard out of the common tail while it is read.
  void push_out(Shared& shared) {
    constexpr log::LogId neighbour_id{1, 1};
    shared.engine.create(neighbour_id, {std::chrono::hours(24), 1 << 20},
                         [](base::Result<void> created) { ASSERT_TRUE(created.has_value()); });
    const auto neighbour = std::make_shared<Shard>(
        shared, ShardConfig{.id = neighbour_id, .created_s = 1, .retention = std::chrono::hours(24)});
    while (!written_.load()) {
      neighbour->append(log::testing::named_block("n", 1, 0, &budget_),
                        [](base::Result<Stored> stored) { EXPECT_TRUE(stored.has_value()); });
    }
  }

  void follow(std::vector<ReadRecord>& seen) {
    for (Position from = 1;;) {
      // Asked before the read: an empty page after it is the end.
      const bool written = written_.load();
      auto page = log::testing::await<ReadPage>(
          [&](auto done) { shard_->read({.from = from, .records_max = 50}, std::move(done)); });
      if (!page) {
        ADD_FAILURE() << base::describe(page.error());
        return;
      }
      for (ReadRecord& record : records_of(page->page))
        seen.push_back(std::move(record));
      EXPECT_GE(page->page.next, from);
      from = page->page.next;
      if (written && page->page.slices.empty()) return;
    }
  }

  void check() {
    std::vector<std::pair<Position, std::string>> all;
    for (Producer& producer : producers_) {
      EXPECT_EQ(producer.failed, 0);
      EXPECT_EQ(producer.told.size(), 499U);
      EXPECT_TRUE(std::is_sorted(producer.told.begin(), producer.told.end()));
      all.insert(all.end(), producer.told.begin(), producer.told.end());
    }
    // Each producer's records in the order of their making: told holds them in the order of the answers.
    for (int p = 0; p < producers; ++p) {
      std::size_t i = 0;
      const auto& told = producers_[static_cast<std::size_t>(p)].told;
      for (int b = 0; b < blocks_each; ++b) {
        for (int r = 0; r <= b % 3 && i < told.size(); ++r, ++i) {
          const std::string name = std::to_string(p) + "/" + std::to_string(b) + "-" + std::to_string(r);
          ASSERT_EQ(told[i].second.substr(0, told[i].second.find(' ')), name);
        }
      }
    }
    std::sort(all.begin(), all.end());
    for (const auto& seen : seen_) {
      ASSERT_EQ(seen.size(), all.size());
      std::int64_t arrival = 0;
      for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_EQ(seen[i].position, all[i].first);
        ASSERT_EQ(seen[i].data, all[i].second);
        ASSERT_GE(seen[i].arrival_ms, arrival);
        arrival = seen[i].arrival_ms;
      }
    }
    EXPECT_EQ(budget_.used(base::MemoryShare::append_queue), 0U);
    EXPECT_EQ(shard_->queued(), 0U);
  }

  base::MemoryBudget budget_{512 << 20};
  io::SystemWallClock clock_;
  base::Counter commits_;
  base::Histogram commit_records_;
  base::Counter append_queue_full_;
  std::shared_ptr<Shard> shard_;
  std::array<Producer, producers> producers_;
  std::array<std::vector<ReadRecord>, readers> seen_;
  std::atomic<bool> written_{false};
};

TEST_F(ShardLoadTest, OnTheMemoryEngine) {
  const auto engine = log::make_memory_engine(budget_, clock_);
  run(*engine, 64 << 20);
}

// Readers fall out of a tail of a few blocks all the time, and go on in the engine.
TEST_F(ShardLoadTest, OnTheMemoryEngineWithATailOfAFewBlocks) {
  const auto engine = log::make_memory_engine(budget_, clock_);
  run(*engine, 4'000);
}

TEST_F(ShardLoadTest, WithANeighbourThatPushesItsBlocksOutOfTheTail) {
  const auto engine = log::make_memory_engine(budget_, clock_);
  run(*engine, 4'000, true);
}

TEST_F(ShardLoadTest, WithGapsInsideBlocks) {
  ScriptedEngine engine;
  engine.split_blocks(2, 3);
  run(engine, 1 << 20);
}

// Commits end on another thread, one by one, as on an engine with a disk.
TEST_F(ShardLoadTest, WithCommitsThatEndElsewhere) {
  ScriptedEngine engine;
  engine.hold(ScriptedEngine::Call::append);
  std::atomic<bool> over{false};
  std::thread disk([&] {
    while (!over.load()) {
      if (engine.held(ScriptedEngine::Call::append) == 0) {
        std::this_thread::yield();
      } else {
        engine.release(ScriptedEngine::Call::append, 1);
      }
    }
  });
  run(engine, 1 << 20);
  over.store(true);
  disk.join();
  // Joined while the engine was busy: far fewer commits than blocks.
  EXPECT_LT(commits_.value(), static_cast<std::uint64_t>(producers * blocks_each) / 2);
}

}  // namespace
}  // namespace millrace::shard
