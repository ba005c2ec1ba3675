#include "log/segment/folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/system.h"
#include "log/testing/faulty_files.h"
#include "log/testing/segments.h"
#include "sim/sim_files.h"
#include "sim/sim_random.h"

namespace millrace::log::segment {
namespace {

using Call = testing::FaultyFiles::Call;
const std::string path = "/var/lib/data";

class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    EXPECT_TRUE(files_.make_directory("/var").has_value());
    EXPECT_TRUE(files_.sync_directory("/").has_value());
  }
  base::Result<Folder> open() { return Folder::open(path, files_, random_); }
  base::Error refused() {
    auto folder = open();
    EXPECT_FALSE(folder.has_value());
    return folder ? base::Error() : folder.error();
  }
  void put(const std::string& name, std::string_view content) {
    auto file = files_.open(path + "/" + name, io::OpenMode::create);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE((*file)->truncate(0).has_value());
    ASSERT_TRUE((*file)->write_at(0, bytes_of(content)).has_value());
  }
  // Nothing was made, written or removed by `act`.
  template <class F>
  void expect_untouched(F&& act) {
    const auto events = files_.events();
    act();
    EXPECT_EQ(files_.events(), events);
  }

  sim::SimFileSystem files_;
  sim::SimRandom random_{1};
};

TEST_F(FolderTest, IsMadeOnceAndKeepsItsKey) {
  std::array<std::byte, Folder::key_bytes> key{};
  {
    const auto folder = open();
    ASSERT_TRUE(folder.has_value()) << base::describe(folder.error());
    key = folder->key();
    EXPECT_NE(key, decltype(key){});
    EXPECT_EQ(files_.list(path), (std::vector<std::string>{"FORMAT", "KEY", "LOCK", "catalogue", "segments"}));
    EXPECT_TRUE(files_.list(folder->segments()).has_value());
    EXPECT_TRUE(files_.list(folder->catalogue()).has_value());
    EXPECT_EQ(files_.read_all(path + "/FORMAT", 100), "millrace 1\n");
  }
  const auto again = open();
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->key(), key);
}

TEST_F(FolderTest, ASecondHolderIsRefusedWithTheFirstOnesId) {
  const auto held = open();
  ASSERT_TRUE(held.has_value());
  const base::Error error = refused();
  EXPECT_EQ(error.code, base::Errc::exists);
  EXPECT_NE(error.message.find("process 1 holds it"), std::string::npos) << error.message;
}

TEST_F(FolderTest, AnotherProgramsFolderIsLeftAlone) {
  ASSERT_TRUE(files_.make_directory(path).has_value());
  put("KEY", "somebody's own");
  expect_untouched([&] { EXPECT_EQ(refused().code, base::Errc::bad_config); });
  put("notes.txt", "x");
  put("LOCK", "1\n");
  expect_untouched([&] { EXPECT_NE(refused().message.find("no folder of Millrace"), std::string::npos); });
}

TEST_F(FolderTest, AFolderThatOnlyLooksUnfinishedIsLeftAlone) {
  ASSERT_TRUE(files_.make_directory(path + "/segments").has_value());
  put("LOCK", "1\n");
  put("segments/day-0000000000000001.seg", "x");
  expect_untouched([&] { EXPECT_EQ(refused().code, base::Errc::bad_config); });
}

TEST_F(FolderTest, AFormatThatIsNotKnownIsRefused) {
  ASSERT_TRUE(open().has_value());
  for (const std::string& content : {std::string("millrace 2\n"), std::string("millrace 10\n")}) {
    put("FORMAT", content);
    expect_untouched([&] {
      const base::Error error = refused();
      EXPECT_EQ(error.code, base::Errc::bad_config);
      EXPECT_NE(error.message.find("run a newer one"), std::string::npos) << error.message;
    });
  }
  for (const std::string& content :
       {std::string(), std::string("millrace 0\n"), std::string("millrace 1"), std::string("millrace 1\n\n"),
        std::string("millrace -1\n"), std::string("other 1\n"), std::string(1000, 'x')}) {
    put("FORMAT", content);
    expect_untouched([&] { EXPECT_EQ(refused().code, base::Errc::bad_config) << content; });
  }
}

TEST_F(FolderTest, AFreshFileSystemsRootWillDo) {
  ASSERT_TRUE(files_.make_directory(path + "/lost+found").has_value());
  EXPECT_TRUE(open().has_value());
  EXPECT_TRUE(open().has_value());
}

TEST_F(FolderTest, ADamagedKeyIsRefusedAndALostOneIsMadeAnew) {
  const auto key = open()->key();
  const auto whole = files_.read_all(path + "/KEY", 100);
  ASSERT_EQ(whole->size(), 36U);
  for (std::size_t at = 0; at < whole->size() * 8; ++at) {
    std::string damaged = *whole;
    damaged[at / 8] = static_cast<char>(damaged[at / 8] ^ (1 << at % 8));
    put("KEY", damaged);
    EXPECT_EQ(refused().code, base::Errc::data_loss);
  }
  put("KEY", whole->substr(0, 35));
  EXPECT_EQ(refused().code, base::Errc::data_loss);
  put("KEY", *whole + "x");
  EXPECT_EQ(refused().code, base::Errc::data_loss);
  put("KEY", *whole);
  EXPECT_EQ(open()->key(), key);
  ASSERT_TRUE(files_.remove(path + "/KEY").has_value());
  const auto made = open()->key();
  EXPECT_NE(made, key);
  EXPECT_EQ(open()->key(), made);
}

TEST_F(FolderTest, EveryRefusedCallIsSaidAndTheNextStartGoesOn) {
  for (int nth = 1;; ++nth) {
    sim::SimFileSystem disk;
    ASSERT_TRUE(disk.make_directory("/var").has_value());
    int calls = 0;
    testing::FaultyFiles faulty(disk, [&](Call, const std::string& at) -> base::Result<void> {
      if (++calls == nth) return base::fail(base::Errc::io, "cannot change " + at, EACCES);
      return {};
    });
    const auto folder = Folder::open(path, faulty, random_);
    if (calls < nth) {
      EXPECT_GT(nth, 15);
      break;
    }
    // A folder above that was there before is not ours to sync.
    if (!folder) EXPECT_EQ(folder.error().message.find("cannot change /"), 0U) << folder.error().message;
    EXPECT_TRUE(!folder || calls > nth);
    if (!folder) EXPECT_TRUE(Folder::open(path, disk, random_).has_value()) << nth;
  }
}

// Of every beginning of the making, and of a second start behind it.
TEST_F(FolderTest, EveryPowerCutLeavesAFolderThatOpens) {
  files_.record();
  std::optional<std::array<std::byte, Folder::key_bytes>> key;
  key = open()->key();
  const std::size_t made = files_.recorded().size();
  ASSERT_TRUE(open().has_value());
  const auto events = files_.recorded();
  sim::DiskImage disk;
  {
    sim::SimFileSystem before;
    ASSERT_TRUE(before.make_directory("/var").has_value());
    ASSERT_TRUE(before.sync_directory("/").has_value());
    disk = before.image();
  }
  for (std::size_t n = 0; n <= events.size(); ++n) {
    if (n > 0) disk.apply(events[n - 1]);
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      const auto kind = seed == 1 ? sim::CutKind::none : seed == 2 ? sim::CutKind::all : sim::CutKind::random;
      sim::SimRandom random(seed * 1000 + n);
      sim::SimFileSystem left(disk.after_cut(kind, random));
      std::array<std::byte, Folder::key_bytes> then{};
      {
        const auto folder = Folder::open(path, left, random);
        ASSERT_TRUE(folder.has_value()) << "event " << n << " seed " << seed << " " << base::describe(folder.error());
        then = folder->key();
        if (n >= made) EXPECT_EQ(then, *key) << "event " << n << " seed " << seed;
        auto record = left.open(folder->segments() + "/x", io::OpenMode::create);
        ASSERT_TRUE(record.has_value());
        ASSERT_TRUE(left.sync_directory(folder->segments()).has_value());
      }
      // Once it was opened, nothing of it goes: not even what an earlier process made and did not sync.
      left.crash();
      const auto again = Folder::open(path, left, random);
      ASSERT_TRUE(again.has_value()) << "event " << n << " seed " << seed << " " << base::describe(again.error());
      EXPECT_EQ(again->key(), then);
      EXPECT_EQ(left.list(again->segments())->size(), 1U);
    }
  }
}

// What a killed process made is used by the next one, so it must not go with the power.
TEST_F(FolderTest, FilesOfAKilledProcessAreThereForGoodOnceItIsOpened) {
  ASSERT_TRUE(open().has_value());
  put("segments/x", "");
  put("catalogue/y", "");
  ASSERT_TRUE(open().has_value());
  files_.crash();
  EXPECT_EQ(files_.list(path + "/segments")->size(), 1U);
  EXPECT_EQ(files_.list(path + "/catalogue")->size(), 1U);
}

TEST_F(FolderTest, AFileIsReplacedWholeOrNotAtAll) {
  ASSERT_TRUE(files_.make_directory("/d").has_value());
  ASSERT_TRUE(replace_file(files_, "/d", "x", bytes_of("old")).has_value());
  ASSERT_TRUE(files_.sync_directory("/").has_value());
  sim::DiskImage disk = files_.image();
  files_.record();
  ASSERT_TRUE(replace_file(files_, "/d", "x", bytes_of(std::string(2000, 'n'))).has_value());
  const auto events = files_.recorded();
  bool met_old = false;
  bool met_new = false;
  for (std::size_t n = 0; n <= events.size(); ++n) {
    if (n > 0) disk.apply(events[n - 1]);
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      sim::SimRandom random(seed);
      sim::SimFileSystem left(disk.after_cut(sim::CutKind::random, random));
      const auto content = left.read_all("/d/x", 10'000);
      ASSERT_TRUE(content.has_value());
      const bool is_new = *content == std::string(2000, 'n');
      EXPECT_TRUE(is_new || *content == "old") << "event " << n << " seed " << seed;
      (is_new ? met_new : met_old) = true;
      if (n == events.size()) EXPECT_TRUE(is_new);
    }
  }
  EXPECT_TRUE(met_old && met_new);
}

class SystemFolderTest : public ::testing::Test {
 protected:
  SystemFolderTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "millrace-folder-test-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~SystemFolderTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<io::FileSystem> files_ = io::system_files();
  sim::SimRandom random_{1};
  std::string folder_;
};

TEST_F(SystemFolderTest, TheKeyIsTheOwnersAloneAndTheHolderIsNamed) {
  const std::string at = folder_ + "/below/data";
  const auto held = Folder::open(at, *files_, random_);
  ASSERT_TRUE(held.has_value()) << base::describe(held.error());
  struct stat status{};
  ASSERT_EQ(stat((at + "/KEY").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const auto second = Folder::open(at, *files_, random_);
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("process " + std::to_string(getpid()) + " holds it"), std::string::npos)
      << second.error().message;
}

TEST_F(SystemFolderTest, WhatIsNoFolderIsSaid) {
  std::filesystem::path file = folder_ + "/file";
  ASSERT_TRUE(files_->open(file, io::OpenMode::create).has_value());
  const auto refused = Folder::open(file, *files_, random_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find(file), std::string::npos);
  // Not even root writes there.
  const auto unwritable = Folder::open("/proc/data", *files_, random_);
  ASSERT_FALSE(unwritable.has_value());
  EXPECT_NE(unwritable.error().message.find("/proc/data"), std::string::npos);
}

}  // namespace
}  // namespace millrace::log::segment
