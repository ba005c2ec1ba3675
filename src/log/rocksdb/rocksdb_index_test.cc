#include "log/rocksdb/rocksdb_index.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "log/testing/index_contract.h"

namespace millrace::log::rocksdb {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "millrace-index-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
    fs::remove_all(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  std::string index() const { return path_ + "/index"; }
  // A disk of its own of a few MiB; false where this process may not mount one.
  bool mount_disk() {
    mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=8m") == 0;
    return mounted_;
  }

 private:
  std::string path_;
  bool mounted_ = false;
};

base::Result<std::unique_ptr<segment::IndexStore>> open_in(const Folder& folder) {
  return open_rocksdb_index({.folder = folder.index()});
}

class RocksdbWorld {
 public:
  std::unique_ptr<segment::IndexStore> open() {
    auto store = open_in(folder_);
    EXPECT_TRUE(store.has_value()) << (store ? "" : base::describe(store.error()));
    return store ? std::move(*store) : nullptr;
  }
  const Folder& folder() const { return folder_; }
  // Leaves so many bytes.
  bool fill(std::uintmax_t left = 0) {
    if (!has_disk_) return false;
    std::ofstream file(filler(), std::ios::binary);
    const std::string zeros(4096, '\0');
    while (fs::space(folder_.path()).available > left) {
      if (!file.write(zeros.data(), static_cast<std::streamsize>(zeros.size())) || !file.flush()) break;
    }
    return true;
  }
  void make_room() { fs::remove(filler()); }

 private:
  std::string filler() const { return folder_.path() + "/filler"; }

  Folder folder_;
  const bool has_disk_ = folder_.mount_disk();
};

// An index of some hundred rows, flushed, in the folder.
void make_index(const Folder& folder) {
  const auto store = open_in(folder);
  ASSERT_TRUE(store.has_value());
  for (Position batch = 0; batch < 3; ++batch) {
    segment::IndexBatch rows;
    for (Position i = 0; i < 200; ++i)
      rows.put_rows.push_back(segment::index_row(segment::log_a, 1 + batch * 200 + i, 1, 100));
    rows.put_logs = {segment::log_row(segment::log_a, 200 * (batch + 1))};
    ASSERT_TRUE((*store)->write(rows).has_value());
    ASSERT_TRUE((*store)->flush().has_value());
  }
}

std::vector<std::string> files_of(const Folder& folder) {
  std::vector<std::string> files;
  for (const auto& file : fs::directory_iterator(folder.index()))
    files.push_back(file.path().string());
  std::ranges::sort(files);
  return files;
}

TEST(RocksdbIndexTest, OpenForReadingItChangesNothingAndRefusesToBeChanged) {
  Folder folder;
  EXPECT_FALSE(open_rocksdb_index({.folder = folder.index(), .read_only = true}).has_value());
  EXPECT_FALSE(fs::exists(folder.index() + "/CURRENT"));
  make_index(folder);
  const auto before = files_of(folder);
  {
    const auto store = open_rocksdb_index({.folder = folder.index(), .read_only = true});
    ASSERT_TRUE(store.has_value()) << base::describe(store.error());
    EXPECT_EQ((*store)->scan(segment::log_a, 0, 1'000)->size(), 600U);
    segment::IndexBatch batch;
    batch.watermark = segment::Watermark{7};
    EXPECT_EQ((*store)->write(batch).error().code, base::Errc::closed);
    EXPECT_EQ((*store)->flush().error().code, base::Errc::closed);
    EXPECT_EQ((*store)->compact().error().code, base::Errc::closed);
  }
  EXPECT_EQ(files_of(folder), before);
}

TEST(RocksdbIndexTest, ASecondOpenIsRefused) {
  const Folder folder;
  const auto store = open_in(folder);
  ASSERT_TRUE(store.has_value());
  const auto second = open_in(folder);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, base::Errc::io);
}

TEST(RocksdbIndexTest, AFolderThatCannotBeMadeIsAnError) {
  const auto store = open_rocksdb_index({.folder = "/proc/millrace-index"});
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, base::Errc::io);
  EXPECT_NE(store.error().message.find("the index"), std::string::npos);
}

// Each file in turn: gone, emptied, cut short, or with a byte flipped here and there. Either the open or a read says
// what to do, or what is there is what one of the flushes left, whole: all of it, or an earlier state or nothing at all
// where the list of files is cut short or gone. The watermark moves back with it, so that a start builds the rest
// again.
TEST(RocksdbIndexTest, ADamagedFolderIsToldFromAWrongRow) {
  Folder whole;
  make_index(whole);
  std::vector<segment::IndexRow> expected;
  for (Position i = 1; i <= 600; ++i)
    expected.push_back(segment::index_row(segment::log_a, i, 1, 100));
  std::size_t refused = 0;
  std::size_t tables_refused = 0;
  const auto check = [&](const std::string& name, const std::function<void(const std::string&)>& damage) {
    const Folder copy;
    fs::copy(whole.index(), copy.index());
    damage(copy.index() + "/" + name);
    auto store = open_in(copy);
    base::Error error;
    if (!store) {
      error = store.error();
    } else {
      const auto rows = (*store)->scan(segment::log_a, 0, 10'000);
      const auto logs = (*store)->logs();
      if (rows && logs) {
        const std::size_t there = rows->size();
        EXPECT_TRUE(there % 200 == 0 && std::equal(rows->begin(), rows->end(), expected.begin())) << name;
        EXPECT_EQ(logs->empty() ? 0 : logs->front().tail, there) << name;
        if (name.ends_with(".sst")) EXPECT_EQ(there, 600U) << name;
        return;
      }
      error = rows ? logs.error() : rows.error();
    }
    EXPECT_EQ(error.code, base::Errc::data_loss) << name << ": " << base::describe(error);
    EXPECT_NE(error.message.find("The folder `index` of the data folder may be removed while the broker is stopped"),
              std::string::npos);
    ++refused;
    if (name.ends_with(".sst")) ++tables_refused;
  };
  for (const std::string& path : files_of(whole)) {
    const std::string name = fs::path(path).filename();
    const auto size = fs::file_size(path);
    check(name, [](const std::string& file) { fs::remove(file); });
    check(name, [](const std::string& file) { fs::resize_file(file, 0); });
    if (size < 2) continue;
    check(name, [&](const std::string& file) { fs::resize_file(file, size / 2); });
    for (std::uintmax_t at = 0; at < size; at += std::max<std::uintmax_t>(1, size / 16)) {
      check(name, [&](const std::string& file) {
        std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
        bytes.seekg(static_cast<std::streamoff>(at));
        const int byte = bytes.get();
        bytes.seekp(static_cast<std::streamoff>(at));
        bytes.put(static_cast<char>(byte ^ 0x10));
      });
    }
  }
  EXPECT_GT(refused, 20U);
  EXPECT_GT(tables_refused, 10U);
}

// What stands in the folder does not grow with flushes of nothing, nor does a log of the library stand there.
TEST(RocksdbIndexTest, FlushesOfNothingLeaveNothing) {
  const Folder folder;
  make_index(folder);
  const auto store = open_in(folder);
  ASSERT_TRUE(store.has_value());
  const auto before = files_of(folder);
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE((*store)->flush().has_value());
  EXPECT_EQ(files_of(folder), before);
  EXPECT_TRUE(std::ranges::none_of(before, [](const std::string& file) {
    return fs::path(file).filename().string().starts_with("LOG") && !file.ends_with("LOCK");
  }));
}

// Small files of flushes are merged, and what is trimmed gives its space back.
TEST(RocksdbIndexTest, ManyFlushesStayFewFilesAndTrimsFreeThem) {
  const Folder folder;
  const auto store = open_in(folder);
  ASSERT_TRUE(store.has_value());
  const auto bytes = [&] {
    std::uintmax_t sum = 0;
    for (const std::string& file : files_of(folder))
      sum += file.ends_with(".sst") ? fs::file_size(file) : 0;
    return sum;
  };
  const auto tables = [&] {
    return std::ranges::count_if(files_of(folder), [](const std::string& file) { return file.ends_with(".sst"); });
  };
  for (Position flush = 0; flush < 200; ++flush) {
    segment::IndexBatch batch;
    for (Position i = 0; i < 500; ++i)
      batch.put_rows.push_back(segment::index_row(segment::log_a, 1 + flush * 500 + i, 1, 100));
    batch.put_logs = {segment::log_row(segment::log_a, flush * 500 + 500)};
    batch.watermark = segment::Watermark{.run = flush};
    ASSERT_TRUE((*store)->write(batch).has_value());
    ASSERT_TRUE((*store)->flush().has_value());
  }
  EXPECT_LT(tables(), 40);
  const auto full = bytes();
  ASSERT_TRUE((*store)->write({.trims = {{.log = segment::log_a, .before = 99'990}}}).has_value());
  ASSERT_TRUE((*store)->flush().has_value());
  ASSERT_TRUE((*store)->compact().has_value());
  EXPECT_EQ((*store)->scan(segment::log_a, 0, 100).value().size(), 11U);
  EXPECT_LT(bytes(), full / 10);
}

// Files that are flushed find room where those that are merged do not: what a flush has answered is there, whatever the
// library makes of its errors meanwhile.
TEST(RocksdbIndexTest, AMergeThatFindsNoSpaceLosesNothing) {
  RocksdbWorld world;
  auto store = world.open();
  ASSERT_NE(store, nullptr);
  Position next = 1;
  Position flushed = 0;
  bool refused = false;
  const auto put = [&](Position rows) {
    segment::IndexBatch batch{.watermark = segment::Watermark{.run = next}};
    for (Position i = 0; i < rows; ++i) {
      // Each an entry of its own, so that the index is not small.
      segment::IndexRow row = segment::index_row(segment::log_a, next + i, 1, 100);
      row.size = std::uint32_t{1} << 20;
      batch.put_rows.push_back(row);
    }
    const auto written = store->write(batch);
    if (written) next += rows;
    const auto done = store->flush();
    for (const auto& outcome : {written, done}) {
      if (outcome) continue;
      refused = true;
      EXPECT_EQ(outcome.error().code, base::Errc::full) << base::describe(outcome.error());
    }
    if (done) flushed = next - 1;
  };
  put(40'000);
  for (int round = 0; round < 4; ++round) {
    if (!world.fill(std::uintmax_t{100'000} << round)) GTEST_SKIP() << "no disk here can be filled";
    for (int i = 0; i < 60; ++i)
      put(50);
    world.make_room();
    put(1);
    EXPECT_EQ(flushed, next - 1) << "room again";
    store.reset();
    store = world.open();
    ASSERT_NE(store, nullptr);
    ASSERT_EQ(store->scan(segment::log_a, 0, 1'000'000).value().size(), flushed);
  }
  EXPECT_TRUE(refused) << "a disk of that size is too large for this test";
}

}  // namespace
}  // namespace millrace::log::rocksdb

namespace millrace::log::segment {
namespace {
INSTANTIATE_TYPED_TEST_SUITE_P(Rocksdb, IndexContract, rocksdb::RocksdbWorld);
}  // namespace
}  // namespace millrace::log::segment
