#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "log/segment/core.h"

namespace millrace::log::segment {

// The one place that gives positions and writes. Everything queued becomes one commit: a run a class of segments, one
// sync of each class that was touched, then the answers in the order of the queue. While one commit is on its way the
// next gathers.
//
// Commits are made by one thread at a time. In `sync` durability that is the commit loop, since a sync blocks. In `os`
// a commit is a write into the system's memory, which costs less than waking another thread: whoever submits and finds
// nobody at work does it on the spot, and leaves to the commit loop what may block or has no end.
//
// What waits is bounded by the append_queue share of the memory, which every block counts in.
class Committer : public std::enable_shared_from_this<Committer> {
 public:
  // Called once the index should be brought up to the segments; by the thread that commits.
  using WantsFlush = std::function<void()>;

  Committer(std::shared_ptr<Core> core, WantsFlush wants_flush)
      : core_(std::move(core)), wants_flush_(std::move(wants_flush)) {}

  // Any thread. A null block is an end marker, whose answer is empty. `done` runs on `executor`; on the thread that
  // commits where that is null.
  void submit(std::shared_ptr<LogState> log, std::uint64_t epoch, Block block, base::Executor* executor,
              Done<Appended> done);
  // Any thread. Runs the task while no commit is on its way, on the thread that would commit.
  void run_between(base::Task task) { run_between(std::move(task), false); }
  // The same, once everything submitted before is done with.
  void run_behind(base::Task task) { run_between(std::move(task), true); }

  // Lets go of what waits, unanswered: the engine is gone. It would hold the engine's parts otherwise.
  void abandon();

  // Of blocks in one commit, save for a block that is larger alone.
  static constexpr std::size_t commit_bytes_max = std::size_t{8} << 20;
  // What a thread that submits does at most for others before the commit loop goes on.
  static constexpr std::size_t submitter_commits_max = 8;
  // In `sync`, whoever submits commits on the spot after so many commits of one request each, with nobody waiting
  // behind them and none of their syncs slower than that.
  static constexpr std::size_t lonely_commits_min = 8;
  static constexpr std::chrono::microseconds quick_sync_max{500};

 private:
  struct Request {
    std::shared_ptr<LogState> log;
    std::uint64_t epoch = 0;
    Block block;
    base::Executor* executor = nullptr;
    Done<Appended> done;
    base::Result<Appended> outcome{};
    bool writes = false;
    std::size_t segment_class = 0;
    IndexRow row{};
    std::size_t payload_bytes() const { return block ? block.payload().size() : 0; }
  };
  // What one commit asks of one class of segments.
  struct Share {
    std::uint64_t bytes = 0;  // of blocks that may be written
    bool touched = false;
    base::Result<void> outcome{};
  };

  struct Between {
    base::Task task;
    std::uint64_t after = 0;  // requests to be done with first
  };

  void run_between(base::Task task, bool behind);
  std::vector<base::Task> take_between() MILLRACE_REQUIRES(mutex_);
  // What the one that commits does: commit after commit, until nothing waits.
  enum class Turn : std::uint8_t { commit_loop, submitter };
  void run(Turn turn);
  void post_run();
  bool take();
  bool may_block() const;
  void note_loneliness();
  static std::size_t class_of_request(const Request& request);
  void write();
  bool begin_syncs();
  void finish();

  base::Result<void> gate();
  base::Result<void> reserve_left();
  void classify(Request& request, const base::Result<void>& open);
  void assign(Request& request);
  base::Result<void> write_share(std::size_t segment_class);
  void publish(Request& request);
  void answer();

  const std::shared_ptr<Core> core_;
  const WantsFlush wants_flush_;

  // Of the thread that commits.
  std::vector<Request> commit_;  // the one on its way
  std::array<Share, segment_class_count> shares_;
  std::size_t syncs_left_ = 0;
  std::chrono::nanoseconds sync_time_{0};  // of the last commit
  std::size_t lonely_commits_ = 0;
  std::vector<NewBlock> blocks_;  // of the run being written; kept for the next
  std::int64_t space_asked_ms_ = -1;
  std::uint64_t written_since_asked_ = 0;
  std::uint64_t free_bytes_ = 0;

  base::Mutex mutex_;
  std::deque<Request> queue_ MILLRACE_GUARDED_BY(mutex_);
  std::uint64_t submitted_ MILLRACE_GUARDED_BY(mutex_) = 0;
  std::uint64_t taken_ MILLRACE_GUARDED_BY(mutex_) = 0;
  std::vector<Between> between_ MILLRACE_GUARDED_BY(mutex_);
  bool is_at_work_ MILLRACE_GUARDED_BY(mutex_) = false;  // run() is posted or at work
  bool is_lonely_ MILLRACE_GUARDED_BY(mutex_) = false;
};

}  // namespace millrace::log::segment
