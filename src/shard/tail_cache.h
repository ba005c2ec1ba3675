#pragma once

#include <memory>

#include "log/block_fifo.h"

namespace millrace::shard {

// The newest blocks of all shards, in memory under one bound: where reads at the tip are served from. Blocks are shared
// with the engine where it keeps them in memory, and count once. Thread-safe.
class TailCache {
 public:
  using Tail = log::BlockFifo::Queue;

  // Where the engine keeps its blocks in memory a tail's blocks are the engine's own: within this part of their share
  // the tails hold no memory of theirs.
  static constexpr std::size_t percent_of_log_share = 50;
  static std::size_t bytes_max_of(const base::MemoryBudget& budget) {
    return budget.max(base::MemoryShare::log) / 100 * percent_of_log_share;
  }

  explicit TailCache(std::size_t bytes_max) : fifo_(bytes_max) {}

  // A tail that holds nothing yet; `held_from` is the position after the last one that is durable already.
  std::shared_ptr<Tail> open(log::Position held_from) { return std::make_shared<Tail>(held_from); }
  void push(const std::shared_ptr<Tail>& tail, log::Block block, log::Position first) {
    fifo_.push(tail, std::move(block), first);
  }
  void forget(Tail& tail) { fifo_.clear(tail); }
  // Forgets everything and goes on at `held_from`: where the log has grown without the tail.
  void restart(Tail& tail, log::Position held_from) { fifo_.restart(tail, held_from); }
  // Forgets blocks that have expired: an engine that keeps its blocks in memory counts on it.
  void forget_before(Tail& tail, std::int64_t arrival_ms) { fifo_.drop_before(tail, arrival_ms); }

  std::size_t bytes() const { return fifo_.bytes(); }
  std::size_t bytes_max() const { return fifo_.bytes_max(); }

 private:
  log::BlockFifo fifo_;
};

}  // namespace millrace::shard
