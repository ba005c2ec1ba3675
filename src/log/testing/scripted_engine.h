#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "log/engine.h"
#include "log/memory/memory_meta_log.h"

namespace millrace::log::testing {

// An engine in memory that does what a test tells it to: it holds calls until they are released, fails them, and leaves
// gaps between positions. Where nothing is scripted it keeps the contract of every engine.
//
// Appends complete on the executor of their writer and never on the stack of append. Thread-safe.
class ScriptedEngine final : public Engine {
 public:
  enum class Call : std::uint8_t { append, acquire, read };
  enum class Fault : std::uint8_t {
    unavailable,     // not stored
    unknown_stored,  // unknown_outcome, and the block is in the log
    unknown_lost,    // unknown_outcome, and it is not
    fenced,          // as if a higher epoch had come
  };

  // From now on calls of that kind wait. A held append is not in the log yet.
  void hold(Call call);
  // Lets the oldest `count` through, on this thread; the rest goes on waiting.
  void release(Call call, std::size_t count);
  // Lets all through, and later ones, too.
  void release_all(Call call);
  // How many wait.
  std::size_t held(Call call) const;

  // For the next append that is made; called again, for the one after that.
  void fail_append(Fault fault);
  void fail_acquires(std::size_t times, base::Errc code);
  // Positions left out before the next block.
  void skip_positions(Position count);
  // Blocks appended from now on have runs of that many records with `gap` positions between them; 0 ends it.
  void split_blocks(std::uint32_t run_records, Position gap);

  // Appends made so far, whatever became of them.
  std::uint64_t appends() const;
  std::uint64_t acquires() const;

  void create(LogId id, LogConfig config, Done<void> done) override;
  void drop(LogId id, Done<void> done) override;
  void configure(LogId id, LogConfig config, Done<void> done) override;
  void acquire(LogId id, Epoch epoch, base::Executor& executor, Done<std::unique_ptr<Writer>> done) override;
  void read(LogId id, Position from, ReadLimits limits, Done<Page> done) override;
  void seek_time(LogId id, std::int64_t arrival_ms, Done<Position> done) override;
  void first(LogId id, Done<Position> done) override;
  void list(Done<std::vector<LogId>> done) override;
  MetaLog& meta() override { return meta_; }
  DurabilityClass durability() const override { return DurabilityClass::none; }
  Health health() const override { return {}; }
  Usage usage() const override;
  void stop(Done<void> done) override;

 private:
  // Calls of one kind, in order. Whoever finds nobody letting them through does it, so that their order holds while no
  // lock is held over them.
  struct Gate {
    std::deque<base::Task> waiting;
    std::size_t permits = 0;
    bool open = true;
    bool passing = false;
  };
  struct Stored {
    Block block;
    Appended runs;
  };
  struct Log {
    Epoch epoch;
    Position tail = 0;
    std::int64_t last_arrival_ms = 0;
    bool closed = false;
    bool dropped = false;
    std::vector<Stored> stored;
  };
  // Outlives the writer while appends are in flight.
  struct WriterState {
    std::shared_ptr<Log> log;
    Epoch epoch;
    base::Executor& executor;
    std::optional<base::Error> dead;
  };
  class ScriptedWriter;

  static std::size_t index(Call call) { return static_cast<std::size_t>(call); }
  void enter(Call call, base::Task task);
  void pass(Call call);
  std::shared_ptr<Log> find(LogId id) const MILLRACE_REQUIRES(mutex_);
  static base::Result<void> check(const WriterState& writer);
  base::Result<Appended> append_now(WriterState& writer, const Block& block, std::optional<Fault> fault)
      MILLRACE_REQUIRES(mutex_);
  Appended store(Log& log, const Block& block) MILLRACE_REQUIRES(mutex_);
  base::Result<std::unique_ptr<Writer>> acquire_now(LogId id, Epoch epoch, base::Executor& executor);
  base::Result<Page> read_now(LogId id, Position from, const ReadLimits& limits) const;
  base::Result<Position> seek_now(LogId id, std::int64_t arrival_ms) const;

  MemoryMetaLog meta_;
  mutable base::Mutex mutex_;
  std::map<LogId, std::shared_ptr<Log>> logs_ MILLRACE_GUARDED_BY(mutex_);
  std::array<Gate, 3> gates_ MILLRACE_GUARDED_BY(mutex_);
  std::deque<Fault> faults_ MILLRACE_GUARDED_BY(mutex_);
  std::size_t acquires_to_fail_ MILLRACE_GUARDED_BY(mutex_) = 0;
  base::Errc acquire_error_ MILLRACE_GUARDED_BY(mutex_) = base::Errc::unavailable;
  Position skip_ MILLRACE_GUARDED_BY(mutex_) = 0;
  std::uint32_t run_records_ MILLRACE_GUARDED_BY(mutex_) = 0;
  Position run_gap_ MILLRACE_GUARDED_BY(mutex_) = 0;
  bool stopped_ MILLRACE_GUARDED_BY(mutex_) = false;
  Usage usage_ MILLRACE_GUARDED_BY(mutex_);
  std::uint64_t appends_ MILLRACE_GUARDED_BY(mutex_) = 0;
  std::uint64_t acquires_ MILLRACE_GUARDED_BY(mutex_) = 0;
};

}  // namespace millrace::log::testing
