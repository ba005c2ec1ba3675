#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "log/engine.h"
#include "log/segment/index_store.h"

namespace millrace::log::segment {

// The catalogue's commands. It is no log of the seam: list() and usage() leave it out.
inline constexpr LogId catalogue_log{0, 0};

// What the engine knows of one log in memory. `assigned` runs ahead of what is durable and belongs to the thread that
// commits;
// `tail` is what readers see, and moves only once a commit is durable.
struct LogState {
  LogState(const LogRow& row, bool is_in_index)
      : id(row.log),
        config(row.config),
        epoch(row.epoch),
        first(row.first),
        queued_arrival_ms(row.last_arrival_ms),
        indexed(row),
        in_index(is_in_index),
        assigned(row.tail),
        tail(row.tail),
        closed(row.closed) {}

  const LogId id;

  base::Mutex mutex;
  LogConfig config MILLRACE_GUARDED_BY(mutex);
  std::uint64_t epoch MILLRACE_GUARDED_BY(mutex);
  bool dropped MILLRACE_GUARDED_BY(mutex) = false;
  Position first MILLRACE_GUARDED_BY(mutex);                   // nothing before it is shown
  std::int64_t queued_arrival_ms MILLRACE_GUARDED_BY(mutex);   // of the newest block given to the engine
  LogRow indexed MILLRACE_GUARDED_BY(mutex);                   // what the index says of the log,
  bool in_index MILLRACE_GUARDED_BY(mutex);                    // where it knows the log at all
  std::vector<IndexRow> unindexed MILLRACE_GUARDED_BY(mutex);  // durable blocks that are not in the index yet, in order

  // Of the thread that commits.
  Position assigned;          // last position given
  bool assigned_end = false;  // an end marker is on its way

  // Of the index loop alone: arrival of the oldest block that the index has.
  static constexpr std::int64_t not_known = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t no_block = std::numeric_limits<std::int64_t>::max();
  std::int64_t oldest_ms = not_known;

  std::atomic<Position> tail;
  std::atomic<bool> closed;
};

// The logs of an engine by id. Thread-safe.
class LogMap {
 public:
  using Shared = std::shared_ptr<LogState>;

  Shared find(LogId id) const {
    const base::Lock lock(mutex_);
    const auto found = logs_.find(id);
    return found == logs_.end() ? nullptr : found->second;
  }
  // The log of that row's id, made from the row where there is none, and whether it was made. `in_index`: the row is
  // what the index says.
  std::pair<Shared, bool> find_or_add(const LogRow& row, bool in_index) {
    const base::Lock lock(mutex_);
    Shared& log = logs_[row.log];
    const bool made = log == nullptr;
    if (made) log = std::make_shared<LogState>(row, in_index);
    return {log, made};
  }
  Shared remove(LogId id) {
    const base::Lock lock(mutex_);
    const auto found = logs_.find(id);
    if (found == logs_.end()) return nullptr;
    Shared log = std::move(found->second);
    logs_.erase(found);
    return log;
  }
  // In order of their ids.
  std::vector<Shared> all() const {
    const base::Lock lock(mutex_);
    std::vector<Shared> logs;
    logs.reserve(logs_.size());
    for (const auto& [id, log] : logs_)
      logs.push_back(log);
    return logs;
  }
  std::size_t size() const {
    const base::Lock lock(mutex_);
    return logs_.size();
  }

 private:
  mutable base::Mutex mutex_;
  std::map<LogId, Shared> logs_ MILLRACE_GUARDED_BY(mutex_);
};

}  // namespace millrace::log::segment
