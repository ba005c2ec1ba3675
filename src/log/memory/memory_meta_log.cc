#include "log/memory/memory_meta_log.h"

#include <utility>

namespace millrace::log {

void MemoryMetaLog::append(std::span<const std::byte> command, Done<Position> done) {
  {
    base::Lock lock(mutex_);
    commands_.emplace_back(reinterpret_cast<const char*>(command.data()), command.size());
    waiting_.push_back({first_ + commands_.size() - 1, std::move(done)});
  }
  deliver();
}

void MemoryMetaLog::follow(Position from, Follower follower) {
  {
    base::Lock lock(mutex_);
    follower_ = std::move(follower);
    following_ = true;
    delivered_ = from == 0 ? 0 : from - 1;
  }
  deliver();
}

// Whoever finds nobody delivering does it, for all: so commands are followed one at a time and in order, and no lock is
// held while the follower or a call-back runs.
void MemoryMetaLog::deliver() {
  {
    base::Lock lock(mutex_);
    if (delivering_) return;
    delivering_ = true;
  }
  for (;;) {
    std::optional<std::string> command;  // to be followed
    Position position = 0;
    std::optional<Waiting> answered;
    {
      base::Lock lock(mutex_);
      const Position last = first_ + commands_.size() - 1;
      if (following_ && delivered_ < last) {
        position = std::max(delivered_ + 1, first_);
        delivered_ = position;
        command = commands_[position - first_];
      } else if (!waiting_.empty()) {
        // Nobody follows yet: the command is in the log all the same.
        position = waiting_.front().position;
      } else {
        delivering_ = false;
        return;
      }
      if (!waiting_.empty() && waiting_.front().position == position) {
        answered = std::move(waiting_.front());
        waiting_.pop_front();
      }
    }
    if (command) follower_(position, std::as_bytes(std::span(*command)));
    if (answered) answered->done(position);
  }
}

void MemoryMetaLog::barrier(Done<Position> done) {
  Position last = 0;
  {
    base::Lock lock(mutex_);
    last = first_ + commands_.size() - 1;
  }
  done(last);
}

void MemoryMetaLog::save_snapshot(Position position, std::span<const std::byte> bytes, Done<void> done) {
  {
    base::Lock lock(mutex_);
    snapshot_ = Snapshot{position, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())};
  }
  done({});
}

std::optional<Snapshot> MemoryMetaLog::load_snapshot() {
  base::Lock lock(mutex_);
  return snapshot_;
}

void MemoryMetaLog::trim(Position before, Done<void> done) {
  {
    base::Lock lock(mutex_);
    // What was not followed yet is kept: a follower never misses a command.
    while (!commands_.empty() && first_ < before && first_ <= delivered_) {
      commands_.pop_front();
      ++first_;
    }
  }
  done({});
}

}  // namespace millrace::log
