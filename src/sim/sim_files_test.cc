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

TEST_F(SimFileSystemTest, ARandomCutKeepsAnyPartOfTheUnsyncedButAllThatWasSynced) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimRandom random(seed);
    auto file = open("/data/a");
    ASSERT_TRUE(file->truncate(0).has_value());
    ASSERT_TRUE(file->write_at(0, bytes_of("......")).has_value());
    ASSERT_TRUE(file->sync().has_value());
    ASSERT_TRUE(files_.sync_directory("/data").has_value());
    ASSERT_TRUE(file->write_at(0, bytes_of("abc")).has_value());
    ASSERT_TRUE(file->write_at(3, bytes_of("def")).has_value());
    files_.crash(random);
    const std::string left = files_.read_all("/data/a", 100).value();
    ASSERT_EQ(left.size(), 6U);
    for (std::size_t i = 0; i < left.size(); ++i)
      ASSERT_TRUE(left[i] == '.' || left[i] == "abcdef"[i]) << left;
    seen.insert(left);
  }
  for (const char* one : {"......", "abc...", "...def", "abcdef", "a..def", "abcde."})
    EXPECT_TRUE(seen.contains(one)) << one;
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
