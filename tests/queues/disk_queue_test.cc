// What only an engine on disk fills: its share of the memory for blocks that the index has not taken, and the index's.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "log/rocksdb/rocksdb_index.h"
#include "log/segment/committer.h"
#include "log/segment/embedded_engine.h"
#include "sim/sim_clock.h"
#include "sim/sim_files.h"
#include "sim/sim_loop.h"
#include "sim/sim_random.h"
#include "tests/queues/world.h"

namespace millrace::queues {
namespace {

using namespace std::chrono_literals;
using base::MemoryShare;
namespace segment = log::segment;

// What an engine on a simulated disk stands on. Everything happens on the thread that calls.
class DiskQueue : public ::testing::Test {
 protected:
  static constexpr std::size_t unindexed_max = 64;

  std::unique_ptr<log::Engine> open(base::MemoryBudget& budget, segment::Durability durability) {
    auto folder = segment::Folder::open("/data", files_, random_);
    EXPECT_TRUE(folder.has_value());
    auto opened =
        open_embedded_engine({.durability = durability, .disk_reserve = 0, .unindexed_blocks_max = unindexed_max},
                             {&loop_, &loop_, &loop_, {&loop_}}, files_, std::move(*folder),
                             segment::open_memory_index(index_disk_), budget, clock_.wall(), clock_.steady(), random_);
    EXPECT_TRUE(opened.has_value());
    return std::move(opened->engine);
  }
  World::MakeEngine maker() {
    return [this](base::MemoryBudget& budget, const io::WallClock&) { return open(budget, segment::Durability::os); };
  }
  void run() { ASSERT_TRUE(scheduler_.run_until_idle()); }

  sim::SimClock clock_;
  sim::SimRandom random_{1};
  sim::SimScheduler scheduler_{clock_};
  sim::SimLoop& loop_ = scheduler_.make_loop();
  sim::SimFileSystem files_;
  std::shared_ptr<segment::MemoryIndexDisk> index_disk_ = segment::make_memory_index_disk();
};

TEST_F(DiskQueue, MemoryUnindexed) {
  World world(maker());
  const Pending created = world.send("CreateStream", R"({"StreamName":"s","ShardCount":1})");
  run();
  ASSERT_EQ(created.status(), 200);
  // The index cannot take anything, and keeps trying.
  segment::set_full(*index_disk_, true);
  std::vector<Pending> puts;
  for (;;) {
    puts.push_back(world.put("s", 100));
    run();
    ASSERT_TRUE(puts.back().is_answered());
    if (puts.back().status() != 200) break;
    ASSERT_LE(puts.size(), unindexed_max);
  }
  EXPECT_EQ(puts.back().status(), 400);
  EXPECT_EQ(puts.back().body(), shard_is_full("s"));
  EXPECT_GT(puts.size(), unindexed_max / 2);
  EXPECT_LE(world.engine->usage().unindexed_blocks, unindexed_max);

  segment::set_full(*index_disk_, false);
  scheduler_.advance(60s);
  run();
  EXPECT_LT(world.engine->usage().unindexed_blocks, unindexed_max / 2);
  const Pending again = world.put("s", 100);
  run();
  EXPECT_EQ(again.status(), 200) << again.body();
}

TEST_F(DiskQueue, EngineCommits) {
  base::MemoryBudget budget(1'024 * mib);
  const auto engine = open(budget, segment::Durability::sync);
  std::vector<std::unique_ptr<log::Writer>> writers;
  constexpr std::uint32_t logs = 40;
  for (std::uint32_t shard = 0; shard < logs; ++shard) {
    engine->create({7, shard}, {.retention = 24h, .record_bytes_max = mib}, [](auto made) { ASSERT_TRUE(made); });
    engine->acquire({7, shard}, log::Epoch{1}, loop_, [&](auto acquired) { writers.push_back(std::move(*acquired)); });
  }
  run();
  ASSERT_EQ(writers.size(), logs);
  const std::uint64_t before = engine->usage().commits;
  // On the loop that commits, so that all of them wait before the first one is taken.
  constexpr std::size_t record_bytes = 1'000'000;
  std::size_t done = 0;
  loop_.post([&] {
    for (const auto& writer : writers) {
      log::BlockBuilder builder(&budget, log::BlockBuilder::encoded_size(record_bytes, 1, false));
      ASSERT_TRUE(builder.ok());
      std::fill_n(builder.add("k", std::nullopt, record_bytes), record_bytes, 'x');
      writer->append(builder.finish(), [&](auto outcome) {
        EXPECT_TRUE(outcome.has_value());
        ++done;
      });
    }
  });
  run();
  EXPECT_EQ(done, logs);
  const std::uint64_t needed = logs * record_bytes / segment::Committer::commit_bytes_max;
  EXPECT_GE(engine->usage().commits - before, needed);
  EXPECT_LT(engine->usage().commits - before, logs) << "they are joined as far as they fit";
  engine->stop([](auto) {});
  run();
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MILLRACE_THREAD_SANITIZER
#endif
#endif

TEST_F(DiskQueue, MemoryIndex) {
#ifdef MILLRACE_THREAD_SANITIZER
  GTEST_SKIP() << "the database is not instrumented";
#endif
  const std::string folder = ::testing::TempDir() + fmt::format("millrace-index-{}", getpid());
  std::filesystem::remove_all(folder);
  constexpr std::size_t memtable_bytes = mib;
  const auto files_of_rows = [&folder] {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      count += entry.path().extension() == ".sst" ? 1 : 0;
    return count;
  };
  {
    auto index = log::rocksdb::open_rocksdb_index(
        {.folder = folder, .block_cache_bytes = mib / 4, .memtable_bytes = memtable_bytes});
    ASSERT_TRUE(index.has_value()) << base::describe(index.error());
    const std::size_t before = files_of_rows();
    // Eight times what its tables in memory hold, and nobody asks for a flush.
    const std::string value(10'000, 'x');
    const std::size_t values = 8 * memtable_bytes / value.size();
    for (std::size_t i = 0; i < values; ++i) {
      segment::IndexBatch batch;
      batch.put_values = {{fmt::format("value-{}", i), value}};
      ASSERT_TRUE((*index)->write(batch));
    }
    EXPECT_GT(files_of_rows(), before) << "it writes by itself";
    for (const std::size_t i : {std::size_t{0}, values / 2, values - 1}) {
      const auto found = (*index)->value(fmt::format("value-{}", i));
      ASSERT_TRUE(found.has_value());
      EXPECT_EQ(*found, value);
    }
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace millrace::queues
