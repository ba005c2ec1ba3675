#include "log/rocksdb/rocksdb_index.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <exception>
#include <functional>
#include <utility>

#include "log/segment/index_codec.h"

namespace millrace::log::rocksdb {
namespace {

using base::Result;
using segment::IndexBatch;
using segment::IndexRow;
using segment::IndexStore;
using segment::LogRow;
using segment::Watermark;

constexpr int open_files_max = 256;
constexpr std::size_t info_log_bytes_max = std::size_t{1} << 20;
constexpr std::size_t info_logs_max = 2;

std::unexpected<base::Error> refused(const ::rocksdb::Status& status) {
  base::Errc code = base::Errc::io;
  if (status.IsCorruption()) code = base::Errc::data_loss;
  if (status.IsNoSpace()) code = base::Errc::full;
  return base::fail(code, "the index: " + status.ToString());
}

std::unexpected<base::Error> garbled(std::string_view what) {
  return base::fail(base::Errc::data_loss, "the index has a " + std::string(what) + " that this program cannot read");
}

Result<void> result_of(const ::rocksdb::Status& status) {
  if (!status.ok()) return refused(status);
  return {};
}

std::string_view view(const ::rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
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

::rocksdb::Options database_options(const RocksdbIndexOptions& from) {
  ::rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = from.memtable_bytes / 2;
  options.db_write_buffer_size = from.memtable_bytes;
  options.max_write_buffer_number = 2;
  options.max_open_files = open_files_max;
  options.max_background_jobs = 2;
  options.compression = ::rocksdb::kNoCompression;
  options.keep_log_file_num = info_logs_max;
  options.max_log_file_size = info_log_bytes_max;
  options.info_log_level = ::rocksdb::WARN_LEVEL;
  // What was not flushed is written again from the segments; a stop does not wait for it.
  options.avoid_flush_during_shutdown = true;
  ::rocksdb::BlockBasedTableOptions table;
  table.block_cache = ::rocksdb::NewLRUCache(from.block_cache_bytes);
  table.cache_index_and_filter_blocks = true;
  table.format_version = 5;
  options.table_factory.reset(::rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

class RocksdbIndex final : public IndexStore {
 public:
  explicit RocksdbIndex(std::unique_ptr<::rocksdb::DB> database) : database_(std::move(database)) {}

  Result<void> write(const IndexBatch& batch) override {
    return guarded<void>([&]() -> Result<void> {
      ::rocksdb::WriteBatch changes;
      for (const LogId log : batch.drop_logs) {
        changes.Delete(segment::log_key(log));
        changes.DeleteRange(segment::row_key(log, 0), segment::rows_end_key(log));
      }
      for (const IndexBatch::Trim& trim : batch.trims) {
        const auto kept = seek(trim.log, trim.before);
        if (!kept) return base::fail(kept.error());
        changes.DeleteRange(segment::row_key(trim.log, 0),
                            *kept ? segment::row_key(trim.log, (*kept)->first) : segment::rows_end_key(trim.log));
      }
      for (const std::string& name : batch.drop_values)
        changes.Delete(segment::value_key(name));
      for (const IndexRow& row : batch.put_rows)
        changes.Put(segment::row_key(row.log, row.first), segment::encode(row));
      for (const LogRow& row : batch.put_logs)
        changes.Put(segment::log_key(row.log), segment::encode(row));
      if (batch.watermark) changes.Put(segment::watermark_key(), segment::encode(*batch.watermark));
      for (const auto& [name, value] : batch.put_values)
        changes.Put(segment::value_key(name), value);
      ::rocksdb::WriteOptions options;
      options.disableWAL = true;
      return result_of(database_->Write(options, &changes));
    });
  }

  Result<void> flush() override {
    return guarded<void>([&] {
      ::rocksdb::FlushOptions options;
      options.wait = true;
      options.allow_write_stall = true;
      return result_of(database_->Flush(options));
    });
  }

  Result<std::optional<IndexRow>> seek(LogId log, Position position) override {
    auto rows = scan(log, position, 1);
    if (!rows) return base::fail(std::move(rows.error()));
    return rows->empty() ? std::nullopt : std::optional(rows->front());
  }

  Result<std::vector<IndexRow>> scan(LogId log, Position position, std::size_t rows_max) override {
    return guarded<std::vector<IndexRow>>([&]() -> Result<std::vector<IndexRow>> {
      const Bounds bounds(log);
      const auto at = iterate(bounds);
      std::vector<IndexRow> rows;
      at->SeekForPrev(segment::row_key(log, position));
      if (at->Valid()) {
        const auto before = segment::decode_row(view(at->key()), view(at->value()));
        if (!before) return garbled("row");
        if (before->first + before->count <= position) at->Next();
      } else if (at->status().ok()) {
        at->SeekToFirst();
      }
      for (; at->Valid() && rows.size() < rows_max; at->Next()) {
        const auto row = segment::decode_row(view(at->key()), view(at->value()));
        if (!row) return garbled("row");
        rows.push_back(*row);
      }
      if (!at->status().ok()) return refused(at->status());
      return rows;
    });
  }

  Result<std::optional<IndexRow>> seek_time(LogId log, std::int64_t arrival_ms) override {
    auto found = last(log);
    if (!found || !*found) return found;
    if ((*found)->arrival_ms < arrival_ms) return std::nullopt;
    // Arrival times never fall, so the first row at or behind a position is of that time or it is not, by halves.
    Position low = 0;
    Position high = (*found)->first;
    while (low < high) {
      const Position middle = low + (high - low) / 2;
      auto row = first_from(log, middle);
      if (!row || !*row) return row;
      if ((*row)->arrival_ms >= arrival_ms) {
        found = row;
        high = middle;
      } else {
        low = (*row)->first + 1;
      }
    }
    return found;
  }

  Result<std::optional<IndexRow>> last(LogId log) override {
    return one(log, [](::rocksdb::Iterator& at) { at.SeekToLast(); });
  }

  Result<std::vector<LogRow>> logs() override {
    return guarded<std::vector<LogRow>>([&]() -> Result<std::vector<LogRow>> {
      std::vector<LogRow> rows;
      const std::string first = segment::log_key({});
      const std::unique_ptr<::rocksdb::Iterator> at(database_->NewIterator({}));
      for (at->Seek(first); at->Valid() && at->key().starts_with(first.substr(0, 1)); at->Next()) {
        const auto row = segment::decode_log(view(at->key()), view(at->value()));
        if (!row) return garbled("log");
        rows.push_back(*row);
      }
      if (!at->status().ok()) return refused(at->status());
      return rows;
    });
  }

  Result<std::optional<Watermark>> watermark() override {
    const auto bytes = get(segment::watermark_key());
    if (!bytes) return base::fail(bytes.error());
    if (!*bytes) return std::nullopt;
    const auto watermark = segment::decode_watermark(**bytes);
    if (!watermark) return garbled("watermark");
    return watermark;
  }

  Result<std::optional<std::string>> value(const std::string& name) override { return get(segment::value_key(name)); }

  Result<std::vector<std::pair<std::string, std::string>>> values(const std::string& prefix) override {
    using Values = std::vector<std::pair<std::string, std::string>>;
    return guarded<Values>([&]() -> Result<Values> {
      Values found;
      const std::string first = segment::value_key(prefix);
      const std::unique_ptr<::rocksdb::Iterator> at(database_->NewIterator({}));
      for (at->Seek(first); at->Valid() && at->key().starts_with(first); at->Next())
        found.emplace_back(segment::name_of_value_key(view(at->key())), at->value().ToString());
      if (!at->status().ok()) return refused(at->status());
      return found;
    });
  }

  Result<void> compact(LogId log) override {
    return guarded<void>([&] {
      const std::string begin = segment::row_key(log, 0);
      const std::string end = segment::rows_end_key(log);
      const ::rocksdb::Slice from(begin);
      const ::rocksdb::Slice to(end);
      ::rocksdb::CompactRangeOptions options;
      options.bottommost_level_compaction = ::rocksdb::BottommostLevelCompaction::kForceOptimized;
      options.exclusive_manual_compaction = false;
      return result_of(database_->CompactRange(options, &from, &to));
    });
  }

 private:
  // The keys of one log's rows; outlives its iterator.
  struct Bounds {
    explicit Bounds(LogId log) : begin(segment::row_key(log, 0)), end(segment::rows_end_key(log)) {}
    const std::string begin;
    const std::string end;
    const ::rocksdb::Slice lower{begin};
    const ::rocksdb::Slice upper{end};
  };

  std::unique_ptr<::rocksdb::Iterator> iterate(const Bounds& bounds) {
    ::rocksdb::ReadOptions options;
    options.iterate_lower_bound = &bounds.lower;
    options.iterate_upper_bound = &bounds.upper;
    return std::unique_ptr<::rocksdb::Iterator>(database_->NewIterator(options));
  }

  Result<std::optional<IndexRow>> one(LogId log, const std::function<void(::rocksdb::Iterator&)>& move) {
    return guarded<std::optional<IndexRow>>([&]() -> Result<std::optional<IndexRow>> {
      const Bounds bounds(log);
      const auto at = iterate(bounds);
      move(*at);
      if (!at->status().ok()) return refused(at->status());
      if (!at->Valid()) return std::nullopt;
      const auto row = segment::decode_row(view(at->key()), view(at->value()));
      if (!row) return garbled("row");
      return row;
    });
  }

  // The first row that begins at or behind the position.
  Result<std::optional<IndexRow>> first_from(LogId log, Position position) {
    return one(log, [&](::rocksdb::Iterator& at) { at.Seek(segment::row_key(log, position)); });
  }

  Result<std::optional<std::string>> get(const std::string& key) {
    return guarded<std::optional<std::string>>([&]() -> Result<std::optional<std::string>> {
      std::string bytes;
      const ::rocksdb::Status status = database_->Get({}, key, &bytes);
      if (status.IsNotFound()) return std::nullopt;
      if (!status.ok()) return refused(status);
      return bytes;
    });
  }

  const std::unique_ptr<::rocksdb::DB> database_;
};

}  // namespace

Result<std::unique_ptr<IndexStore>> open_rocksdb_index(const RocksdbIndexOptions& options) {
  return guarded<std::unique_ptr<IndexStore>>([&]() -> Result<std::unique_ptr<IndexStore>> {
    ::rocksdb::DB* database = nullptr;
    const ::rocksdb::Status status = ::rocksdb::DB::Open(database_options(options), options.folder, &database);
    if (!status.ok()) return refused(status);
    return std::make_unique<RocksdbIndex>(std::unique_ptr<::rocksdb::DB>(database));
  });
}

}  // namespace millrace::log::rocksdb
