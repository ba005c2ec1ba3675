#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>

#include "tests/durability/main.h"
#include "tests/durability/workload.h"

namespace millrace::durability {
namespace {

using log::segment::Durability;

// Every file of a folder, with every byte of it that was ever written.
std::vector<std::string> files_below(sim::SimFileSystem& files, const std::string& folder) {
  std::vector<std::string> found;
  const auto names = files.list(folder);
  if (!names) return found;
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    if (files.list(path)) {
      for (std::string& below : files_below(files, path))
        found.push_back(std::move(below));
    } else {
      found.push_back(path);
    }
  }
  return found;
}

void flip(sim::SimFileSystem& files, const std::string& path, std::uint64_t offset, unsigned bit) {
  auto file = files.open(path, io::OpenMode::write);
  ASSERT_TRUE(file.has_value());
  std::byte byte{};
  ASSERT_TRUE((*file)->read_at(offset, std::span(&byte, 1)).has_value());
  byte ^= std::byte{1} << bit;
  ASSERT_TRUE((*file)->write_at(offset, std::span(&byte, 1)).has_value());
  ASSERT_TRUE((*file)->sync().has_value());
}

class BitRotTest : public testing::Test {
 protected:
  // A small folder with all that a folder has: several classes of retention, dropped logs, a snapshot.
  void SetUp() override {
    options_ = {.seed = 5, .steps = 30, .engine = small_engine(Durability::sync), .restarts = true};
    Workload workload(machine_, oracle_, options_);
    workload.run();
    workload.kill();
    ASSERT_EQ(oracle_.violations(), Oracle::Violations());
    oracle_.settle();
    disk_ = machine_.files.image();
    wall_ms_ = machine_.clock.wall().now_ms();
  }

  // A start on that damaged disk: refused in a sentence, or everything that is read is what was written.
  void start_on(Machine& machine, const std::string& what) {
    Oracle oracle = oracle_;
    Life life(machine, options_.engine, {}, 1);
    if (!life.is_open()) {
      ++refused_;
      EXPECT_FALSE(life.error().message.empty()) << what;
      return;
    }
    ++opened_;
    oracle.take_over(life, Promise::nothing_wrong, machine.files.events());
    for (const std::string& violation : oracle.violations())
      ADD_FAILURE() << what << ": " << violation;
  }

  Machine machine_;
  Oracle oracle_;
  WorkloadOptions options_;
  sim::DiskImage disk_;
  std::int64_t wall_ms_ = 0;
  std::size_t refused_ = 0;
  std::size_t opened_ = 0;
};

TEST_F(BitRotTest, NoFlippedBitGivesAWrongRecord) {
  sim::SimRandom random(7);
  Machine looked(disk_, wall_ms_);
  std::size_t flipped = 0;
  for (const std::string& path : files_below(looked.files, Machine::data_folder)) {
    const std::string content = looked.files.read_all(path, std::size_t{1} << 30).value();
    // What was never written holds zeros: there every 97th byte does.
    for (std::uint64_t offset = 0; offset < content.size(); ++offset) {
      const bool is_written = content[offset] != 0 || (offset > 0 && content[offset - 1] != 0);
      const std::uint64_t every = is_written ? (is_whole() ? 1 : 7) : 997;
      if (offset % every != 0) continue;
      const unsigned bit = static_cast<unsigned>(random.below(8));
      Machine machine(disk_, wall_ms_);
      flip(machine.files, path, offset, bit);
      ++flipped;
      start_on(machine, fmt::format("bit {} of byte {} of {}", bit, offset, path));
      if (HasFailure()) return;
    }
  }
  std::cout << fmt::format("{} bits flipped: {} starts refused, {} served\n", flipped, refused_, opened_);
  EXPECT_GT(flipped, 500U);
  EXPECT_GT(opened_, refused_);
}

TEST_F(BitRotTest, NoFlippedBitOfTheIndexGivesAWrongRecord) {
  std::size_t flipped = 0;
  for (std::size_t entry = 0;; ++entry) {
    std::size_t bit = 0;
    for (;; bit += is_whole() ? 1 : 5) {
      Machine machine(disk_, wall_ms_);
      if (!log::segment::flip_bit(*machine.index, entry, bit)) break;
      ++flipped;
      start_on(machine, fmt::format("bit {} of entry {} of the index", bit, entry));
      if (HasFailure()) return;
    }
    if (bit == 0) break;
  }
  std::cout << fmt::format("{} bits of the index flipped: {} starts refused, {} served\n", flipped, refused_, opened_);
  EXPECT_GT(flipped, 200U);
}

}  // namespace
}  // namespace millrace::durability
