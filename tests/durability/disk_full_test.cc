#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "io/clock.h"
#include "io/random.h"
#include "io/system.h"
#include "log/rocksdb/rocksdb_index.h"
#include "log/testing/await.h"
#include "log/testing/blocks.h"
#include "log/testing/test_loop.h"
#include "tests/durability/main.h"
#include "tests/durability/workload.h"

namespace millrace::durability {
namespace {

using log::segment::Durability;

// The disk has room for so much and no more, be it in the middle of what: appends are throttled, what is there is read,
// and once there is room again writing goes on by itself.
class DiskFullTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(DiskFullTest, NothingIsLostWhereverTheSpaceEnds) {
  WorkloadOptions options{
      .seed = GetParam(), .steps = 60, .engine = small_engine(Durability::sync), .restarts = false, .may_fail = true};
  std::size_t throttled = 0;
  for (std::uint64_t room = 8 << 10; room <= (1 << 20); room += (16 << 10)) {
    SCOPED_TRACE(fmt::format("room for {} bytes", room));
    Machine machine;
    Oracle oracle;
    machine.files.set_free_bytes(room);
    {
      Workload workload(machine, oracle, options);
      workload.run();
      if (const log::Engine* const engine = workload.engine()) {
        EXPECT_NE(engine->health().state, log::Health::State::failed) << "a full disk is no failure";
        throttled += workload.throttled();
      }
      workload.kill();
    }
    machine.files.crash();
    machine.files.set_free_bytes(std::uint64_t{1} << 30);
    Life next(machine, options.engine, {}, options.seed);
    ASSERT_TRUE(next.is_open()) << base::describe(next.error());
    oracle.take_over(next, Promise::everything_told, machine.files.events());
    ASSERT_EQ(oracle.violations(), Oracle::Violations());
  }
  EXPECT_GT(throttled, 100U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DiskFullTest, testing::ValuesIn(seeds(1, 5)));

// The same on a real file system of its own, with the real index.
class RealDisk {
 public:
  RealDisk() {
    std::string pattern = (std::filesystem::temp_directory_path() / "millrace-full-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
    mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=48m") == 0;
  }
  ~RealDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
    std::filesystem::remove_all(path_);
  }
  RealDisk(const RealDisk&) = delete;
  RealDisk& operator=(const RealDisk&) = delete;

  bool is_mounted() const { return mounted_; }
  std::string data() const { return path_ + "/data"; }
  void fill() {
    std::ofstream file(path_ + "/filler", std::ios::binary);
    const std::string zeros(64 << 10, '\0');
    while (file.write(zeros.data(), static_cast<std::streamsize>(zeros.size())) && file.flush()) {
    }
  }
  void make_room() { std::filesystem::remove(path_ + "/filler"); }

 private:
  std::string path_;
  bool mounted_ = false;
};

TEST(RealDiskFullTest, ThrottlesReadsOnAndResumesByItself) {
  RealDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a small file system is not allowed here";
  io::SystemWallClock wall;
  io::SystemSteadyClock steady;
  io::SystemRandom random;
  base::MemoryBudget budget{256 << 20};
  const auto files = io::system_files();
  std::vector<std::unique_ptr<io::ThreadLoop>> loops;
  for (const char* name : {"commit", "sync", "index", "read"})
    loops.push_back(io::start_thread_loop(name));
  log::testing::TestLoop loop;

  auto folder = log::segment::Folder::open(disk.data(), *files, random);
  ASSERT_TRUE(folder.has_value()) << base::describe(folder.error());
  auto index = log::rocksdb::open_rocksdb_index(
      {.folder = folder->index(), .block_cache_bytes = 1 << 20, .memtable_bytes = 1 << 20});
  ASSERT_TRUE(index.has_value()) << base::describe(index.error());
  auto opened = log::segment::open_embedded_engine(
      {.disk_reserve = 0, .index_flush_bytes = 1 << 20, .segment_bytes_first = 1 << 20, .segment_bytes_max = 1 << 20},
      {.commit = loops[0].get(), .sync = loops[1].get(), .index = loops[2].get(), .readers = {loops[3].get()}}, *files,
      std::move(*folder), std::move(*index), budget, wall, steady, random);
  ASSERT_TRUE(opened.has_value()) << base::describe(opened.error());
  log::Engine& engine = *opened->engine;

  const log::LogId id{1, 0};
  const auto created = log::testing::await<void>([&](auto done) {
    engine.create(id, {.retention = std::chrono::hours(24), .record_bytes_max = 1 << 20}, std::move(done));
  });
  ASSERT_TRUE(created.has_value());
  auto writer = log::testing::await<std::unique_ptr<log::Writer>>(
      [&](auto done) { engine.acquire(id, log::Epoch{1}, loop, std::move(done)); });
  ASSERT_TRUE(writer.has_value());
  std::vector<std::string> told;
  std::size_t number = 0;
  const auto append = [&] {
    const std::string data = std::to_string(++number) + std::string(100'000, 'x');
    const auto outcome = log::testing::await<log::Appended>(
        [&](auto done) { (*writer)->append(log::testing::make_block({{"k", data}}, wall.now_ms()), std::move(done)); });
    if (outcome) told.push_back(data);
    return outcome;
  };
  const auto read_all = [&] {
    std::vector<std::string> data;
    for (log::Position from = 1;;) {
      const auto page = log::testing::await<log::Page>(
          [&](auto done) { engine.read(id, from, log::testing::all_records, std::move(done)); });
      EXPECT_TRUE(page.has_value());
      if (!page || page->slices.empty()) return data;
      for (std::string& record : log::testing::data_of(*page))
        data.push_back(std::move(record));
      from = page->next;
    }
  };

  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i)
      ASSERT_TRUE(append().has_value());
    disk.fill();
    bool is_full = false;
    for (int i = 0; i < 200 && !is_full; ++i) {
      const auto outcome = append();
      if (outcome) continue;
      ASSERT_EQ(outcome.error().code, base::Errc::full) << base::describe(outcome.error());
      is_full = true;
    }
    ASSERT_TRUE(is_full);
    EXPECT_EQ(read_all(), told);
    disk.make_room();
    // Throttled clients come again.
    bool resumed = false;
    for (int i = 0; i < 10'000 && !resumed; ++i)
      resumed = append().has_value();
    EXPECT_TRUE(resumed);
    EXPECT_EQ(read_all(), told);
    EXPECT_NE(engine.health().state, log::Health::State::failed);
  }
  const auto stopped = log::testing::await<void>([&](auto done) { engine.stop(std::move(done)); });
  EXPECT_TRUE(stopped.has_value());
  for (const auto& each : loops)
    each->stop();
  writer->reset();
}

}  // namespace
}  // namespace millrace::durability
