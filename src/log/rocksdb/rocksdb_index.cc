#include "log/rocksdb/rocksdb_index.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <exception>
#include <functional>
#include <utility>

#include "base/mutex.h"
#include "log/segment/packed_index.h"

namespace millrace::log::rocksdb {
namespace {

using base::Result;
using ::rocksdb::Status;
using segment::IndexStore;
using segment::KeyChange;
using segment::KeyCursor;

constexpr int open_files_max = 256;
constexpr int flush_attempts_max = 3;
// Each flush adds a line of some 200 bytes to the manifest; a longer one is begun anew.
constexpr std::size_t manifest_bytes_max = std::size_t{1} << 20;
// Flushes come every 256 MiB of segments or 30 s, each with a small file. So many are merged at once that the levels
// below are not rewritten for a few rows.
constexpr int new_files_to_merge = 8;
constexpr std::uint64_t first_level_bytes = std::uint64_t{64} << 20;
constexpr std::uint64_t file_bytes = std::uint64_t{8} << 20;

std::string_view view(const ::rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}
::rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

std::unexpected<base::Error> refused(const Status& status) {
  if (status.IsCorruption()) return segment::damaged_index(status.ToString());
  return base::fail(status.IsNoSpace() ? base::Errc::full : base::Errc::io, "the index: " + status.ToString());
}

Result<void> result_of(const Status& status) {
  if (!status.ok()) return refused(status);
  return {};
}

// The library reports failures as values, save that memory or a thread cannot be had.
template <class T>
Result<T> guarded(const std::function<Result<T>()>& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return base::fail(base::Errc::io, std::string("the index: ") + error.what());
  }
}

// What the library says of its doings goes nowhere: errors come back as values, and its log would grow in the folder.
class NoLog final : public ::rocksdb::Logger {
 public:
  NoLog() : Logger(::rocksdb::FATAL_LEVEL) {}
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// The file system, save that it does not tell its free space: knowing that, the library meets a full disk with a thread
// that looks every five seconds, and refuses to resume meanwhile.
class Files final : public ::rocksdb::FileSystemWrapper {
 public:
  Files() : FileSystemWrapper(::rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "millrace"; }
  ::rocksdb::IOStatus GetFreeSpace(const std::string&, const ::rocksdb::IOOptions&, std::uint64_t*,
                                   ::rocksdb::IODebugContext*) override {
    return ::rocksdb::IOStatus::NotSupported("free space");
  }
};

::rocksdb::Options database_options(const RocksdbIndexOptions& from, ::rocksdb::Env& env) {
  ::rocksdb::Options options;
  options.env = &env;
  options.create_if_missing = true;
  options.info_log = std::make_shared<NoLog>();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;

  options.write_buffer_size = from.memtable_bytes / 2;
  options.db_write_buffer_size = from.memtable_bytes;
  options.max_write_buffer_number = 2;
  options.allow_concurrent_memtable_write = false;  // one thread writes
  // What was not flushed is written again from the segments; a stop does not wait for it.
  options.avoid_flush_during_shutdown = true;
  options.max_manifest_file_size = manifest_bytes_max;
  // A full disk is met again at the next flush, which resumes by itself; no thread of the library tries meanwhile.
  options.max_bgerror_resume_count = 0;

  options.max_background_jobs = 2;
  options.level0_file_num_compaction_trigger = new_files_to_merge;
  options.max_bytes_for_level_base = first_level_bytes;
  options.target_file_size_base = file_bytes;
  options.compression = ::rocksdb::kNoCompression;  // entries are packed already

  options.max_open_files = open_files_max;
  options.max_file_opening_threads = 1;
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  ::rocksdb::BlockBasedTableOptions table;
  table.block_cache = ::rocksdb::NewLRUCache(from.block_cache_bytes);
  table.cache_index_and_filter_blocks = true;
  table.format_version = 5;
  options.table_factory.reset(::rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

class Cursor final : public KeyCursor {
 public:
  Cursor(::rocksdb::DB& database, std::string begin, std::string end) : begin_(std::move(begin)), end_(std::move(end)) {
    ::rocksdb::ReadOptions options;
    options.iterate_lower_bound = &lower_;
    options.iterate_upper_bound = &upper_;
    at_.reset(database.NewIterator(options));
  }
  void seek(std::string_view key) override { at_->Seek(slice(key)); }
  void seek_for_prev(std::string_view key) override { at_->SeekForPrev(slice(key)); }
  void next() override { at_->Next(); }
  bool valid() const override { return at_->Valid(); }
  std::string_view key() const override { return view(at_->key()); }
  std::string_view value() const override { return view(at_->value()); }
  Result<void> status() const override { return result_of(at_->status()); }

 private:
  // The iterator points at these.
  const std::string begin_;
  const std::string end_;
  const ::rocksdb::Slice lower_{begin_};
  const ::rocksdb::Slice upper_{end_};
  std::unique_ptr<::rocksdb::Iterator> at_;
};

class RocksdbKeyValues final : public segment::KeyValues {
 public:
  RocksdbKeyValues(std::unique_ptr<::rocksdb::Env> env, std::unique_ptr<::rocksdb::DB> database)
      : env_(std::move(env)), database_(std::move(database)) {}

  Result<void> apply(const std::vector<KeyChange>& changes) override {
    return guarded<void>([&] {
      ::rocksdb::WriteBatch batch;
      for (const KeyChange& change : changes) {
        switch (change.kind) {
          case KeyChange::Kind::put:
            batch.Put(change.key, change.value);
            break;
          case KeyChange::Kind::remove:
            batch.Delete(change.key);
            break;
          case KeyChange::Kind::remove_range:
            batch.DeleteRange(change.key, change.value);
            deleted_.store(true, std::memory_order_relaxed);
            break;
        }
      }
      const base::Lock lock(mutex_);
      return result_of(resuming([&] { return write(batch); }));
    });
  }

  // RocksDB 7.8 cannot be taken at its word here: once it has stopped for an error, Flush() answers without waiting for
  // good, also after Resume(); and Resume(), which does wait, only clears the error where that was a compaction's. So
  // what counts is that nothing is left in memory.
  Result<void> flush() override {
    return guarded<void>([&]() -> Result<void> {
      const base::Lock lock(mutex_);
      Status status;
      for (int attempt = 0; attempt < flush_attempts_max; ++attempt) {
        status = flush_memtables();
        if (status.ok() && nothing_in_memory()) return {};
        const Status resumed = database_->Resume();
        if (!resumed.ok()) return refused(resumed);
        if (nothing_in_memory()) return {};
      }
      if (!status.ok()) return refused(status);
      return base::fail(base::Errc::full, "the index: what is in memory could not be flushed yet");
    });
  }

  Result<std::unique_ptr<KeyCursor>> cursor(std::string begin, std::string end) override {
    return guarded<std::unique_ptr<KeyCursor>>(
        [&] { return std::make_unique<Cursor>(*database_, std::move(begin), std::move(end)); });
  }

  Result<std::optional<std::string>> get(const std::string& key) override {
    return guarded<std::optional<std::string>>([&]() -> Result<std::optional<std::string>> {
      std::string bytes;
      const Status status = database_->Get({}, key, &bytes);
      if (status.IsNotFound()) return std::nullopt;
      if (!status.ok()) return refused(status);
      return bytes;
    });
  }

  // Where nothing was deleted since the last time there is nothing to free.
  Result<void> compact() override {
    return guarded<void>([&]() -> Result<void> {
      if (!deleted_.exchange(false)) return {};
      ::rocksdb::CompactRangeOptions options;
      options.exclusive_manual_compaction = false;
      const Status status = resuming([&] { return database_->CompactRange(options, nullptr, nullptr); });
      if (!status.ok()) deleted_.store(true);
      return result_of(status);
    });
  }

 private:
  Status flush_memtables() {
    ::rocksdb::FlushOptions options;
    options.wait = true;
    options.allow_write_stall = true;
    return database_->Flush(options);
  }

  // While no write is on its way.
  bool nothing_in_memory() {
    std::uint64_t waiting = 1;
    std::uint64_t entries = 1;
    return database_->GetIntProperty(::rocksdb::DB::Properties::kNumImmutableMemTable, &waiting) &&
           database_->GetIntProperty(::rocksdb::DB::Properties::kNumEntriesActiveMemTable, &entries) && waiting == 0 &&
           entries == 0;
  }

  Status write(::rocksdb::WriteBatch& batch) {
    ::rocksdb::WriteOptions options;
    options.disableWAL = true;
    // A wait for memtables that cannot be flushed would have no end.
    options.no_slowdown = true;
    Status status = database_->Write(options, &batch);
    if (!status.IsIncomplete()) return status;
    status = flush_memtables();
    if (!status.ok()) return status;
    options.no_slowdown = false;
    return database_->Write(options, &batch);
  }

  // After an error in the background the library refuses to write until it is told to go on.
  Status resuming(const std::function<Status()>& work) {
    Status status = work();
    if (status.ok() || !database_->Resume().ok()) return status;
    return work();
  }

  base::Mutex mutex_;                          // a write or a flush
  const std::unique_ptr<::rocksdb::Env> env_;  // outlives the database
  const std::unique_ptr<::rocksdb::DB> database_;
  std::atomic<bool> deleted_{true};  // ranges, which take space until they are compacted
};

}  // namespace

Result<std::unique_ptr<IndexStore>> open_rocksdb_index(const RocksdbIndexOptions& options) {
  return guarded<std::unique_ptr<IndexStore>>([&]() -> Result<std::unique_ptr<IndexStore>> {
    auto env = ::rocksdb::NewCompositeEnv(std::make_shared<Files>());
    const bool there = env->FileExists(options.folder + "/CURRENT").ok();
    ::rocksdb::DB* opened = nullptr;
    const auto database_with = database_options(options, *env);
    const Status status = options.read_only ? ::rocksdb::DB::OpenForReadOnly(database_with, options.folder, &opened)
                                            : ::rocksdb::DB::Open(database_with, options.folder, &opened);
    std::unique_ptr<::rocksdb::DB> database(opened);
    if (status.ok()) {
      return segment::make_packed_index(std::make_unique<RocksdbKeyValues>(std::move(env), std::move(database)));
    }
    // A file of it is gone, or says what was never written.
    if (there &&
        (status.IsPathNotFound() || status.IsNotFound() || status.IsInvalidArgument() || status.IsNotSupported())) {
      return segment::damaged_index(status.ToString());
    }
    return refused(status);
  });
}

}  // namespace millrace::log::rocksdb
