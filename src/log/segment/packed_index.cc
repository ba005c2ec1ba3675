#include "log/segment/packed_index.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "base/mutex.h"
#include "log/segment/index_codec.h"

namespace millrace::log::segment {
namespace {

using base::Result;
using Kind = KeyChange::Kind;
using Rows = std::vector<IndexRow>;

// The row's last record is before that position.
bool ends_before(const IndexRow& row, Position position) {
  return row.first < position && (row.count == 0 || row.count - 1 < position - row.first);
}

// The rows of the entry that the cursor is at.
Result<Rows> rows_at(const KeyCursor& at) {
  auto rows = unpack(at.key(), at.value());
  if (!rows) return damaged_index("an entry of rows has a wrong checksum");
  return *std::move(rows);
}

Result<void> moved(const KeyCursor& at) {
  return at.valid() ? Result<void>() : at.status();
}

// The first key that does not begin so; prefixes here do not end with the largest byte.
std::string behind(std::string_view prefix) {
  std::string key(prefix);
  key.back() = static_cast<char>(key.back() + 1);
  return key;
}

// What one batch does to the rows of one log that are there.
struct LogChange {
  bool dropped = false;
  Position before = 0;             // rows whose last record is before it go
  std::optional<Position> behind;  // rows that end at it or behind go: others are put in their place
};

class PackedIndex final : public IndexStore {
 public:
  explicit PackedIndex(std::unique_ptr<KeyValues> store) : store_(std::move(store)) {}

  Result<void> write(const IndexBatch& batch) override {
    // Held over what is read of the index to change it, so that another write does not come between.
    const base::Lock lock(write_mutex_);
    std::vector<KeyChange> changes;
    if (auto changed = change_rows(batch, changes); !changed) return changed;
    for (const LogId log : batch.drop_logs)
      changes.push_back({Kind::remove, log_key(log), {}});
    for (const std::uint64_t segment : batch.drop_usages)
      changes.push_back({Kind::remove, usage_key(segment), {}});
    for (const std::string& name : batch.drop_values)
      changes.push_back({Kind::remove, value_key(name), {}});
    for (IndexEntry& entry : pack(batch.put_rows))
      changes.push_back({Kind::put, std::move(entry.key), std::move(entry.value)});
    for (const LogRow& row : batch.put_logs)
      changes.push_back({Kind::put, log_key(row.log), encode(row)});
    for (const SegmentUsage& usage : batch.put_usages)
      changes.push_back({Kind::put, usage_key(usage.segment), encode(usage)});
    for (const auto& [name, value] : batch.put_values)
      changes.push_back({Kind::put, value_key(name), encode_value(name, value)});
    if (batch.watermark) changes.push_back({Kind::put, watermark_key(), encode(*batch.watermark)});
    return changes.empty() ? Result<void>() : store_->apply(changes);
  }

  Result<void> flush() override { return store_->flush(); }

  Result<std::optional<IndexRow>> seek(LogId log, Position position) override {
    auto rows = scan(log, position, 1);
    if (!rows) return base::fail(std::move(rows.error()));
    return rows->empty() ? std::nullopt : std::optional(rows->front());
  }

  Result<Rows> scan(LogId log, Position position, std::size_t rows_max) override {
    const auto at = rows_of(log);
    if (!at) return base::fail(at.error());
    KeyCursor& cursor = **at;
    if (auto found = to_entry_of(cursor, log, position); !found) return base::fail(found.error());
    Rows found;
    for (; cursor.valid() && found.size() < rows_max; cursor.next()) {
      const auto rows = rows_at(cursor);
      if (!rows) return base::fail(rows.error());
      for (const IndexRow& row : *rows) {
        if (found.size() == rows_max) break;
        if (!ends_before(row, position)) found.push_back(row);
      }
    }
    if (auto status = moved(cursor); !status) return base::fail(status.error());
    return found;
  }

  Result<std::optional<IndexRow>> seek_time(LogId log, std::int64_t arrival_ms) override {
    const auto at = rows_of(log);
    if (!at) return base::fail(at.error());
    KeyCursor& cursor = **at;
    if (auto found = to_entry_before(cursor, log, arrival_ms); !found) return base::fail(found.error());
    for (; cursor.valid(); cursor.next()) {
      const auto rows = rows_at(cursor);
      if (!rows) return base::fail(rows.error());
      const auto found = std::ranges::lower_bound(*rows, arrival_ms, {}, &IndexRow::arrival_ms);
      if (found != rows->end()) return *found;
    }
    if (auto status = cursor.status(); !status) return base::fail(status.error());
    return std::nullopt;
  }

  Result<std::optional<IndexRow>> last(LogId log) override {
    const auto at = rows_of(log);
    if (!at) return base::fail(at.error());
    (*at)->seek_for_prev(rows_end_key(log));
    if (!(*at)->valid()) {
      if (auto status = (*at)->status(); !status) return base::fail(status.error());
      return std::nullopt;
    }
    auto rows = rows_at(**at);
    if (!rows) return base::fail(std::move(rows.error()));
    return rows->back();
  }

  Result<std::vector<LogRow>> logs() override { return all<LogRow>(logs_prefix(), decode_log, "the row of a log"); }

  Result<std::vector<SegmentUsage>> usages() override {
    return all<SegmentUsage>(usages_prefix(), decode_usage, "the usage of a segment");
  }

  Result<std::optional<Watermark>> watermark() override {
    const auto bytes = store_->get(watermark_key());
    if (!bytes) return base::fail(bytes.error());
    if (!*bytes) return std::nullopt;
    const auto watermark = decode_watermark(**bytes);
    if (!watermark) return damaged_index("the watermark has a wrong checksum");
    return watermark;
  }

  Result<std::optional<std::string>> value(const std::string& name) override {
    const auto bytes = store_->get(value_key(name));
    if (!bytes) return base::fail(bytes.error());
    if (!*bytes) return std::nullopt;
    auto value = decode_value(name, **bytes);
    if (!value) return damaged_index("the value " + name + " has a wrong checksum");
    return value;
  }

  Result<void> compact() override { return store_->compact(); }

 private:
  Result<std::unique_ptr<KeyCursor>> rows_of(LogId log) { return store_->cursor(row_key(log, 0), rows_end_key(log)); }

  // To the last entry that begins at the position or before it; where there is none, to the first one.
  static Result<void> to_entry_of(KeyCursor& cursor, LogId log, Position position) {
    cursor.seek_for_prev(row_key(log, position));
    if (!cursor.valid()) {
      if (auto status = cursor.status(); !status) return status;
      cursor.seek(row_key(log, position));
    }
    return moved(cursor);
  }

  // To the last entry that begins before that time; where there is none, to the first one. By halves: times never fall.
  static Result<void> to_entry_before(KeyCursor& cursor, LogId log, std::int64_t arrival_ms) {
    cursor.seek_for_prev(rows_end_key(log));
    if (!cursor.valid()) return cursor.status();
    auto rows = rows_at(cursor);
    if (!rows) return base::fail(std::move(rows.error()));
    Position low = 0;                     // an entry that begins before that time begins here, or none is known
    Position high = rows->front().first;  // an entry begins here, and every one behind it at that time or later
    if (rows->front().arrival_ms < arrival_ms) return {};
    while (low < high) {
      const Position middle = low + (high - low) / 2;
      cursor.seek(row_key(log, middle));
      if (!cursor.valid()) return cursor.status();
      rows = rows_at(cursor);
      if (!rows) return base::fail(std::move(rows.error()));
      if (rows->front().arrival_ms >= arrival_ms) {
        high = middle;
      } else {
        low = rows->front().first + 1;
      }
    }
    // No entry begins before `low` at that time or later.
    return to_entry_of(cursor, log, low == 0 ? 0 : low - 1);
  }

  template <class T>
  Result<std::vector<T>> all(std::string_view prefix, std::optional<T> (*decode)(std::string_view, std::string_view),
                             std::string_view what) {
    const auto at = store_->cursor(std::string(prefix), behind(prefix));
    if (!at) return base::fail(at.error());
    std::vector<T> found;
    for ((*at)->seek(prefix); (*at)->valid(); (*at)->next()) {
      auto one = decode((*at)->key(), (*at)->value());
      if (!one) return damaged_index(std::string(what) + " has a wrong checksum");
      found.push_back(*std::move(one));
    }
    if (auto status = (*at)->status(); !status) return base::fail(status.error());
    return found;
  }

  // What the batch takes away from the rows that are there.
  Result<void> change_rows(const IndexBatch& batch, std::vector<KeyChange>& changes) {
    std::map<LogId, LogChange> logs;
    for (const IndexBatch::Trim& trim : batch.trims) {
      LogChange& change = logs[trim.log];
      change.before = std::max(change.before, trim.before);
    }
    for (const IndexRow& row : batch.put_rows) {
      LogChange& change = logs[row.log];
      change.behind = std::min(change.behind.value_or(row.first), row.first);
    }
    for (const LogId log : batch.drop_logs)
      logs[log].dropped = true;
    if (logs.empty()) return {};
    // One picture for all of them.
    const auto at = store_->cursor(row_key(logs.begin()->first, 0), rows_end_key(logs.rbegin()->first));
    if (!at) return base::fail(at.error());
    for (const auto& [log, change] : logs) {
      if (auto changed = change_log(**at, log, change, changes); !changed) return changed;
    }
    return {};
  }

  static Result<void> change_log(KeyCursor& cursor, LogId log, const LogChange& change,
                                 std::vector<KeyChange>& changes) {
    if (change.dropped) {
      changes.push_back({Kind::remove_range, row_key(log, 0), rows_end_key(log)});
      return {};
    }
    // The end before the beginning: what is put back of an entry there must not be taken by the trim.
    std::vector<KeyChange> kept;
    if (change.behind) {
      if (auto cut = cut_end(cursor, log, *change.behind, change.before, changes, kept); !cut) return cut;
    }
    if (change.before > 0) {
      if (auto cut = cut_begin(cursor, log, change.before, change.behind, changes, kept); !cut) return cut;
    }
    std::ranges::move(kept, std::back_inserter(changes));
    return {};
  }

  // Takes away every row that ends at `behind` or later. There is none, unless rows are put a second time.
  static Result<void> cut_end(KeyCursor& cursor, LogId log, Position behind, Position before,
                              std::vector<KeyChange>& changes, std::vector<KeyChange>& kept) {
    cursor.seek_for_prev(rows_end_key(log));
    if (!cursor.valid()) return cursor.status();
    if (!cursor.key().starts_with(rows_prefix(log))) return {};
    auto rows = rows_at(cursor);
    if (!rows) return base::fail(std::move(rows.error()));
    if (ends_before(rows->back(), behind)) return {};
    cursor.seek_for_prev(row_key(log, behind));
    if (!cursor.valid() || !cursor.key().starts_with(rows_prefix(log))) {
      if (auto status = moved(cursor); !status) return status;
      changes.push_back({Kind::remove_range, row_key(log, 0), rows_end_key(log)});
      return {};
    }
    changes.push_back({Kind::remove_range, std::string(cursor.key()), rows_end_key(log)});
    rows = rows_at(cursor);
    if (!rows) return base::fail(std::move(rows.error()));
    put_back(*rows, before, behind, kept);
    return {};
  }

  // Takes away every row that ends before `before`.
  static Result<void> cut_begin(KeyCursor& cursor, LogId log, Position before, std::optional<Position> behind,
                                std::vector<KeyChange>& changes, std::vector<KeyChange>& kept) {
    cursor.seek_for_prev(row_key(log, before));
    if (!cursor.valid()) return cursor.status();
    if (!cursor.key().starts_with(rows_prefix(log))) return {};
    const auto rows = rows_at(cursor);
    if (!rows) return base::fail(rows.error());
    const std::string key(cursor.key());
    if (ends_before(rows->back(), before)) {
      changes.push_back({Kind::remove_range, row_key(log, 0), key + '\0'});
      return {};
    }
    if (ends_before(rows->front(), before)) {
      changes.push_back({Kind::remove_range, row_key(log, 0), key + '\0'});
      put_back(*rows, before, behind, kept);
      return {};
    }
    changes.push_back({Kind::remove_range, row_key(log, 0), key});
    return {};
  }

  static void put_back(std::span<const IndexRow> rows, Position before, std::optional<Position> behind,
                       std::vector<KeyChange>& kept) {
    Rows left;
    for (const IndexRow& row : rows) {
      if (!ends_before(row, before) && (!behind || ends_before(row, *behind))) left.push_back(row);
    }
    for (IndexEntry& entry : pack(left))
      kept.push_back({Kind::put, std::move(entry.key), std::move(entry.value)});
  }

  base::Mutex write_mutex_;
  const std::unique_ptr<KeyValues> store_;
};

}  // namespace

std::unique_ptr<IndexStore> make_packed_index(std::unique_ptr<KeyValues> store) {
  return std::make_unique<PackedIndex>(std::move(store));
}

std::unexpected<base::Error> damaged_index(std::string_view what) {
  return base::fail(base::Errc::data_loss,
                    "the index is damaged: " + std::string(what) +
                        ". The folder `index` of the data folder may be removed while the broker is stopped; "
                        "the next start builds it again from the segments");
}

}  // namespace millrace::log::segment
