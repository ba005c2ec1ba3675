#include "log/rocksdb/rocksdb_index.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <cerrno>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <shared_mutex>
#include <system_error>
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
// What a database takes to be opened anew and to flush, beside what is to be flushed.
constexpr std::size_t room_bytes_min = std::size_t{1} << 20;
// Each flush adds a line of some 200 bytes to the manifest; a longer one is begun anew.
constexpr std::size_t manifest_bytes_max = std::size_t{1} << 20;
// Flushes come every 256 MiB of segments or 30 s, each with a small file; this many, of about one size, are merged.
constexpr int files_to_merge = 8;

std::string_view view(const ::rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}
::rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

std::unexpected<base::Error> refused(const Status& status) {
  if (status.IsCorruption()) return segment::damaged_index(status.ToString());
  const std::string text = status.ToString();
  const bool full = status.IsNoSpace() || text.find(std::generic_category().message(EDQUOT)) != std::string::npos;
  return base::fail(full ? base::Errc::full : base::Errc::io, "the index: " + text);
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
// that looks every five seconds and resumes.
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
  // No thread of the library tries to resume after an error.
  options.max_bgerror_resume_count = 0;
  // Nor is a write held up because there are many small files: where a full disk lets none be merged, it would be for
  // good.
  options.level0_slowdown_writes_trigger = std::numeric_limits<int>::max();
  options.level0_stop_writes_trigger = std::numeric_limits<int>::max();

  options.max_background_jobs = 2;
  // Merged in tiers and not by levels, which every small file would have rewritten: a fifth of the bytes written.
  options.compaction_style = ::rocksdb::kCompactionStyleUniversal;
  options.level0_file_num_compaction_trigger = files_to_merge;
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
  // `opened` keeps the database open.
  Cursor(std::shared_lock<std::shared_mutex> opened, ::rocksdb::DB& database, std::string begin, std::string end)
      : opened_(std::move(opened)), begin_(std::move(begin)), end_(std::move(end)) {
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
  const std::shared_lock<std::shared_mutex> opened_;
  // The iterator points at these.
  const std::string begin_;
  const std::string end_;
  const ::rocksdb::Slice lower_{begin_};
  const ::rocksdb::Slice upper_{end_};
  std::unique_ptr<::rocksdb::Iterator> at_;
};

// A database, and what it was given since its last flush. RocksDB 7.8 cannot be taken at its word once it has met an
// error in the background: after Resume(), a Flush() answers without waiting for good (its flag of being stopped is
// never taken back), a failed compaction makes Resume() itself a no-op or a wait without end, and an error of a quota
// cannot be resumed at all. So it is not resumed. It goes on serving reads; once there is room again it is closed and
// opened anew, and what it may not have flushed is written again.
class RocksdbKeyValues final : public segment::KeyValues {
 public:
  explicit RocksdbKeyValues(const RocksdbIndexOptions& options)
      : folder_(options.folder),
        read_only_(options.read_only),
        env_(::rocksdb::NewCompositeEnv(std::make_shared<Files>())),
        options_(database_options(options, *env_)) {}

  Result<void> open() {
    const base::Lock lock(mutex_);
    return open_database();
  }

  Result<void> apply(const std::vector<KeyChange>& changes) override {
    return guarded<void>([&]() -> Result<void> {
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
      if (read_only_) return only_read();
      const base::Lock lock(mutex_);
      auto written = mending([&]() MILLRACE_REQUIRES(mutex_) { return write(batch); });
      if (written) unflushed_.push_back(batch.Data());
      return written;
    });
  }

  Result<void> flush() override {
    return guarded<void>([&]() -> Result<void> {
      if (read_only_) return only_read();
      const base::Lock lock(mutex_);
      auto flushed = mending([&]() MILLRACE_REQUIRES(mutex_) { return flush_memtables(); });
      if (flushed) unflushed_.clear();
      return flushed;
    });
  }

  Result<std::unique_ptr<KeyCursor>> cursor(std::string begin, std::string end) override {
    return guarded<std::unique_ptr<KeyCursor>>([&]() -> Result<std::unique_ptr<KeyCursor>> {
      std::shared_lock opened(opened_);
      if (database_ == nullptr) return closed();
      return std::make_unique<Cursor>(std::move(opened), *database_, std::move(begin), std::move(end));
    });
  }

  Result<std::optional<std::string>> get(const std::string& key) override {
    return guarded<std::optional<std::string>>([&]() -> Result<std::optional<std::string>> {
      const std::shared_lock opened(opened_);
      if (database_ == nullptr) return closed();
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
      if (read_only_) return only_read();
      if (!deleted_.exchange(false)) return {};
      const std::shared_lock opened(opened_);
      if (database_ == nullptr) return closed();
      ::rocksdb::CompactRangeOptions options;
      options.exclusive_manual_compaction = false;
      const Status status = database_->CompactRange(options, nullptr, nullptr);
      if (!status.ok()) deleted_.store(true);
      return result_of(status);
    });
  }

 private:
  static std::unexpected<base::Error> only_read() {
    return base::fail(base::Errc::closed, "the index is open for reading alone");
  }
  static std::unexpected<base::Error> closed() {
    return base::fail(base::Errc::full, "the index: no space left to open it again");
  }

  // Does the work; where that meets an error that may pass, once more over the database opened anew.
  Result<void> mending(const std::function<Result<void>()>& work) MILLRACE_REQUIRES(mutex_) {
    base::Error error;
    if (broken_) {
      error = *broken_;
    } else {
      auto done = work();
      if (done) return done;
      error = done.error();
      broken_ = error;
    }
    if (auto mended = mend(error); !mended) return mended;
    auto done = work();
    if (!done) broken_ = done.error();
    return done;
  }

  Result<void> mend(const base::Error& error) MILLRACE_REQUIRES(mutex_) {
    if (error.code != base::Errc::full || !has_room()) return base::fail(error);
    // Waits for whoever reads.
    const std::unique_lock opened(opened_);
    database_.reset();
    auto done = open_database();
    for (const std::string& bytes : unflushed_) {
      if (!done) break;
      ::rocksdb::WriteBatch batch(bytes);
      done = write(batch);
    }
    broken_ = done ? std::nullopt : std::optional(done.error());
    return done;
  }

  // Only writing tells, where a quota may stand in the way. The library removes files of such a name when it opens.
  bool has_room() MILLRACE_REQUIRES(mutex_) {
    std::size_t bytes = room_bytes_min;
    for (const std::string& batch : unflushed_)
      bytes += 2 * batch.size();
    const std::string path = folder_ + "/000000.dbtmp";
    const bool written =
        ::rocksdb::WriteStringToFile(env_.get(), std::string(bytes, 'x'), path, /*should_sync=*/true).ok();
    const bool removed = env_->DeleteFile(path).ok();
    return written && removed;
  }

  Result<void> open_database() MILLRACE_REQUIRES(mutex_) {
    const bool there = env_->FileExists(folder_ + "/CURRENT").ok();
    ::rocksdb::DB* opened = nullptr;
    const Status status = read_only_ ? ::rocksdb::DB::OpenForReadOnly(options_, folder_, &opened)
                                     : ::rocksdb::DB::Open(options_, folder_, &opened);
    database_.reset(opened);
    // A file of it is gone, or says what was never written.
    if (there &&
        (status.IsPathNotFound() || status.IsNotFound() || status.IsInvalidArgument() || status.IsNotSupported())) {
      return segment::damaged_index(status.ToString());
    }
    return result_of(status);
  }

  Result<void> flush_memtables() MILLRACE_REQUIRES(mutex_) {
    ::rocksdb::FlushOptions options;
    options.wait = true;
    options.allow_write_stall = true;
    const Status status = database_->Flush(options);
    if (!status.ok()) return refused(status);
    std::uint64_t waiting = 1;
    std::uint64_t entries = 1;
    if (database_->GetIntProperty(::rocksdb::DB::Properties::kNumImmutableMemTable, &waiting) &&
        database_->GetIntProperty(::rocksdb::DB::Properties::kNumEntriesActiveMemTable, &entries) && waiting == 0 &&
        entries == 0) {
      return {};
    }
    return base::fail(base::Errc::full, "the index: what is in memory could not be flushed yet");
  }

  Result<void> write(::rocksdb::WriteBatch& batch) MILLRACE_REQUIRES(mutex_) {
    ::rocksdb::WriteOptions options;
    options.disableWAL = true;
    // A wait for memtables that cannot be flushed would have no end.
    options.no_slowdown = true;
    Status status = database_->Write(options, &batch);
    if (!status.IsIncomplete()) return result_of(status);
    if (auto flushed = flush_memtables(); !flushed) return flushed;
    status = database_->Write(options, &batch);
    if (status.IsIncomplete()) return base::fail(base::Errc::full, "the index: no memory left to write to");
    return result_of(status);
  }

  const std::string folder_;
  const bool read_only_;
  const std::unique_ptr<::rocksdb::Env> env_;  // outlives the database
  const ::rocksdb::Options options_;
  base::Mutex mutex_;  // held by a write or a flush, over its I/O
  // What has to be written again where the database is opened anew: batches as the library writes them. It is as large
  // as what one flush takes.
  std::vector<std::string> unflushed_ MILLRACE_GUARDED_BY(mutex_);
  std::optional<base::Error> broken_ MILLRACE_GUARDED_BY(mutex_);  // the error that it has to be opened anew for
  // Held shared by readers; the pointer changes under both mutexes. Nothing where it could not be opened anew.
  std::shared_mutex opened_;
  std::unique_ptr<::rocksdb::DB> database_;
  std::atomic<bool> deleted_{true};  // ranges, which take space until they are compacted
};

}  // namespace

Result<std::unique_ptr<IndexStore>> open_rocksdb_index(const RocksdbIndexOptions& options) {
  return guarded<std::unique_ptr<IndexStore>>([&]() -> Result<std::unique_ptr<IndexStore>> {
    auto store = std::make_unique<RocksdbKeyValues>(options);
    if (auto opened = store->open(); !opened) return base::fail(std::move(opened.error()));
    return segment::make_packed_index(std::move(store));
  });
}

}  // namespace millrace::log::rocksdb
