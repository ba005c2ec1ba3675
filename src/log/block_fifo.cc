#include "log/block_fifo.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace millrace::log {
namespace {

// How many records of the block from the cursor on fit the limits; counts what they take.
std::uint32_t fit(const Block& block, std::uint32_t first, const ReadLimits& limits, std::uint32_t& records,
                  std::size_t& bytes) {
  const std::uint32_t here = block.record_count() - first;
  if (first == 0 && records + here <= limits.records_max && bytes + block.user_bytes() <= limits.bytes_max) {
    records += here;
    bytes += block.user_bytes();
    return here;
  }
  std::uint32_t taken = 0;
  for (auto cursor = block.begin(first); cursor.valid() && records < limits.records_max; cursor.next()) {
    const std::size_t size = cursor.user_bytes();
    if (records > 0 && bytes + size > limits.bytes_max) break;
    ++records;
    ++taken;
    bytes += size;
  }
  return taken;
}

}  // namespace

Position BlockFifo::Queue::held_from() const {
  base::Lock lock(mutex_);
  return held_from_;
}

BlockFifo::Queue::Entries::const_iterator BlockFifo::Queue::find(Position from, std::int64_t arrival_min_ms) const {
  // Both positions and arrival times never fall along a log, so one search finds the first block that satisfies both.
  return std::partition_point(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.last() < from || entry.block.arrival_ms() < arrival_min_ms;
  });
}

void BlockFifo::Queue::collect(Position from, Position tail, const ReadLimits& limits, Page& page) const {
  base::Lock lock(mutex_);
  collect_locked(from, tail, limits, page);
}

bool BlockFifo::Queue::collect_if_held(Position from, Position tail, const ReadLimits& limits, Page& page) const {
  base::Lock lock(mutex_);
  if (from < held_from_) return false;
  collect_locked(from, tail, limits, page);
  return true;
}

void BlockFifo::Queue::collect_locked(Position from, Position tail, const ReadLimits& limits, Page& page) const {
  auto at = find(from, limits.arrival_min_ms);
  page.next = std::max(from, tail + 1);
  if (at == entries_.end()) return;
  page.next = std::max(from, at->first);
  std::uint32_t records = 0;
  std::size_t bytes = 0;
  for (; at != entries_.end() && records < limits.records_max; ++at) {
    const auto first = static_cast<std::uint32_t>(page.next > at->first ? page.next - at->first : 0);
    const std::uint32_t taken = fit(at->block, first, limits, records, bytes);
    if (taken == 0) break;
    page.slices.push_back({at->block, first, first + taken, at->first + first});
    page.next = at->first + first + taken;
    if (first + taken < at->block.record_count()) break;
  }
  if (at != entries_.end()) {
    page.next = std::max(page.next, at->first);
    page.next_arrival_ms = at->block.arrival_ms();
  }
}

std::optional<Position> BlockFifo::Queue::seek_time(std::int64_t arrival_ms) const {
  base::Lock lock(mutex_);
  const auto at = find(0, arrival_ms);
  if (at == entries_.end()) return std::nullopt;
  return at->first;
}

BlockFifo::Dropped BlockFifo::push(const std::shared_ptr<Queue>& queue, Block block, Position first) {
  {
    base::Lock lock(mutex_);
    add(queue, std::move(block), first);
  }
  Dropped dropped;
  // A few at a time, so that other logs get in between where a large block pushes many small ones out.
  for (bool over = bytes() > bytes_max_; over;) {
    Gone gone;
    {
      base::Lock lock(mutex_);
      while (gone.size() < gone.static_capacity && over)
        over = bytes() > bytes_max_ && drop_oldest(gone);
    }
    for (const Block& old : gone)
      count(dropped, old);
  }
  return dropped;
}

void BlockFifo::add(const std::shared_ptr<Queue>& queue, Block block, Position first) {
  const std::uint64_t stamp = ++last_stamp_;
  forget_stale_places();
  places_.push_back(Place{queue, stamp});
  bytes_.fetch_add(block.memory_bytes(), std::memory_order_relaxed);
  blocks_.fetch_add(1, std::memory_order_relaxed);
  base::Lock lock(queue->mutex_);
  if (queue->entries_.empty()) queue->front_stamp_.store(stamp, std::memory_order_release);
  queue->entries_.push_back(Queue::Entry{std::move(block), first, stamp});
}

bool BlockFifo::is_stale(const Place& place) {
  // A queue loses blocks at its front only.
  const std::uint64_t front = place.queue->front_stamp_.load(std::memory_order_acquire);
  return front == Queue::no_stamp || front > place.stamp;
}

void BlockFifo::forget_stale_places() {
  while (!places_.empty() && is_stale(places_.front()))
    places_.pop_front();
  // One old block of an idle log would keep every stale place behind it: those of expired blocks and of dropped logs.
  // Each pass removes at least half of what it looks at, so it costs a push little.
  if (places_.size() <= 2 * blocks() + stale_places_min) return;
  places_.erase(std::remove_if(places_.begin(), places_.end(), is_stale), places_.end());
}

// Under both locks: a place that two droppers take apart from its block could leave the block behind for ever.
bool BlockFifo::drop_oldest(Gone& gone) {
  forget_stale_places();
  // The newest block stays: a reader of its shard has not seen it yet.
  if (places_.size() <= 1) return false;
  const Place place = std::move(places_.front());
  places_.pop_front();
  Queue& queue = *place.queue;
  base::Lock lock(queue.mutex_);
  if (queue.entries_.empty() || queue.entries_.front().stamp != place.stamp) return true;
  gone.push_back(take_front(queue));
  queue.records_pushed_out_.fetch_add(gone.back().record_count(), std::memory_order_relaxed);
  return true;
}

Block BlockFifo::take_front(Queue& queue) {
  Queue::Entry front = std::move(queue.entries_.front());
  queue.held_from_ = front.last() + 1;
  queue.entries_.pop_front();
  if (queue.entries_.empty()) Queue::Entries().swap(queue.entries_);
  queue.front_stamp_.store(queue.entries_.empty() ? Queue::no_stamp : queue.entries_.front().stamp,
                           std::memory_order_release);
  bytes_.fetch_sub(front.block.memory_bytes(), std::memory_order_relaxed);
  blocks_.fetch_sub(1, std::memory_order_relaxed);
  return std::move(front.block);
}

BlockFifo::Queue::Entries BlockFifo::take_all(Queue& queue) {
  Queue::Entries gone;
  if (queue.entries_.empty()) return gone;
  queue.held_from_ = queue.entries_.back().last() + 1;
  gone.swap(queue.entries_);
  queue.front_stamp_.store(Queue::no_stamp, std::memory_order_release);
  for (const Queue::Entry& entry : gone)
    bytes_.fetch_sub(entry.block.memory_bytes(), std::memory_order_relaxed);
  blocks_.fetch_sub(gone.size(), std::memory_order_relaxed);
  return gone;
}

void BlockFifo::count(Dropped& dropped, const Block& block) {
  ++dropped.blocks;
  dropped.records += block.record_count();
}

BlockFifo::Dropped BlockFifo::drop_before(Queue& queue, std::int64_t arrival_ms) {
  Dropped dropped;
  for (;;) {
    Block gone;
    {
      base::Lock lock(queue.mutex_);
      if (queue.entries_.empty() || queue.entries_.front().block.arrival_ms() >= arrival_ms) return dropped;
      gone = take_front(queue);
    }
    count(dropped, gone);
  }
}

void BlockFifo::clear(Queue& queue) {
  {
    Queue::Entries gone;
    base::Lock lock(queue.mutex_);
    gone = take_all(queue);
  }
  // A broker that is idle from here on keeps no places of a log that was dropped.
  base::Lock lock(mutex_);
  forget_stale_places();
}

void BlockFifo::restart(Queue& queue, Position held_from) {
  Queue::Entries gone;
  base::Lock lock(queue.mutex_);
  gone = take_all(queue);
  queue.held_from_ = held_from;
}

std::size_t BlockFifo::places() const {
  base::Lock lock(mutex_);
  return places_.size();
}

}  // namespace millrace::log
