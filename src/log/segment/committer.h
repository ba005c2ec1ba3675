#pragma once

#include <array>
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
// What waits is bounded by the append_queue share of the memory, which every block counts in.
class Committer : public std::enable_shared_from_this<Committer> {
 public:
  // Called once the index should be brought up to the segments; on the commit loop.
  using WantsFlush = std::function<void()>;

  Committer(std::shared_ptr<Core> core, WantsFlush wants_flush)
      : core_(std::move(core)), wants_flush_(std::move(wants_flush)) {}

  // Any thread. A null block is an end marker, whose answer is empty. `done` runs on `executor`; on the commit loop
  // where that is null.
  void submit(std::shared_ptr<LogState> log, std::uint64_t epoch, Block block, base::Executor* executor,
              Done<Appended> done);
  // Any thread. Runs the task on the commit loop while no commit is on its way.
  void run_between(base::Task task);

  // Of blocks in one commit, save for a block that is larger alone.
  static constexpr std::size_t commit_bytes_max = std::size_t{8} << 20;

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

  void run();
  bool take();
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

  // Of the commit loop alone.
  std::vector<Request> commit_;  // the one on its way
  std::array<Share, segment_class_count> shares_;
  bool under_way_ = false;
  std::size_t syncs_left_ = 0;
  std::vector<base::Task> between_;
  std::vector<NewBlock> blocks_;  // of the run being written; kept for the next
  std::int64_t space_asked_ms_ = -1;
  std::uint64_t written_since_asked_ = 0;
  std::uint64_t free_bytes_ = 0;

  base::Mutex mutex_;
  std::deque<Request> queue_ MILLRACE_GUARDED_BY(mutex_);
  bool scheduled_ MILLRACE_GUARDED_BY(mutex_) = false;  // run() is posted or at work
};

}  // namespace millrace::log::segment
