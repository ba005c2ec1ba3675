#include "log/segment/embedded_engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/system.h"
#include "log/testing/embedded_life.h"
#include "log/testing/engine_contract.h"
#include "log/testing/meta_log_contract.h"
#include "sim/sim_clock.h"
#include "sim/sim_files.h"
#include "sim/sim_random.h"

namespace millrace::log::segment {
namespace {

using testing::Life;
using testing::named_block;
using testing::ReadRecord;
using testing::records_of;

// Real threads; whatever files.
struct ThreadedHost {
  Engine& engine() { return *made; }

  void open(io::FileSystem& files, const std::string& folder) {
    auto taken = Folder::open(folder, files, random);
    if (!taken) throw std::runtime_error(base::describe(taken.error()));
    auto opened = open_embedded_engine(
        {.disk_reserve = 0},
        {.commit = commit.get(), .sync = sync.get(), .index = index.get(), .readers = {reader.get()}}, files,
        std::move(*taken), open_memory_index(disk), budget, wall, steady, random);
    if (!opened) throw std::runtime_error(base::describe(opened.error()));
    made = std::move(opened->engine);
  }

  base::MemoryBudget budget{256 << 20};
  io::SystemWallClock wall;
  io::SystemSteadyClock steady;
  sim::SimRandom random{1};
  std::shared_ptr<MemoryIndexDisk> disk = make_memory_index_disk();
  std::unique_ptr<io::ThreadLoop> commit = io::start_thread_loop("commit");
  std::unique_ptr<io::ThreadLoop> sync = io::start_thread_loop("sync");
  std::unique_ptr<io::ThreadLoop> index = io::start_thread_loop("index");
  std::unique_ptr<io::ThreadLoop> reader = io::start_thread_loop("reader");
  std::unique_ptr<Engine> made;
  ~ThreadedHost() { end(); }
  // The loops let go of the engine before its files go.
  void end() {
    for (const auto& loop : {commit.get(), sync.get(), index.get(), reader.get()})
      loop->stop();
    made.reset();
  }
};

struct SimFilesHost : ThreadedHost {
  SimFilesHost() { open(files, "/data"); }
  ~SimFilesHost() { end(); }
  sim::SimFileSystem files;
};

struct RealFilesHost : ThreadedHost {
  RealFilesHost() {
    std::string name = (std::filesystem::temp_directory_path() / "embedded-engine-XXXXXX").string();
    folder = mkdtemp(name.data());
    open(*files, folder + "/data");
  }
  ~RealFilesHost() {
    end();
    std::filesystem::remove_all(folder);
  }
  std::unique_ptr<io::FileSystem> files = io::system_files();
  std::string folder;
};

}  // namespace
}  // namespace millrace::log::segment

namespace millrace::log::testing {
INSTANTIATE_TYPED_TEST_SUITE_P(EmbeddedOnSimulatedFiles, EngineContract, segment::SimFilesHost);
INSTANTIATE_TYPED_TEST_SUITE_P(EmbeddedOnSimulatedFiles, MetaLogContract, segment::SimFilesHost);
INSTANTIATE_TYPED_TEST_SUITE_P(EmbeddedOnRealFiles, EngineContract, segment::RealFilesHost);
INSTANTIATE_TYPED_TEST_SUITE_P(EmbeddedOnRealFiles, MetaLogContract, segment::RealFilesHost);
}  // namespace millrace::log::testing

namespace millrace::log::segment {
namespace {

class EmbeddedEngineTest : public ::testing::Test {
 protected:
  static constexpr LogId id{7, 3};

  Life begin(EmbeddedOptions options = {.disk_reserve = 0}) { return Life(files_, disk_, clock_, random_, options); }
  std::int64_t now_ms() { return clock_.wall().now_ms(); }

  sim::SimFileSystem files_;
  std::shared_ptr<MemoryIndexDisk> disk_ = make_memory_index_disk();
  sim::SimClock clock_;
  sim::SimRandom random_{1};
};

TEST_F(EmbeddedEngineTest, WhatIsStoredIsThereAfterACleanStopAndAKillAndAPowerCut) {
  std::vector<ReadRecord> expected;
  for (const std::string_view end : {"stop", "kill", "cut", "cut", "stop", "cut"}) {
    Life life = begin();
    ASSERT_TRUE(life.is_open()) << base::describe(life.error());
    ASSERT_TRUE(life.create(id).has_value());
    EXPECT_EQ(life.read(id).value(), expected);
    auto writer = life.acquire(id).value();
    for (int i = 0; i < 5; ++i) {
      const auto stored = life.append(*writer, named_block(end, 2, now_ms()));
      ASSERT_TRUE(stored.has_value());
      for (std::uint32_t r = 0; r < 2; ++r)
        expected.push_back({stored->front().first + r, now_ms(), std::string(end) + "-" + std::to_string(r)});
    }
    EXPECT_EQ(life.read(id).value(), expected);
    if (end == "stop") EXPECT_TRUE(life.stop().has_value());
    if (end == "cut") files_.crash(random_);
  }
  EXPECT_TRUE(std::ranges::is_sorted(expected, std::less<>(), &ReadRecord::position));
  Life last = begin();
  EXPECT_EQ(last.read(id).value(), expected);
}

// One life of a fixed workload, ended by a failing disk at a given change and a power cut: what was acknowledged.
struct Acknowledged {
  std::vector<ReadRecord> records;
  std::vector<std::string> commands;
};

TEST_F(EmbeddedEngineTest, APowerCutAtEveryChangeLosesNothingAcknowledged) {
  constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t cut = 0;
  for (bool whole = false; !whole; ++cut) {
    SCOPED_TRACE("cut at change " + std::to_string(cut));
    sim::SimFileSystem files;
    const auto disk = make_memory_index_disk();
    sim::SimRandom random(cut + 1);
    Acknowledged told;
    // Two lives with a cut each, over the same files: what the first leaves behind must not rise in the second.
    for (int round = 0; round < 2; ++round) {
      const std::uint64_t before = files.events();
      files.fail_from(before + cut + 1, EIO);
      Life life(files, disk, clock_, random, {.disk_reserve = 0});
      if (life.is_open() && life.create(id).has_value()) {
        auto writer = life.acquire(id);
        for (int i = 0; i < 6 && writer; ++i) {
          const std::string name = std::to_string(round) + "/" + std::to_string(i);
          const auto command = life.wait<Position>(
              [&](auto done) { life.engine().meta().append(testing::bytes_of(name), std::move(done)); });
          if (command) told.commands.push_back(name);
          const auto stored = life.append(**writer, named_block(name, 1, now_ms()));
          if (stored) told.records.push_back({stored->front().first, now_ms(), name + "-0"});
          if (i == 3) life.advance(std::chrono::seconds(31));
        }
      }
      whole = files.events() - before <= cut;
      files.fail_from(never, 0);
      files.crash(random);
    }
    Life after(files, disk, clock_, random, {.disk_reserve = 0});
    ASSERT_TRUE(after.is_open()) << base::describe(after.error());
    std::vector<ReadRecord> there;
    if (!told.records.empty()) {
      const auto read = after.read(id);
      ASSERT_TRUE(read.has_value()) << base::describe(read.error());
      there = *read;
    }
    EXPECT_TRUE(std::ranges::adjacent_find(there, std::greater_equal<>(), &ReadRecord::position) == there.end());
    for (const ReadRecord& record : told.records)
      EXPECT_NE(std::ranges::find(there, record), there.end()) << record.data << " at " << record.position;
    testing::Followed followed;
    after.engine().meta().follow(1, followed.follower());
    const auto items = followed.items();
    for (const std::string& command : told.commands) {
      EXPECT_EQ(std::ranges::count(items, command, &testing::Followed::Item::second), 1) << command;
    }
  }
  EXPECT_GT(cut, 20U);
}

TEST_F(EmbeddedEngineTest, AFailedSyncFailsTheEngineAndReadsGoOn) {
  Life life = begin();
  ASSERT_TRUE(life.create(id).has_value());
  auto writer = life.acquire(id).value();
  ASSERT_TRUE(life.append(*writer, named_block("a", 1, now_ms())).has_value());
  files_.fail_at(files_.events() + 2, EIO);  // the write succeeds, its sync does not
  EXPECT_EQ(testing::code_of(life.append(*writer, named_block("b", 1, now_ms()))), base::Errc::unknown_outcome);
  EXPECT_EQ(testing::code_of(life.append(*writer, named_block("c", 1, now_ms()))), base::Errc::unknown_outcome);
  EXPECT_EQ(life.engine().health().state, Health::State::failed);
  ASSERT_EQ(life.read(id).value().size(), 1U);
  EXPECT_EQ(life.read(id).value().front().data, "a-0");
}

TEST_F(EmbeddedEngineTest, AFullDiskThrottlesAndWritesResumeByThemselves) {
  Life life = begin({.disk_reserve = 1'000'000});
  ASSERT_TRUE(life.create(id).has_value());
  auto writer = life.acquire(id).value();
  ASSERT_TRUE(life.append(*writer, named_block("a", 1, now_ms())).has_value());
  files_.set_free_bytes(999'999);
  life.advance(std::chrono::seconds(1));
  EXPECT_EQ(testing::code_of(life.append(*writer, named_block("b", 1, now_ms()))), base::Errc::full);
  EXPECT_EQ(life.read(id).value().size(), 1U);
  files_.set_free_bytes(1'000'000);
  life.advance(std::chrono::seconds(1));
  EXPECT_TRUE(life.append(*writer, named_block("c", 1, now_ms())).has_value());
  EXPECT_EQ(life.engine().health().state, Health::State::serving);
}

TEST_F(EmbeddedEngineTest, InOsDurabilityNoPositionIsGivenTwice) {
  std::map<Position, std::string> seen;
  for (int round = 0; round < 5; ++round) {
    Life life = begin({.durability = Durability::os, .disk_reserve = 0});
    ASSERT_TRUE(life.create(id).has_value());
    auto writer = life.acquire(id).value();
    for (int i = 0; i < 4; ++i) {
      const std::string name = std::to_string(round) + "/" + std::to_string(i);
      const auto stored = life.append(*writer, named_block(name, 1, now_ms()));
      ASSERT_TRUE(stored.has_value());
      EXPECT_TRUE(seen.emplace(stored->front().first, name).second) << stored->front().first << " was given before";
    }
    files_.crash();
  }
  EXPECT_GE(seen.rbegin()->first, Position{4} << 32);
}

TEST_F(EmbeddedEngineTest, DroppedLogsAndExpiredRecordsAreGoneAndDoNotComeBack) {
  const LogId other{8, 0};
  {
    Life life = begin();
    ASSERT_TRUE(life.create(id).has_value());
    ASSERT_TRUE(life.create(other, std::chrono::hours(1)).has_value());
    ASSERT_TRUE(life.append(*life.acquire(id).value(), named_block("a", 1, now_ms())).has_value());
    ASSERT_TRUE(life.append(*life.acquire(other).value(), named_block("b", 1, now_ms())).has_value());
    ASSERT_TRUE(life.drop(id).has_value());
    ASSERT_TRUE(life.create(id).has_value());
    EXPECT_TRUE(life.read(id).value().empty());
    EXPECT_EQ(life.read(other).value().size(), 1U);
    life.advance(std::chrono::hours(2));
    EXPECT_TRUE(life.read(other).value().empty());
    files_.crash();
  }
  Life life = begin();
  ASSERT_TRUE(life.is_open()) << base::describe(life.error());
  EXPECT_TRUE(life.read(id).value().empty());
  EXPECT_TRUE(life.read(other).value().empty());
}

TEST_F(EmbeddedEngineTest, ExpiredSegmentsAreFreed) {
  Life life = begin();
  ASSERT_TRUE(life.create(id, std::chrono::hours(1)).has_value());
  auto writer = life.acquire(id).value();
  const std::string large(1 << 20, 'x');
  for (int i = 0; i < 12; ++i)
    ASSERT_TRUE(life.append(*writer, testing::make_block({{"k", large}}, now_ms())).has_value());
  const std::size_t files_before = files_.list("/data/segments").value().size();
  const std::size_t bytes_before = life.engine().usage().bytes;
  EXPECT_GE(bytes_before, 12U << 20);
  life.advance(std::chrono::hours(2));
  EXPECT_LT(life.engine().usage().bytes, bytes_before);
  // The freed file takes the next life: the folder does not grow.
  for (int i = 0; i < 12; ++i)
    ASSERT_TRUE(life.append(*writer, testing::make_block({{"k", large}}, now_ms())).has_value());
  EXPECT_LE(files_.list("/data/segments").value().size(), files_before + 1);
  // A page takes so many of the twelve.
  EXPECT_EQ(life.read(id).value().size(), 9U);
}

TEST_F(EmbeddedEngineTest, AFolderIsOneProcessesAndNoForeignOneIsTouched) {
  {
    Life first = begin();
    ASSERT_TRUE(first.is_open());
    Life second = begin();
    EXPECT_FALSE(second.is_open());
    EXPECT_EQ(second.error().code, base::Errc::exists);
  }
  sim::SimFileSystem foreign;
  ASSERT_TRUE(foreign.make_directory("/data").has_value());
  ASSERT_TRUE(foreign.open("/data/notes.txt", io::OpenMode::create).has_value());
  Life refused(foreign, make_memory_index_disk(), clock_, random_);
  EXPECT_FALSE(refused.is_open());
  EXPECT_EQ(refused.error().code, base::Errc::bad_config);
  EXPECT_EQ(foreign.list("/data").value(), std::vector<std::string>{"notes.txt"});
}

TEST_F(EmbeddedEngineTest, TheCataloguesSnapshotAndTrimOutliveACut) {
  {
    Life life = begin();
    MetaLog& meta = life.engine().meta();
    for (const char* name : {"a", "b", "c"}) {
      ASSERT_TRUE(life.wait<Position>([&](auto done) { meta.append(testing::bytes_of(name), std::move(done)); }));
    }
    ASSERT_TRUE(life.wait<void>([&](auto done) { meta.save_snapshot(2, testing::bytes_of("ab"), std::move(done)); }));
    ASSERT_TRUE(life.wait<void>([&](auto done) { meta.trim(3, std::move(done)); }));
    files_.crash();
  }
  Life life = begin();
  const auto snapshot = life.engine().meta().load_snapshot();
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->position, 2U);
  EXPECT_EQ(snapshot->bytes, "ab");
  testing::Followed followed;
  life.engine().meta().follow(1, followed.follower());
  EXPECT_EQ(followed.items(), (std::vector<testing::Followed::Item>{{3, "c"}}));
}

}  // namespace
}  // namespace millrace::log::segment
