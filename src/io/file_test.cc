#include "io/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "io/system.h"

namespace millrace::io {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class SystemFilesTest : public testing::Test {
 protected:
  SystemFilesTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "millrace-file-test-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~SystemFilesTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  std::unique_ptr<FileSystem> files_ = system_files();
  std::string folder_;
};

TEST_F(SystemFilesTest, WritesReadsTruncatesAndSyncs) {
  auto file = files_->open(path("a"), OpenMode::create_new);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->write_at(3, bytes_of("hello")).has_value());
  ASSERT_TRUE((*file)->sync().has_value());
  EXPECT_EQ((*file)->size(), 8U);

  std::string content(20, '?');
  EXPECT_EQ((*file)->read_at(0, std::as_writable_bytes(std::span(content))), 8U);
  EXPECT_EQ(content.substr(0, 8), std::string("\0\0\0hello", 8));
  EXPECT_EQ((*file)->read_at(8, std::as_writable_bytes(std::span(content))), 0U);

  ASSERT_TRUE((*file)->truncate(5).has_value());
  EXPECT_EQ(files_->read_all(path("a"), 100), std::string("\0\0\0he", 5));
}

TEST_F(SystemFilesTest, OpenModesSayWhatIsMissingOrThere) {
  EXPECT_EQ(files_->open(path("a"), OpenMode::read).error().code, base::Errc::not_found);
  EXPECT_EQ(files_->open(path("a"), OpenMode::write).error().code, base::Errc::not_found);
  EXPECT_TRUE(files_->open(path("a"), OpenMode::create).has_value());
  EXPECT_EQ(files_->open(path("a"), OpenMode::create_new).error().code, base::Errc::exists);
  auto read_only = files_->open(path("a"), OpenMode::read);
  ASSERT_TRUE(read_only.has_value());
  const auto refused = (*read_only)->write_at(0, bytes_of("x"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().sys, EBADF);
  EXPECT_NE(refused.error().message.find(path("a")), std::string::npos);
}

TEST_F(SystemFilesTest, ReadAllHoldsItsMaximum) {
  auto file = files_->open(path("a"), OpenMode::create);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->write_at(0, bytes_of(std::string(10'000, 'x'))).has_value());
  EXPECT_EQ(files_->read_all(path("a"), 10'000).value().size(), 10'000U);
  EXPECT_EQ(files_->read_all(path("a"), 9'999).error().code, base::Errc::too_large);
  EXPECT_GT(files_->read_all("/proc/self/status", 100'000).value().size(), 100U);
}

TEST_F(SystemFilesTest, ListsRenamesAndRemoves) {
  ASSERT_TRUE(files_->make_directory(path("x/y/z")).has_value());
  ASSERT_TRUE(files_->make_directory(path("x/y/z")).has_value());
  for (const char* name : {"b", "a", "c"}) {
    ASSERT_TRUE(files_->open(path("x/y/") + name, OpenMode::create).has_value());
  }
  EXPECT_EQ(files_->list(path("x/y")), (std::vector<std::string>{"a", "b", "c", "z"}));
  ASSERT_TRUE(files_->rename(path("x/y/a"), path("x/y/d")).has_value());
  ASSERT_TRUE(files_->remove(path("x/y/b")).has_value());
  ASSERT_TRUE(files_->remove(path("x/y/z")).has_value());
  EXPECT_EQ(files_->list(path("x/y")), (std::vector<std::string>{"c", "d"}));
  EXPECT_TRUE(files_->sync_directory(path("x/y")).has_value());
  EXPECT_EQ(files_->remove(path("x/y/b")).error().code, base::Errc::not_found);
  EXPECT_EQ(files_->list(path("none")).error().code, base::Errc::not_found);
  ASSERT_FALSE(files_->make_directory(path("x/y/c/below")).has_value());
}

TEST_F(SystemFilesTest, AllocatesAndPunches) {
  auto file = files_->open(path("a"), OpenMode::create);
  ASSERT_TRUE(file.has_value());
  constexpr std::size_t mib = 1024 * 1024;
  ASSERT_TRUE((*file)->allocate(0, 4 * mib).has_value());
  EXPECT_EQ((*file)->size(), 4 * mib);
  ASSERT_TRUE((*file)->write_at(0, bytes_of(std::string(2 * mib, 'x'))).has_value());
  ASSERT_TRUE((*file)->sync().has_value());
  const auto before = (*file)->allocated();
  ASSERT_TRUE(before.has_value());
  EXPECT_GE(*before, 2 * mib);
  const auto punched = (*file)->punch(0, mib);
  if (!punched && punched.error().sys == EOPNOTSUPP) GTEST_SKIP() << "this file system makes no holes";
  ASSERT_TRUE(punched.has_value());
  EXPECT_LE((*file)->allocated().value(), *before - mib);
  std::string content(mib + 1, '?');
  EXPECT_EQ((*file)->read_at(0, std::as_writable_bytes(std::span(content))), mib + 1);
  EXPECT_EQ(content, std::string(mib, '\0') + "x");

  // Hints change nothing that is read.
  (*file)->expect_random_reads();
  (*file)->will_need(mib, mib);
  EXPECT_EQ((*file)->read_at(mib, std::as_writable_bytes(std::span(content)).first(1)), 1U);
  EXPECT_EQ(content[0], 'x');
}

TEST_F(SystemFilesTest, ALockHasOneHolderAndNamesIt) {
  auto held = files_->lock(path("LOCK"));
  ASSERT_TRUE(held.has_value()) << base::describe(held.error());
  const auto second = files_->lock(path("LOCK"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, base::Errc::exists);
  EXPECT_NE(second.error().message.find("process " + std::to_string(getpid()) + " holds it"), std::string::npos)
      << second.error().message;
  held->reset();
  EXPECT_TRUE(files_->lock(path("LOCK")).has_value());
}

TEST_F(SystemFilesTest, APrivateFileIsTheOwnersAlone) {
  ASSERT_TRUE(files_->open(path("key"), OpenMode::create_private).has_value());
  struct stat status{};
  ASSERT_EQ(stat(path("key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(files_->open(path("key"), OpenMode::create_private).error().code, base::Errc::exists);
}

TEST_F(SystemFilesTest, TellsFreeSpace) {
  EXPECT_GT(files_->free_bytes(folder_).value(), 0U);
  EXPECT_EQ(files_->free_bytes(path("none")).error().code, base::Errc::not_found);
}

}  // namespace
}  // namespace millrace::io
