#include "sim/sim_files.h"

#include <gtest/gtest.h>

#include <set>

namespace millrace::sim {
namespace {

using io::OpenMode;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class SimFileSystemTest : public testing::Test {
 protected:
  SimFileSystemTest() {
    EXPECT_TRUE(files_.make_directory("/data").has_value());
    EXPECT_TRUE(files_.sync_directory("/").has_value());
  }
  std::unique_ptr<io::File> open(const std::string& path, OpenMode mode = OpenMode::create) {
    auto file = files_.open(path, mode);
    EXPECT_TRUE(file.has_value());
    return std::move(*file);
  }
  void put(const std::string& path, std::string_view content) {
    EXPECT_TRUE(open(path)->write_at(0, bytes_of(content)).has_value());
  }

  SimFileSystem files_;
};

TEST_F(SimFileSystemTest, BehavesAsFilesDo) {
  auto file = open("/data/a", OpenMode::create_new);
  ASSERT_TRUE(file->write_at(3, bytes_of("hello")).has_value());
  EXPECT_EQ(file->size(), 8U);
  std::string content(20, '?');
  EXPECT_EQ(file->read_at(2, std::as_writable_bytes(std::span(content))), 6U);
  EXPECT_EQ(content.substr(0, 6), std::string("\0hello", 6));
  ASSERT_TRUE(file->punch(3, 100).has_value());
  ASSERT_TRUE(file->truncate(4).has_value());
  ASSERT_TRUE(file->allocate(0, 6).has_value());
  EXPECT_EQ(files_.read_all("/data/a", 6), std::string(6, '\0'));
  EXPECT_EQ(files_.read_all("/data/a", 5).error().code, base::Errc::too_large);

  EXPECT_EQ(files_.open("/data/a", OpenMode::create_new).error().code, base::Errc::exists);
  EXPECT_EQ(files_.open("/data/b", OpenMode::write).error().code, base::Errc::not_found);
  EXPECT_EQ(files_.open("/none/b", OpenMode::create).error().code, base::Errc::not_found);
  EXPECT_FALSE(open("/data/a", OpenMode::read)->write_at(0, bytes_of("x")).has_value());
  ASSERT_TRUE(files_.rename("/data/a", "/data/c").has_value());
  ASSERT_TRUE(files_.make_directory("/data/d/e").has_value());
  EXPECT_EQ(files_.list("/data"), (std::vector<std::string>{"c", "d"}));
  EXPECT_EQ(files_.remove("/data/d").error().sys, ENOTEMPTY);
  ASSERT_TRUE(files_.remove("/data/d/e").has_value());
  ASSERT_TRUE(files_.remove("/data/d").has_value());
  EXPECT_EQ(files_.list("/data"), std::vector<std::string>{"c"});
}

TEST_F(SimFileSystemTest, APowerCutTakesWhatWasNotSynced) {
  auto file = open("/data/a");
  ASSERT_TRUE(file->write_at(0, bytes_of("synced")).has_value());
  ASSERT_TRUE(file->sync().has_value());
  ASSERT_TRUE(files_.sync_directory("/data").has_value());
  ASSERT_TRUE(file->write_at(0, bytes_of("SYN")).has_value());
  EXPECT_EQ(files_.read_all("/data/a", 100), "SYNced");
  files_.crash();
  EXPECT_EQ(files_.read_all("/data/a", 100), "synced");
  EXPECT_FALSE(file->write_at(0, bytes_of("x")).has_value()) << "the process that had it open is dead";
}

TEST_F(SimFileSystemTest, AnEntryIsDurableOnlyOnceItsFolderIs) {
  {
    auto file = open("/data/a");
    ASSERT_TRUE(file->write_at(0, bytes_of("x")).has_value());
    ASSERT_TRUE(file->sync().has_value());
  }
  files_.crash();
  EXPECT_EQ(files_.list("/data"), std::vector<std::string>());

  put("/data/a", "x");
  ASSERT_TRUE(files_.sync_directory("/data").has_value());
  ASSERT_TRUE(files_.rename("/data/a", "/data/b").has_value());
  files_.crash();
  EXPECT_EQ(files_.list("/data"), std::vector<std::string>{"a"});
  EXPECT_EQ(files_.read_all("/data/a", 9), "") << "the entry was synced, the content not";

  ASSERT_TRUE(files_.remove("/data/a").has_value());
  files_.crash();
  EXPECT_EQ(files_.list("/data"), std::vector<std::string>{"a"});
  ASSERT_TRUE(files_.remove("/data/a").has_value());
  ASSERT_TRUE(files_.sync_directory("/data").has_value());
  files_.crash();
  EXPECT_EQ(files_.list("/data"), std::vector<std::string>());
}

TEST_F(SimFileSystemTest, WhatLiesBelowALostFolderIsLost) {
  ASSERT_TRUE(files_.make_directory("/data/x").has_value());
  put("/data/x/a", "y");
  ASSERT_TRUE(files_.sync_directory("/data/x").has_value());
  files_.crash();
  EXPECT_EQ(files_.list("/data"), std::vector<std::string>());
  EXPECT_FALSE(files_.read_all("/data/x/a", 9).has_value());
}

// The first letter of each sector of a file whose sectors hold one letter each; '?' where one holds several.
std::string letters_of(const std::string& content) {
  std::string letters;
  for (std::size_t at = 0; at < content.size(); at += DiskImage::sector_bytes) {
    const std::string sector = content.substr(at, DiskImage::sector_bytes);
    const bool whole = sector.find_first_not_of(sector[0]) == std::string::npos;
    letters += !whole ? '?' : sector[0] == '\0' ? '0' : sector[0];
  }
  return letters;
}

std::string sectors_of(std::string_view letters) {
  std::string content;
  for (const char letter : letters)
    content.append(DiskImage::sector_bytes, letter);
  return content;
}

TEST_F(SimFileSystemTest, ARandomCutKeepsAnySectorsOfTheUnsyncedAndAllThatWasSynced) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    SimRandom random(seed);
    SimFileSystem files;
    auto file = files.open("/a", OpenMode::create).value();
    ASSERT_TRUE(file->write_at(0, bytes_of(sectors_of("...."))).has_value());
    ASSERT_TRUE(file->sync().has_value());
    ASSERT_TRUE(files.sync_directory("/").has_value());
    ASSERT_TRUE(file->write_at(0, bytes_of(sectors_of("abcd"))).has_value());
    ASSERT_TRUE(file->write_at(2 * DiskImage::sector_bytes, bytes_of(sectors_of("xyz"))).has_value());
    files.crash(random);
    const std::string left = letters_of(files.read_all("/a", 1 << 20).value());
    ASSERT_TRUE(left.size() == 4 || left.size() == 5) << left;
    for (std::size_t i = 0; i < left.size(); ++i)
      ASSERT_NE((std::vector<std::string>{".a", ".b", ".cx", ".dy", "0z"})[i].find(left[i]), std::string::npos) << left;
    seen.insert(left);
  }
  for (const char* one : {"....", "abxyz", "....0", "....z", "a.xy", ".b..z", "abcd", "ab.y0", "a.c."})
    EXPECT_TRUE(seen.contains(one)) << one;
}

TEST_F(SimFileSystemTest, ARandomCutKeepsARenameWholeAndOnlyWithWhatWasBeforeIt) {
  std::set<std::vector<std::string>> seen;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SimRandom random(seed);
    SimFileSystem files;
    ASSERT_TRUE(files.open("/old", OpenMode::create).has_value());
    ASSERT_TRUE(files.sync_directory("/").has_value());
    ASSERT_TRUE(files.rename("/old", "/new").has_value());
    ASSERT_TRUE(files.open("/late.part", OpenMode::create).has_value());
    ASSERT_TRUE(files.rename("/late.part", "/late").has_value());
    files.crash(random);
    seen.insert(files.list("/").value());
  }
  const std::set<std::vector<std::string>> possible = {{"old"}, {"late.part", "old"}, {"late", "old"},
                                                       {"new"}, {"late.part", "new"}, {"late", "new"}};
  EXPECT_EQ(seen, possible);
}

TEST_F(SimFileSystemTest, ARecordedRunCanBeCutAtEveryEvent) {
  SimFileSystem files;
  files.record();
  auto file = files.open("/a", OpenMode::create).value();
  ASSERT_TRUE(files.sync_directory("/").has_value());
  ASSERT_TRUE(file->allocate(0, 8192).has_value());
  ASSERT_TRUE(file->write_at(0, bytes_of("one")).has_value());
  ASSERT_TRUE(file->sync().has_value());
  ASSERT_TRUE(file->write_at(0, bytes_of("two")).has_value());
  ASSERT_TRUE(file->truncate(3).has_value());
  ASSERT_TRUE(file->sync().has_value());
  const auto events = files.recorded();
  ASSERT_EQ(events.size(), files.events());

  SimRandom random(1);
  std::vector<std::string> kept_none;
  std::vector<std::string> kept_all;
  DiskImage disk;
  for (const DiskEvent& event : events) {
    disk.apply(event);
    const auto first_of = [&](CutKind kind) {
      SimFileSystem left(disk.after_cut(kind, random));
      const auto content = left.read_all("/a", 10'000);
      return content ? content->substr(0, 3) : "absent";
    };
    kept_none.push_back(first_of(CutKind::none));
    kept_all.push_back(first_of(CutKind::all));
  }
  const std::string zeros(3, '\0');
  EXPECT_EQ(kept_none, (std::vector<std::string>{"absent", "", "", "", "one", "one", "one", "two"}));
  EXPECT_EQ(kept_all, (std::vector<std::string>{"", "", zeros, "one", "one", "two", "two", "two"}));
}

TEST_F(SimFileSystemTest, OneEventFailsAndWhatASyncFailedForNeverBecomesDurable) {
  auto file = open("/data/a");
  ASSERT_TRUE(files_.sync_directory("/data").has_value());
  files_.fail_at(files_.events() + 2, EIO);
  ASSERT_TRUE(file->write_at(0, bytes_of("lost")).has_value());
  EXPECT_EQ(file->sync().error().sys, EIO);
  EXPECT_EQ(files_.read_all("/data/a", 9), "lost") << "it is still in the page cache";
  EXPECT_TRUE(file->sync().has_value());
  ASSERT_TRUE(file->write_at(1, bytes_of("x")).has_value());
  ASSERT_TRUE(file->sync().has_value());
  files_.fail_at(files_.events() + 1, EIO);
  EXPECT_EQ(file->write_at(2, bytes_of("yyyy")).error().sys, EIO);
  EXPECT_EQ(files_.read_all("/data/a", 9), "lxyy") << "half of it was written";
  files_.crash();
  EXPECT_EQ(files_.read_all("/data/a", 9), (std::string("\0x", 2)));
}

TEST_F(SimFileSystemTest, ADeadDiskChangesNothingAnyMore) {
  put("/data/a", "x");
  files_.fail_from(files_.events() + 1, EIO);
  EXPECT_FALSE(files_.open("/data/b", OpenMode::create).has_value());
  EXPECT_FALSE(files_.remove("/data/a").has_value());
  EXPECT_FALSE(files_.sync_directory("/data").has_value());
  EXPECT_FALSE(open("/data/a")->write_at(0, bytes_of("y")).has_value());
  EXPECT_EQ(files_.read_all("/data/a", 9), "x");
}

TEST_F(SimFileSystemTest, SpaceRunsOutAndComesBack) {
  files_.set_free_bytes(16 * 1024);
  auto file = open("/data/a");
  ASSERT_TRUE(file->allocate(0, 8 * 1024).has_value());
  EXPECT_EQ(files_.free_bytes("/data"), 8 * 1024U);
  EXPECT_EQ(file->allocated(), 8 * 1024U);
  ASSERT_TRUE(file->write_at(100, bytes_of("within what is reserved")).has_value());
  EXPECT_EQ(files_.free_bytes("/data"), 8 * 1024U);
  EXPECT_EQ(file->allocate(0, 32 * 1024).error().code, base::Errc::full);
  EXPECT_EQ(file->size(), 8 * 1024U) << "nothing of it was done";
  EXPECT_EQ(file->write_at(8 * 1024, bytes_of(std::string(9'000, 'x'))).error().code, base::Errc::full);
  EXPECT_EQ(file->size(), 16 * 1024U) << "it was written as far as there was room";
  EXPECT_EQ(files_.free_bytes("/data"), 0U);
  ASSERT_TRUE(file->punch(0, 4096).has_value());
  EXPECT_EQ(files_.free_bytes("/data"), 4096U);
  ASSERT_TRUE(file->truncate(5'000).has_value());
  EXPECT_EQ(file->allocated(), 4096U);
  ASSERT_TRUE(files_.remove("/data/a").has_value());
  EXPECT_EQ(files_.free_bytes("/data"), 16 * 1024U);
}

TEST_F(SimFileSystemTest, AStoreBesideTheFilesIsCutWithThem) {
  const auto picture = [](int value) { return std::make_shared<const int>(value); };
  ASSERT_TRUE(files_.flush_store(picture(1)).has_value());
  ASSERT_TRUE(files_.write_store(picture(2)).has_value());
  ASSERT_TRUE(files_.write_store(picture(3)).has_value());
  std::set<int> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimRandom random(seed);
    seen.insert(*static_cast<const int*>(files_.image().after_cut(CutKind::random, random).store().get()));
  }
  EXPECT_EQ(seen, (std::set<int>{1, 2, 3}));
  files_.crash();
  EXPECT_EQ(*static_cast<const int*>(files_.image().store().get()), 1);
}

TEST_F(SimFileSystemTest, CountsWritesAndSyncs) {
  const auto syncs = files_.syncs();
  auto file = open("/data/a");
  ASSERT_TRUE(file->write_at(0, bytes_of("x")).has_value());
  ASSERT_TRUE(file->write_at(1, bytes_of("y")).has_value());
  ASSERT_TRUE(file->sync().has_value());
  EXPECT_EQ(files_.writes(), 2U);
  EXPECT_EQ(files_.syncs(), syncs + 1);
}

TEST(SimFilesTest, ALockHasOneHolderAndACrashLetsGoOfIt) {
  SimFileSystem files;
  auto held = files.lock("/LOCK");
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(files.lock("/LOCK").error().code, base::Errc::exists);
  held->reset();
  held = files.lock("/LOCK");
  ASSERT_TRUE(held.has_value());
  files.crash();
  auto next = files.lock("/LOCK");
  ASSERT_TRUE(next.has_value());
  // The dead process's lock goes without letting go of the new one.
  held->reset();
  EXPECT_EQ(files.lock("/LOCK").error().code, base::Errc::exists);
}

}  // namespace
}  // namespace millrace::sim
