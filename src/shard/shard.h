#pragma once

#include <atomic>
#include <boost/container/deque.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/executor.h"
#include "base/metrics.h"
#include "base/result.h"
#include "io/clock.h"
#include "log/engine.h"
#include "model/hash_range.h"
#include "shard/inbox.h"
#include "shard/tail_cache.h"

namespace millrace::shard {

// What all shards of a broker share. Outlives them.
struct Shared {
  log::Engine& engine;
  const io::WallClock& clock;
  base::MemoryBudget& budget;
  TailCache& tail_cache;
  base::Counter& commits;
  base::Histogram& commit_records;
  base::Counter& append_queue_full;
};

struct ShardConfig {
  log::LogId id;
  std::int64_t created_s = 0;
  std::chrono::milliseconds retention{0};  // zero: records never expire
};

// Where one record went: what its sequence number is made of.
struct Place {
  std::int64_t created_s = 0;  // of the shard
  model::ShardNo shard = 0;
  log::Position position = 0;
  std::int64_t arrival_ms = 0;
  // Set where this record could not be stored while others of its block were: a child of its shard refused it.
  std::optional<base::Errc> failed{};
};

// Where a block went.
struct Stored {
  log::Appended runs;
  std::int64_t arrival_ms = 0;
  // Set where the shard had been closed and its records went on to its children, and some of them are stored: of each
  // record, in the block's order; `runs` says nothing then.
  std::shared_ptr<const std::vector<Place>> moved{};

  // Of the block's index-th record, where the block stayed in the shard it was given to.
  log::Position position(std::uint32_t index) const;
  // Of the block's index-th record; `given_to` is the shard that took it.
  Place place(std::uint32_t index, const ShardConfig& given_to) const;
};

struct ReadRequest {
  log::Position from = 1;
  std::uint32_t records_max = 10'000;
  std::size_t bytes_max = 10 * 1024 * 1024;
  std::int64_t arrival_min_ms = 0;
};

struct ReadPage {
  log::Page page;
  std::int64_t now_ms = 0;  // the clock when the page was made, for MillisBehindLatest
};

struct Positions {
  log::Position tail = 0;  // last visible position
  bool closed = false;
};

// What a closed shard's log ends with.
struct Ending {
  log::Position last = 0;
  std::int64_t last_arrival_ms = 0;
};

// A child of a closed shard, and what of the key space it took over.
struct Successor {
  model::HashKeyRange range;
  std::shared_ptr<class Shard> shard;
};

// Owns one shard: its order, its arrival times, its group commit and its tail in memory.
//
// Threads:   public functions may be called from any thread. Work arrives in an inbox; whoever finds the actor idle
// runs
//            it on the spot, whoever finds it busy leaves the message. `done` may be called before the call returns.
// Order:     records become visible in the order of their positions, and only once durable.
// Commit:    small blocks that wait together are joined into one; several commits may be in flight.
// Failure:   after an unknown outcome or a fence every append in flight fails, and the next one acquires the log again.
// Ending:    close() writes the end marker behind what is in flight. Appends that come from then on are held, and given
//            to the children once those may be written to; a closed shard passes on what still comes to it for ever.
// Lifetime:  shared; what is in flight keeps it alive.
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  Shard(Shared& shared, ShardConfig config);
  ~Shard();

  // Errors: throughput_exceeded (the queue is full), closed, resource_not_found (dropped), internal_failure.
  void append(log::Block block, base::Done<Stored> done);
  // Errors of read, seek_time and positions: throughput_exceeded (reads_queued_max wait), resource_not_found,
  // internal_failure.
  void read(ReadRequest request, base::Done<ReadPage> done);
  // The position of the first record of that arrival time or later; one past the tail where there is none.
  void seek_time(std::int64_t arrival_ms, base::Done<log::Position> done);
  void positions(base::Done<Positions> done);
  // Ends the shard for good: appends are refused from now on, and the tail is forgotten. Done once no commit is in
  // flight, so that nothing of the shard's is held in memory any more.
  void drop(base::Done<void> done);
  void set_retention(std::chrono::milliseconds retention);

  // Closes the log for good; done once its end is durable. Idempotent, and to be called again after an error. Errors:
  // resource_not_found, internal_failure.
  void close(base::Done<Ending> done);
  // After close(): what is held, and whatever comes later, goes to the children, whose ranges cover this shard's.
  void go_on_in(std::vector<Successor> children);
  // After close(), where the children will not be there soon: what is held, and whatever comes until they are, is
  // answered with throughput_exceeded.
  void let_go();

  const ShardConfig& config() const { return config_; }
  // Appends that wait or are being committed.
  std::size_t queued() const { return queued_.load(std::memory_order_relaxed); }
  // Data and keys stored since this object was made, in bytes.
  std::uint64_t bytes_stored() const { return bytes_stored_.load(std::memory_order_relaxed); }
  // Reads, searches and positions that wait for the shard or its engine.
  std::size_t reads_queued() const { return reads_queued_.load(std::memory_order_relaxed); }
  // Blocks that wait in one shard; one more is answered with throughput_exceeded.
  static constexpr std::size_t appends_queued_max = 4'096;
  // Reads, searches and positions that wait in one shard; one more is answered with throughput_exceeded.
  static constexpr std::size_t reads_queued_max = 4'096;
  // Two, so that the next commit is with the engine already when one ends; the rest gathers.
  static constexpr std::size_t commits_in_flight_max = 2;
  // Small blocks that wait together become one of at most this many bytes of payload.
  static constexpr std::size_t joined_bytes_max = 64 * 1024;

 private:
  struct Append {
    log::Block block;
    base::Done<Stored> done;
    std::uint32_t records = 0;  // of the block, which a joined one replaces
  };
  struct Read {
    ReadRequest request;
    base::Done<ReadPage> done;
  };
  using Message = std::variant<Append, Read, base::Task>;

  // What the inbox calls.
  struct Handler {
    Shard* shard;
    std::shared_ptr<Shard> keep_alive() const { return shard->shared_from_this(); }
    void handle(Message& message) const { shard->handle(message); }
    void batch_handled() const { shard->commit_waiting(); }
  };
  // The executor that the engine completes on: the inbox itself.
  struct InboxExecutor final : base::Executor {
    explicit InboxExecutor(Shard& s) : shard(s) {}
    void post(base::Task task) override { shard.inbox_.post(std::move(task)); }
    Shard& shard;
  };
  // A joined block in flight, and whom to tell.
  struct Commit;
  // What a shard needs from close() on, which most never come to.
  struct Closing {
    bool log_is_closing = false;  // the end marker is being written
    bool let_go = false;
    boost::container::deque<Append> held;  // come since close(), until there are successors
    std::vector<Successor> successors;
    std::vector<base::Done<Ending>> on_close;
  };

  void handle(Message& message);
  void take(Append append);
  void commit_waiting();
  log::Block join(const std::vector<Append>& group);
  void submit(std::vector<Append> group);
  void on_committed(Commit& commit, base::Result<log::Appended> outcome);
  void succeed(Commit& commit, const log::Appended& runs);
  void give_up_writer();
  void finish_drop();
  void close_log();
  void on_closed(base::Result<log::Position> last);
  void pass_on(Append append);
  void fail_held(const base::Error& error);
  void acquire();
  void on_acquired(base::Result<std::unique_ptr<log::Writer>> outcome);
  void fail_waiting(const base::Error& error);
  // Runs the task once there is a writer, or once it is clear that none can be had.
  void with_writer(base::Task task);
  void answer_positions(base::Done<Positions> done);
  bool take_read_place();
  void give_back_read_place() { reads_queued_.fetch_sub(1, std::memory_order_relaxed); }
  void read_now(const ReadRequest& request, base::Done<ReadPage> done);
  // Records that arrived earlier have expired.
  std::int64_t horizon_ms(std::int64_t now_ms) const;

  // Constant after construction.
  Shared& shared_;
  const ShardConfig config_;
  InboxExecutor executor_{*this};
  Inbox<Message, Handler> inbox_{Handler{this}};
  // Any thread.
  std::atomic<std::int64_t> retention_ms_;
  std::atomic<std::size_t> queued_{0};
  std::atomic<std::size_t> reads_queued_{0};
  std::atomic<std::uint64_t> bytes_stored_{0};  // written by whoever runs the inbox
  // Touched only by whoever runs the inbox.
  std::unique_ptr<log::Writer> writer_;
  bool acquiring_ = false;
  bool dropped_ = false;
  std::unique_ptr<Closing> closing_;         // set by close(): no more appends of its own
  bool committing_ = false;                  // commit_waiting is on the stack
  boost::container::deque<Append> waiting_;  // unlike std::deque it costs nothing while it is empty
  std::vector<base::Task> on_writer_;        // run when the writer is there
  std::vector<base::Done<void>> on_drop_;    // called when the last commit in flight has ended
  std::size_t commits_in_flight_ = 0;
  std::int64_t last_arrival_ms_ = 0;
  // Three positions that must never be mixed up: durable <= written <= assigned. The engine assigns and writes; the
  // shard keeps the durable one, the last that readers may see.
  log::Position durable_ = 0;
  std::shared_ptr<TailCache::Tail> tail_;  // null before the writer is there
};

}  // namespace millrace::shard
