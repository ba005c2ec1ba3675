#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "base/log.h"
#include "tests/durability/main.h"
#include "tests/durability/workload.h"

// Every byte of a small folder is changed in turn. Whatever it is, the engine either says so, or nothing comes of it:
// never a wrong record, never a crash.
namespace millrace::durability {
namespace {

using log::segment::Durability;

// What the program logs goes into a file while this lives.
class LogCatcher {
 public:
  LogCatcher() : saved_(dup(STDERR_FILENO)), file_(memfd_create("log", 0)) {
    dup2(file_, STDERR_FILENO);
    base::log::init(base::log::Level::info, base::log::Format::text);
  }
  LogCatcher(const LogCatcher&) = delete;
  LogCatcher& operator=(const LogCatcher&) = delete;
  ~LogCatcher() {
    base::log::init(base::log::Level::off, base::log::Format::text);
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    close(file_);
  }
  // Whether such a line was written since the last call.
  bool has_told() {
    const off_t end = lseek(file_, 0, SEEK_END);
    std::string text(static_cast<std::size_t>(end), '\0');
    const ssize_t got = pread(file_, text.data(), text.size(), 0);
    EXPECT_EQ(got, end);
    EXPECT_EQ(ftruncate(file_, 0), 0);
    lseek(file_, 0, SEEK_SET);
    for (const std::string_view line : {"damaged", "dropped the unfinished end", "passed over"}) {
      if (text.find(line) != std::string::npos) return true;
    }
    return false;
  }

 private:
  int saved_;
  int file_;
};

struct Place {
  std::string file;  // empty: an entry of the index
  std::uint64_t offset = 0;
  std::size_t entry = 0;
};

struct Tally {
  std::size_t refused = 0;   // the folder was not opened, or a read was answered with an error
  std::size_t missed = 0;    // records were missing, and that was told
  std::size_t harmless = 0;  // nothing was different
};

int flips_of_all = 0;  // in this process

class BitRotTest : public testing::TestWithParam<std::string> {
 protected:
  // A folder with all that one can hold: sealed segments and an open one, a snapshot, commands behind it, rows in the
  // index and blocks that it does not know.
  void SetUp() override {
    Machine machine;
    Workload workload(
        machine, oracle_,
        {.seed = 12, .steps = is_whole() ? 60U : 30U, .engine = small_engine(Durability::sync), .restarts = false});
    workload.run();
    if (GetParam() == "AfterACleanStop") workload.stop();
    workload.kill();
    ASSERT_EQ(oracle_.violations(), Oracle::Violations());
    ASSERT_GT(oracle_.told_blocks(), 20U);
    oracle_.go_back_to(machine.files.events());
    oracle_.settle();
    sim::SimRandom random(1);
    disk_ = machine.files.image().after_cut(sim::CutKind::all, random);
  }

  std::vector<Place> places() {
    Machine machine(disk_);
    std::vector<Place> all;
    for (const std::string folder : {"/data", "/data/segments", "/data/catalogue"}) {
      for (const std::string& name : machine.files.list(folder).value()) {
        const std::string path = folder + "/" + name;
        if (const auto content = machine.files.read_all(path, 1 << 20)) add_places(path, *content, all);
      }
    }
    for (std::size_t entry = 0; has_index_byte(entry, 0); ++entry) {
      for (std::uint64_t offset = 0; has_index_byte(entry, offset); ++offset)
        all.push_back({.file = {}, .offset = offset, .entry = entry});
    }
    return all;
  }

  // A flipped key is another entry's, so each flip is of an index of its own.
  bool has_index_byte(std::size_t entry, std::uint64_t offset) const {
    return flip_bit(*log::segment::make_memory_index_disk(disk_.store()), entry, offset * 8);
  }

  // Of long stretches of the same byte only some, unless everything is wanted.
  void add_places(const std::string& path, const std::string& content, std::vector<Place>& all) {
    constexpr std::size_t stretch = 8;
    constexpr std::size_t same_every = 61;
    for (std::size_t offset = 0; offset < content.size(); ++offset) {
      const std::string_view before = std::string_view(content).substr(offset - std::min(offset, stretch), stretch);
      const bool is_same = before.size() == stretch && before.find_first_not_of(content[offset]) == std::string::npos;
      if (!is_same || is_whole() || offset % same_every == 0) all.push_back({path, offset, 0});
    }
  }

  void flip(const Place& place, unsigned bit, Tally& tally, LogCatcher& log) {
    Oracle oracle = oracle_;
    Machine machine(disk_, oracle.wall_ms_at(0));
    if (place.file.empty()) {
      ASSERT_TRUE(flip_bit(*machine.index, place.entry, place.offset * 8 + bit));
    } else {
      machine.files.flip_bit(place.file, place.offset, bit);
    }
    // What is said at most once in a while is said of each flip.
    machine.clock.advance(std::chrono::minutes(++flips_of_all));
    ++flips_;
    machine.clock.set_wall_ms(oracle.wall_ms_at(0));
    const std::string where =
        place.file.empty() ? fmt::format("bit {} of byte {} of entry {} of the index", bit, place.offset, place.entry)
                           : fmt::format("bit {} of byte {} of {}", bit, place.offset, place.file);
    Life life(machine, small_engine(Durability::sync), {}, 1);
    if (!life.is_open()) {
      ++tally.refused;
      const base::Errc code = life.error().code;
      EXPECT_TRUE(code == base::Errc::data_loss || code == base::Errc::bad_config)
          << where << ": " << base::describe(life.error());
      log.has_told();
      return;
    }
    oracle.take_over(life, Promise::damaged, 0);
    for (const std::string& what : oracle.violations())
      ADD_FAILURE() << where << ": " << what;
    const bool told = log.has_told();
    if (oracle.errors() > 0) {
      ++tally.refused;
    } else if (oracle.missing() == 0) {
      ++tally.harmless;
    } else {
      ++tally.missed;
      // A flipped key is that of another row, which nobody looks for: keys are safe by the database's own checksums.
      EXPECT_TRUE(told || place.file.empty())
          << where << ": " << oracle.missing() << " are missing, and nobody said so";
    }
  }

  Oracle oracle_;
  sim::DiskImage disk_;
  int flips_ = 0;
};

TEST_P(BitRotTest, AFlippedBitIsDetectedOrHarmless) {
  const std::vector<Place> all = places();
  sim::SimRandom random(5);
  Tally tally;
  LogCatcher log;
  // As many as there is time for, spread over everything.
  const std::size_t every = is_whole() ? 1 : std::max<std::size_t>(1, all.size() / 1'500);
  for (std::size_t i = 0; i < all.size() && !HasFailure(); i += 1 + random.below(2 * every - 1))
    flip(all[i], static_cast<unsigned>(random.below(8)), tally, log);
  std::cout << fmt::format("{} bytes, {} flips: {} refused, {} missed and told, {} harmless\n", all.size(), flips_,
                           tally.refused, tally.missed, tally.harmless);
  EXPECT_GT(tally.refused, 20U);
  EXPECT_GT(tally.missed, 20U);
}

// The first entry of the index is the row of the catalogue's log: without it there would seem to be no streams.
TEST_P(BitRotTest, EveryBitOfTheCataloguesRowIsMissed) {
  Tally tally;
  LogCatcher log;
  for (std::uint64_t offset = 0; has_index_byte(0, offset) && !HasFailure(); ++offset) {
    for (unsigned bit = 0; bit < 8; ++bit)
      flip({.file = {}, .offset = offset, .entry = 0}, bit, tally, log);
  }
  EXPECT_GT(tally.refused, 100U);
}

INSTANTIATE_TEST_SUITE_P(Folders, BitRotTest, testing::Values("AfterACleanStop", "AfterAKill"),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace millrace::durability
