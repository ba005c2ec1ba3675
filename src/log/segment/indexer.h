#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "log/segment/committer.h"
#include "log/segment/core.h"

namespace millrace::log::segment {

// Brings the index up to the segments, cycle by cycle, and with it all that follows from the index: logs dropped and
// trimmed, records expired, segments freed and punched. What a control call changes in memory becomes durable with the
// next cycle: the catalogue is the truth, and says it again at the next start.
//
// A cycle takes a picture between two commits, on the commit loop, and works on the index loop. One is on its way at a
// time.
class Indexer : public std::enable_shared_from_this<Indexer> {
 public:
  explicit Indexer(std::shared_ptr<Core> core);
  void set_committer(const std::shared_ptr<Committer>& committer) { committer_ = committer; }

  // Begins a cycle at each interval, until the engine is gone.
  void start();
  // Any thread. A cycle begins once the one on its way has ended.
  void request_cycle();

  // Any thread. The log is out of the engine's map already; its rows and blocks go with the next cycles.
  void drop(std::shared_ptr<LogState> log);
  // Any thread. Whether something of a dropped log of that id is left in the index.
  bool is_dropping(LogId id) const;
  // Any thread. Runs the task once nothing is left; at once where nothing is.
  void run_after_drop(LogId id, base::Task task);
  // Any thread. Records before that position are not shown any more; `done` once that is durable.
  void trim(std::shared_ptr<LogState> log, Position before, Done<void> done);
  // Ends the segments, indexes everything and leaves the mark of a clean stop.
  void stop(Done<void> done);

  std::uint64_t live_bytes() const { return live_bytes_.load(std::memory_order_relaxed); }

  // Time that one cycle spends on giving back dead parts of segments; the rest is left to another one.
  static constexpr std::chrono::milliseconds punching_max{500};
  // Rows that one cycle deletes at most: it bounds the batch.
  static constexpr std::size_t deleted_rows_max = 65'536;

 private:
  struct Trim {
    std::shared_ptr<LogState> log;
    Position before = 0;
    Done<void> done;
  };
  // What a cycle writes, as it was between two commits.
  struct Picture {
    struct Part {
      std::shared_ptr<LogState> log;
      LogRow row;
      std::size_t rows = 0;  // of the front of its unindexed ones
    };
    struct End {
      std::shared_ptr<SegmentFile> file;
      std::uint64_t end = 0;
      bool is_last = false;  // no run comes behind it: to be sealed
    };
    std::vector<Part> parts;
    std::vector<End> ends;
    std::uint64_t run = 0;
    std::uint64_t bytes = 0;
    std::vector<std::shared_ptr<LogState>> dropped;
    std::vector<Trim> trims;
    std::vector<Done<void>> waiting;
    bool clean = false;
  };
  // The batch as it is put together.
  struct Cycle {
    Picture picture;
    IndexBatch batch;
    std::map<LogId, Picture::Part> logs;  // whose rows it puts
    std::size_t deleted = 0;
    std::vector<LogId> gone;  // dropped, and nothing of them is left
    std::vector<std::shared_ptr<LogState>> dropped_later;
    std::vector<Trim> trims_done;
    std::vector<Trim> trims_later;
    bool has_more = false;    // work that is left to another cycle
    bool is_written = false;  // the batch is in the index, be it on the disk or not
  };

  void schedule();
  void begin(bool clean, Done<void> done);
  void start_cycle();
  bool settle();
  void take_picture(Picture& picture);
  void work(std::unique_ptr<Cycle> cycle);
  void complete(Cycle& cycle);
  base::Result<void> run(Cycle& cycle);
  base::Result<void> sync_segments(const Picture& picture);
  void put_parts(Cycle& cycle);
  base::Result<void> put_drops(Cycle& cycle);
  void forget_unindexed(LogState& log);
  base::Result<void> put_trims(Cycle& cycle);
  base::Result<void> put_expired(Cycle& cycle);
  // Deletes rows from the oldest on while they are dead; false where some are left to another cycle.
  base::Result<bool> delete_rows(LogState& log, Cycle& cycle, const std::function<bool(const IndexRow&)>& is_dead);
  bool is_empty(const Cycle& cycle) const;
  base::Result<void> write(Cycle& cycle);
  void take_over(Cycle& cycle);
  void put_back(Cycle& cycle);
  void give_back(Cycle& cycle);
  void free_segments();
  // False where its time was up before all was done.
  bool punch_segments();
  void punch(SegmentFile& file, std::span<const UsageTable::Range> ranges);
  void sweep_one();
  void compact();
  void tell_failure(const base::Error& why);
  void hand_on(Cycle& cycle, const base::Result<void>& outcome);
  void end_cycle(Cycle& cycle, base::Result<void> outcome);

  const std::shared_ptr<Core> core_;
  std::weak_ptr<Committer> committer_;
  std::atomic<std::uint64_t> live_bytes_{0};

  // Of the index loop alone.
  std::uint64_t indexed_run_ = 0;
  // Written and, for want of space, not flushed: whoever reads the index sees it, so nothing else is written before it
  // is on the disk.
  std::unique_ptr<Cycle> unflushed_;
  std::vector<Picture::End> ends_left_;  // segments that ended, of cycles whose batch was refused
  std::vector<std::uint64_t> freed_;     // numbers of segments whose usage is to be dropped
  std::size_t deleted_since_compaction_ = 0;
  std::vector<std::shared_ptr<SegmentFile>> unswept_;  // of earlier lives

  mutable base::Mutex mutex_;
  std::vector<std::shared_ptr<LogState>> dropped_ MILLRACE_GUARDED_BY(mutex_);
  std::vector<Trim> trims_ MILLRACE_GUARDED_BY(mutex_);
  std::map<LogId, std::vector<base::Task>> dropping_ MILLRACE_GUARDED_BY(mutex_);
  bool under_way_ MILLRACE_GUARDED_BY(mutex_) = false;
  std::vector<Done<void>> waiting_ MILLRACE_GUARDED_BY(mutex_);  // for the end of the next cycle
  bool again_ MILLRACE_GUARDED_BY(mutex_) = false;               // another cycle comes after this one
  bool clean_ MILLRACE_GUARDED_BY(mutex_) = false;               // and it is the last
};

}  // namespace millrace::log::segment
