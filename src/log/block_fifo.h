#pragma once

#include <atomic>
#include <boost/container/deque.hpp>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/mutex.h"
#include "log/engine.h"

namespace millrace::log {

// Blocks of many logs in memory under one bound: when they are over it, the oldest block of all logs goes. The memory
// engine keeps its logs in one, the tail cache its tails in another. Thread-safe.
class BlockFifo {
 public:
  // One log's blocks, oldest first.
  class Queue {
   public:
    // `held_from`: nothing before that position is here.
    explicit Queue(Position held_from) : held_from_(held_from) {}

    // The first position from which on everything is here.
    Position held_from() const;
    // Adds to `page` what the limits allow from `from` on, and sets next and next_arrival_ms. `tail` is the last
    // visible position of the log.
    void collect(Position from, Position tail, const ReadLimits& limits, Page& page) const;
    // The same where everything from `from` on is here, else false and nothing is added: between the question and the
    // answer no block can leave.
    bool collect_if_held(Position from, Position tail, const ReadLimits& limits, Page& page) const;
    // First record of that arrival time or later; nothing where there is none.
    std::optional<Position> seek_time(std::int64_t arrival_ms) const;
    // Records that left because of the bound, and not of their age.
    std::uint64_t records_pushed_out() const { return records_pushed_out_.load(std::memory_order_relaxed); }

   private:
    friend class BlockFifo;
    struct Entry {
      Block block;
      Position first = 0;
      std::uint64_t stamp = 0;  // order over all queues of the fifo
      Position last() const { return first + block.record_count() - 1; }
    };
    // Grows without moving what is there, and costs nothing while it is empty.
    using Entries = boost::container::deque<Entry>;

    Entries::const_iterator find(Position from, std::int64_t arrival_min_ms) const MILLRACE_REQUIRES(mutex_);

    void collect_locked(Position from, Position tail, const ReadLimits& limits, Page& page) const
        MILLRACE_REQUIRES(mutex_);

    mutable base::Mutex mutex_;
    Entries entries_ MILLRACE_GUARDED_BY(mutex_);
    Position held_from_ MILLRACE_GUARDED_BY(mutex_);
    // Stamp of the oldest block, or no_stamp: lets the fifo skip what is gone without a lock.
    std::atomic<std::uint64_t> front_stamp_{no_stamp};
    static constexpr std::uint64_t no_stamp = ~std::uint64_t{0};
    std::atomic<std::uint64_t> records_pushed_out_{0};
  };

  struct Dropped {
    std::uint64_t blocks = 0;
    std::uint64_t records = 0;
  };

  explicit BlockFifo(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Adds the newest block of a log, then drops the oldest blocks over all logs until they are within the bound. The
  // block just added stays even where it is larger than the bound alone.
  Dropped push(const std::shared_ptr<Queue>& queue, Block block, Position first);
  // Drops the blocks of a log that arrived before that time.
  Dropped drop_before(Queue& queue, std::int64_t arrival_ms);
  void clear(Queue& queue);
  // Clears, and says that nothing before `held_from` is here.
  void restart(Queue& queue, Position held_from);

  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  std::size_t bytes_max() const { return bytes_max_; }
  std::size_t blocks() const { return blocks_.load(std::memory_order_relaxed); }
  // Places kept, stale ones included.
  std::size_t places() const;
  static constexpr std::size_t stale_places_min = 64;

 private:
  struct Place {
    std::shared_ptr<Queue> queue;
    std::uint64_t stamp = 0;
  };
  // Freed once no lock is held.
  using Gone = boost::container::small_vector<Block, 64>;

  static bool is_stale(const Place& place);
  void add(const std::shared_ptr<Queue>& queue, Block block, Position first) MILLRACE_REQUIRES(mutex_);
  void forget_stale_places() MILLRACE_REQUIRES(mutex_);
  bool drop_oldest(Gone& gone) MILLRACE_REQUIRES(mutex_);
  Block take_front(Queue& queue) MILLRACE_REQUIRES(queue.mutex_);
  Queue::Entries take_all(Queue& queue) MILLRACE_REQUIRES(queue.mutex_);
  static void count(Dropped& dropped, const Block& block);

  const std::size_t bytes_max_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::size_t> blocks_{0};
  // Taken before a queue's mutex, never after.
  mutable base::Mutex mutex_;
  std::uint64_t last_stamp_ MILLRACE_GUARDED_BY(mutex_) = 0;
  // One place for each block, oldest first; a place whose block is gone already is stale. At most two places a block
  // and stale_places_min more.
  boost::container::deque<Place> places_ MILLRACE_GUARDED_BY(mutex_);
};

}  // namespace millrace::log
