#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "log/engine.h"

namespace millrace::log::segment {

// Where one block of a log stands. How rows are kept is the store's affair: it packs neighbours of one log and segment
// into one entry (see docs/formats/index.md), so that a block costs a few bytes.
struct IndexRow {
  LogId log;
  Position first = 0;           // of the first record; the key together with `log`
  std::uint32_t count = 0;      // records
  std::int64_t arrival_ms = 0;  // of the block
  std::uint64_t segment = 0;    // number
  std::uint64_t generation = 0;
  std::uint64_t offset = 0;  // of the block's header in the segment
  std::uint32_t size = 0;    // header and payload
  friend bool operator==(const IndexRow&, const IndexRow&) = default;
};

// What the index knows of a segment, so that a start reads neither its rows nor the segment.
struct SegmentUsage {
  std::uint64_t segment = 0;  // number
  std::uint64_t generation = 0;
  std::uint64_t indexed_end = 0;  // every run that ends at or before this offset is in the index
  std::uint64_t live_bytes = 0;   // of blocks that rows name: headers and payloads
  friend bool operator==(const SegmentUsage&, const SegmentUsage&) = default;
};

// What the engine keeps of one log beside its blocks.
struct LogRow {
  LogId log;
  LogConfig config;
  std::uint64_t epoch = 0;
  bool closed = false;
  Position tail = 0;  // last position up to the watermark
  std::int64_t last_arrival_ms = 0;
  Position first = 1;  // nothing before it is shown any more
  friend bool operator==(const LogRow&, const LogRow&) = default;
};

// Up to where the index is complete: recovery reads the segments from here on. In the same batch as the rows it covers,
// and in the same column family: in another one it can run ahead of them.
struct Watermark {
  std::uint64_t run = 0;  // every run up to this number is indexed
  friend bool operator==(const Watermark&, const Watermark&) = default;
};

// A set of changes that is applied whole or not at all. Drops and trims first, on what was there before; then the puts.
struct IndexBatch {
  std::vector<IndexRow> put_rows{};  // each log's in the order of its positions, behind all rows it has
  std::vector<LogRow> put_logs{};
  std::vector<SegmentUsage> put_usages{};  // by number; replaces what was known of the segment
  std::vector<LogId> drop_logs{};          // the log row and every index row of it
  struct Trim {
    LogId log;
    Position before = 0;  // rows whose last record is before it go
  };
  std::vector<Trim> trims{};
  std::vector<std::uint64_t> drop_usages{};  // numbers of segments that are gone
  std::optional<Watermark> watermark{};
  // Anything else that must move with them, by name.
  std::vector<std::pair<std::string, std::string>> put_values{};
  std::vector<std::string> drop_values{};
};

// What a segment engine keeps in a database: the index, and only what can be rebuilt up to the watermark from segments
// or must be atomic with it. It has no log of its own: a batch is durable only after flush(). RocksDB implements it in
// log/rocksdb; an in-memory twin that forgets what was not flushed serves the simulation and the sanitizers.
//
// Threads: any. All calls may block on the disk, so none is made on a connection's or an actor's thread.
class IndexStore {
 public:
  virtual base::Result<void> write(const IndexBatch& batch) = 0;
  // Everything written so far is on the disk when this returns. After an error of either (a full disk, say) both may be
  // called again: nothing that was written is lost while the store is open.
  virtual base::Result<void> flush() = 0;
  // The row that holds `position`, or the first one after it. Nothing: there is none.
  virtual base::Result<std::optional<IndexRow>> seek(LogId log, Position position) = 0;
  // Up to `rows_max` rows from that one on.
  virtual base::Result<std::vector<IndexRow>> scan(LogId log, Position position, std::size_t rows_max) = 0;
  // First row whose arrival is at that time or later. Arrival times never fall along a log.
  virtual base::Result<std::optional<IndexRow>> seek_time(LogId log, std::int64_t arrival_ms) = 0;
  virtual base::Result<std::optional<IndexRow>> last(LogId log) = 0;
  virtual base::Result<std::vector<LogRow>> logs() = 0;
  virtual base::Result<std::vector<SegmentUsage>> usages() = 0;
  virtual base::Result<std::optional<Watermark>> watermark() = 0;
  virtual base::Result<std::optional<std::string>> value(const std::string& name) = 0;
  // Frees what deleted rows still take, at a quiet moment.
  virtual base::Result<void> compact() = 0;
  virtual ~IndexStore() = default;
};

// The in-memory twin: one object is the "disk" (what was flushed), opened again and again.
class MemoryIndexDisk;
std::shared_ptr<MemoryIndexDisk> make_memory_index_disk();
std::unique_ptr<IndexStore> open_memory_index(std::shared_ptr<MemoryIndexDisk> disk);
// What it holds, as a value, for a simulated disk that is cut at any moment.
using IndexPicture = std::shared_ptr<const void>;
std::shared_ptr<MemoryIndexDisk> make_memory_index_disk(IndexPicture flushed);
// Told of every write and of every flush before it is taken, with what there is then; its error is the call's outcome,
// and a flush has then kept nothing.
using IndexObserver = std::function<base::Result<void>(const IndexPicture& picture, bool is_flush)>;
void observe(MemoryIndexDisk& disk, IndexObserver observer);
// While it is full, flush() is answered `full` and keeps nothing.
void set_full(MemoryIndexDisk& disk, bool full);
// Flips one bit of the nth key or value that was flushed, for tests of damage; false where there is no such bit.
bool flip_bit(MemoryIndexDisk& disk, std::size_t entry, std::size_t bit);

}  // namespace millrace::log::segment
