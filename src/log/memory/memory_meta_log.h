#pragma once

#include <deque>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "log/engine.h"

namespace millrace::log {

// The command log of the memory engine. Thread-safe; commands appended while the follower runs are followed by whoever
// runs it, in order.
class MemoryMetaLog final : public MetaLog {
 public:
  void append(std::span<const std::byte> command, Done<Position> done) override;
  void follow(Position from, Follower follower) override;
  void barrier(Done<Position> done) override;
  void save_snapshot(Position position, std::span<const std::byte> bytes, Done<void> done) override;
  std::optional<Snapshot> load_snapshot() override;
  void trim(Position before, Done<void> done) override;

 private:
  struct Waiting {
    Position position;
    Done<Position> done;
  };
  void deliver();

  base::Mutex mutex_;
  std::deque<std::string> commands_ MILLRACE_GUARDED_BY(mutex_);
  Position first_ MILLRACE_GUARDED_BY(mutex_) = 1;      // of commands_.front()
  Position delivered_ MILLRACE_GUARDED_BY(mutex_) = 0;  // last one the follower has seen
  bool delivering_ MILLRACE_GUARDED_BY(mutex_) = false;
  std::deque<Waiting> waiting_ MILLRACE_GUARDED_BY(mutex_);
  std::optional<Snapshot> snapshot_ MILLRACE_GUARDED_BY(mutex_);
  bool following_ MILLRACE_GUARDED_BY(mutex_) = false;
  Follower follower_;  // set once, before following_
};

}  // namespace millrace::log
