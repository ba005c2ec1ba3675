#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "log/segment/index_store.h"

namespace millrace::log::rocksdb {

// Shares of the memory, from the table that divides --memory-max.
struct RocksdbIndexOptions {
  std::string folder;  // DATA/index; made where absent, its parent is there
  std::size_t block_cache_bytes = std::size_t{32} << 20;
  std::size_t memtable_bytes = std::size_t{32} << 20;  // of all memtables together
  bool read_only = false;                              // nothing is changed: it must be there, and every write fails
};

// The index in a RocksDB of one column family, without a write-ahead log: a batch is durable only after flush(), and
// what goes to the disk before by itself is a whole number of batches, in their order. Never throws.
base::Result<std::unique_ptr<segment::IndexStore>> open_rocksdb_index(const RocksdbIndexOptions& options);

}  // namespace millrace::log::rocksdb
