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

// Where some neighbouring blocks of one log stand in a segment: one row of the index. The blocks' bytes are contiguous
// in the log's order but need not be contiguous in the segment where `size` says so (see docs/formats/index.md).
struct IndexRow {
  LogId log;
  Position first = 0;         // of the first record; the key together with `log`
  std::uint32_t count = 0;    // records
  std::int64_t arrival_ms = 0;  // of the block
  std::uint64_t segment = 0;  // number
  std::uint64_t generation = 0;
  std::uint64_t offset = 0;   // of the block's header in the segment
  std::uint32_t size = 0;     // header and payload
  std::int64_t expires_ms = 0;  // arrival plus the retention that held when it was written; 0: never
  friend bool operator==(const IndexRow&, const IndexRow&) = default;
};

// What the engine keeps of one log beside its blocks.
struct LogRow {
  LogId log;
  LogConfig config;
  std::uint64_t epoch = 0;
  bool closed = false;
  Position tail = 0;           // last position up to the watermark
  std::int64_t last_arrival_ms = 0;
  Position first = 1;          // nothing before it is shown any more
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
  std::vector<IndexRow> put_rows{};
  std::vector<LogRow> put_logs{};
  std::vector<LogId> drop_logs{};  // the log row and every index row of it
  struct Trim {
    LogId log;
    Position before = 0;  // rows whose last record is before it go
  };
  std::vector<Trim> trims{};
  std::optional<Watermark> watermark{};
  // Anything else that must move with them: small values by name (segment table, incarnation).
  std::vector<std::pair<std::string, std::string>> put_values{};
  std::vector<std::string> drop_values{};
};

// What a segment engine keeps in a database: the index, and only what can be rebuilt up to the watermark from segments or
// must be atomic with it. It has no log of its own: a batch is durable only after flush(). RocksDB implements it in
// log/rocksdb; an in-memory twin that forgets what was not flushed serves the simulation and the sanitizers.
//
// Threads: any. All calls may block on the disk, so none is made on a connection's or an actor's thread.
class IndexStore {
 public:
  virtual base::Result<void> write(const IndexBatch& batch) = 0;
  // Everything written so far is on the disk when this returns.
  virtual base::Result<void> flush() = 0;
  // The row that holds `position`, or the first one after it. Nothing: there is none.
  virtual base::Result<std::optional<IndexRow>> seek(LogId log, Position position) = 0;
  // Up to `rows_max` rows from that one on.
  virtual base::Result<std::vector<IndexRow>> scan(LogId log, Position position, std::size_t rows_max) = 0;
  // First row whose arrival is at that time or later. Arrival times never fall along a log.
  virtual base::Result<std::optional<IndexRow>> seek_time(LogId log, std::int64_t arrival_ms) = 0;
  virtual base::Result<std::optional<IndexRow>> last(LogId log) = 0;
  virtual base::Result<std::vector<LogRow>> logs() = 0;
  virtual base::Result<std::optional<Watermark>> watermark() = 0;
  virtual base::Result<std::optional<std::string>> value(const std::string& name) = 0;
  // Names and values that begin with the prefix, in order of the names.
  virtual base::Result<std::vector<std::pair<std::string, std::string>>> values(const std::string& prefix) = 0;
  // Frees what deleted rows still take, at a quiet moment.
  virtual base::Result<void> compact(LogId log) = 0;
  virtual ~IndexStore() = default;
};

// The in-memory twin: one object is the "disk" (what was flushed), opened again and again.
class MemoryIndexDisk;
std::shared_ptr<MemoryIndexDisk> make_memory_index_disk();
std::unique_ptr<IndexStore> open_memory_index(std::shared_ptr<MemoryIndexDisk> disk);

}  // namespace millrace::log::segment
