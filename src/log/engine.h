#pragma once

#include <boost/container/small_vector.hpp>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "log/block.h"
#include "model/sequence_number.h"

// The one seam on which the whole broker stands: an engine of append-only logs. The broker above it does not know which
// engine it runs on; the contract suite in log/testing/engine_contract.h says what every engine must do.
namespace millrace::log {

using base::Done;
using model::Position;  // strictly increasing in a log from 1 on; gaps allowed; never reused; means nothing in another
                        // log

// Fences an old owner of a log from writing. On one machine it never changes.
struct Epoch {
  std::uint64_t value = 0;
  friend auto operator<=>(const Epoch&, const Epoch&) = default;
};

struct LogId {
  std::uint64_t stream_uid = 0;
  std::uint32_t shard_no = 0;
  friend auto operator<=>(const LogId&, const LogId&) = default;
};

struct LogConfig {
  std::chrono::milliseconds retention{0};  // zero: records never expire
  std::size_t record_bytes_max = 0;
  friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

// Where records of one block were put; one run, save in engines whose positions can have gaps inside a block.
struct Run {
  Position first = 0;
  std::uint32_t count = 0;
};
using Appended = boost::container::small_vector<Run, 1>;

struct ReadLimits {
  std::uint32_t records_max = 0;
  std::size_t bytes_max = 0;        // of data and keys; at least one record is given even where it is larger
  std::int64_t arrival_min_ms = 0;  // records of this arrival time or later: retention, and reading by time
};

// Records first ... last-1 of a block, the first of them at `position`.
struct Slice {
  Block block;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  Position position = 0;
};

struct Page {
  std::vector<Slice> slices;
  Position next = 0;                            // read on from here; at least `from`
  std::optional<std::int64_t> next_arrival_ms;  // arrival of the first record at or after `next`, where there is one
  bool closed = false;                          // the log has its end marker and no record at or after `next`
};

// Error codes an engine may return: fenced, closed, not_found, exists, guard_failed, too_large, full (not written, and
// passes), unavailable (not written), unknown_outcome (maybe written), data_loss, bad_config.

// Appends to one log; a shard actor's. Made by Engine::acquire. Used by one thread at a time. Destroying it cancels
// nothing: appends in flight are completed all the same.
class Writer {
 public:
  // Takes the block, whose arrival time is not below last_arrival_ms(). Several may be in flight; completions come in
  // submission order, on the executor given to acquire or at once before this returns.
  //
  // A success means: durable to the engine's class and visible to every reader. A block is stored whole or not at all,
  // or the outcome is unknown. After fenced or unknown_outcome this writer is dead: every later call fails the same way
  // and the actor must acquire again.
  virtual void append(Block block, Done<Appended> done) = 0;
  // Durable end marker, idempotent; gives the last visible position. Later appends fail with `closed`.
  virtual void close(Done<Position> done) = 0;
  // Last visible position; 0 in an empty log that never had a record.
  virtual Position tail() const = 0;
  virtual std::int64_t last_arrival_ms() const = 0;
  virtual bool is_closed() const = 0;
  virtual ~Writer() = default;
};

// What an acknowledgement survives.
enum class DurabilityClass : std::uint8_t { none, process, local_fsync, quorum_memory, quorum_fsync, object_store };

struct Health {
  enum class State : std::uint8_t { serving, read_only, failed };
  State state = State::serving;
  std::string reason;
};

struct Usage {
  std::size_t logs = 0;
  std::size_t bytes = 0;                                     // of blocks held
  std::uint64_t records = 0;                                 // appended since the start
  std::uint64_t records_dropped = 0;                         // by a memory engine at its share, since the start
  std::map<std::uint64_t, std::uint64_t> dropped_by_stream;  // the same by stream uid, of streams that are there
  std::uint64_t commits = 0;                                 // since the start
  // Of engines that keep records on disk.
  std::uint64_t disk_bytes = 0;      // that their files take
  std::size_t segments = 0;          // files among them, free ones that wait for another life counted
  std::size_t unindexed_blocks = 0;  // in memory, until the index has them
};

struct Snapshot {
  Position position = 0;
  std::string bytes;
};

// One totally ordered log of commands: the catalogue's. Thread-safe. The follower calls append, save_snapshot and trim
// from inside itself, so no lock is held while it runs.
class MetaLog {
 public:
  using Follower = std::function<void(Position, std::span<const std::byte>)>;

  // The outcome may be unknown, so commands carry an id. The follower has seen the command before `done` is called.
  virtual void append(std::span<const std::byte> command, Done<Position> done) = 0;
  // Calls the follower for every command at or after `from`, in order, one at a time, until the log is destroyed: first
  // those that are there (before this returns), then each new one. One follower.
  virtual void follow(Position from, Follower follower) = 0;
  // Everything durable before the call is at or before the result.
  virtual void barrier(Done<Position> done) = 0;
  // Durable before a trim that relies on it.
  virtual void save_snapshot(Position position, std::span<const std::byte> bytes, Done<void> done) = 0;
  virtual std::optional<Snapshot> load_snapshot() = 0;
  virtual void trim(Position before, Done<void> done) = 0;
  virtual ~MetaLog() = default;
};

// A set of logs and the catalogue's command log. Thread-safe; a `done` may be called before the call returns, on any
// thread, unless it says otherwise.
class Engine {
 public:
  virtual void create(LogId id, LogConfig config, Done<void> done) = 0;  // idempotent
  virtual void drop(LogId id, Done<void> done) = 0;                      // idempotent; its memory is free when done
  virtual void configure(LogId id, LogConfig config, Done<void> done) = 0;
  // Fences every lower epoch; an equal one is allowed on one machine. `executor` outlives the writer and all that it
  // has in flight.
  virtual void acquire(LogId id, Epoch epoch, base::Executor& executor, Done<std::unique_ptr<Writer>> done) = 0;
  // Records at or after `from`. An empty page is no error.
  virtual void read(LogId id, Position from, ReadLimits limits, Done<Page> done) = 0;
  // First visible record of that arrival time or later; one past the tail where there is none.
  virtual void seek_time(LogId id, std::int64_t arrival_ms, Done<Position> done) = 0;
  // The oldest record the engine still has; one past the tail where there is none.
  virtual void first(LogId id, Done<Position> done) = 0;
  virtual void list(Done<std::vector<LogId>> done) = 0;
  virtual MetaLog& meta() = 0;
  virtual DurabilityClass durability() const = 0;
  virtual Health health() const = 0;
  virtual Usage usage() const = 0;
  // Finishes what is in flight, then refuses to create, to acquire and to append with `closed`.
  virtual void stop(Done<void> done) = 0;
  virtual ~Engine() = default;
};

}  // namespace millrace::log
