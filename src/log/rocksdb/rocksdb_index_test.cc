#include "log/rocksdb/rocksdb_index.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "log/testing/index_contract.h"

namespace millrace::log::rocksdb {
namespace {

class RocksdbWorld {
 public:
  RocksdbWorld() {
    std::string pattern = (std::filesystem::temp_directory_path() / "millrace-index-test-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~RocksdbWorld() { std::filesystem::remove_all(folder_); }
  RocksdbWorld(const RocksdbWorld&) = delete;
  RocksdbWorld& operator=(const RocksdbWorld&) = delete;

  std::unique_ptr<segment::IndexStore> open() {
    auto store = open_rocksdb_index({.folder = folder_ + "/index"});
    EXPECT_TRUE(store.has_value()) << (store ? "" : base::describe(store.error()));
    return store ? std::move(*store) : nullptr;
  }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

TEST(RocksdbIndexTest, ASecondOpenIsRefused) {
  RocksdbWorld world;
  const auto store = world.open();
  ASSERT_NE(store, nullptr);
  const auto second = open_rocksdb_index({.folder = world.folder() + "/index"});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, base::Errc::io);
}

TEST(RocksdbIndexTest, AFolderThatCannotBeMadeIsAnError) {
  const auto store = open_rocksdb_index({.folder = "/proc/millrace-index"});
  ASSERT_FALSE(store.has_value());
  EXPECT_NE(store.error().message.find("the index"), std::string::npos);
}

}  // namespace
}  // namespace millrace::log::rocksdb

namespace millrace::log::segment {
namespace {
INSTANTIATE_TYPED_TEST_SUITE_P(Rocksdb, IndexContract, rocksdb::RocksdbWorld);
}  // namespace
}  // namespace millrace::log::segment
