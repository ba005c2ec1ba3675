#include "log/block_fifo.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace millrace::log {
namespace {

// Grows by doubling, so that a queue without blocks costs nothing and a long one is moved rarely.
template <class Ring, class Item>
void push_growing(Ring& ring, Item item) {
  if (ring.full()) ring.set_capacity(std::max<std::size_t>(4, ring.capacity() * 2));
  ring.push_back(std::move(item));
}

// Gives memory back once most of it is idle.
template <class Ring>
void shrink_idle(Ring& ring) {
  if (ring.empty()) {
    ring.set_capacity(0);
  } else if (ring.capacity() > 64 && ring.size() < ring.capacity() / 8) {
    ring.set_capacity(ring.capacity() / 4);
  }
}

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

BlockFifo::Queue::Entry BlockFifo::Queue::take_front() {
  Entry front = std::move(entries_.front());
  entries_.pop_front();
  shrink_idle(entries_);
  held_from_ = front.last() + 1;
  front_stamp_.store(entries_.empty() ? no_stamp : entries_.front().stamp, std::memory_order_release);
  return front;
}

BlockFifo::Dropped BlockFifo::push(const std::shared_ptr<Queue>& queue, Block block, Position first) {
  const std::size_t size = block.memory_bytes();
  {
    base::Lock lock(mutex_);
    base::Lock queue_lock(queue->mutex_);
    const std::uint64_t stamp = ++last_stamp_;
    skip_stale_places();
    push_growing(places_, Place{queue, stamp});
    if (queue->entries_.empty()) queue->front_stamp_.store(stamp, std::memory_order_release);
    push_growing(queue->entries_, Queue::Entry{std::move(block), first, stamp});
  }
  bytes_.fetch_add(size, std::memory_order_relaxed);
  Dropped dropped;
  while (bytes() > bytes_max_ && drop_oldest(dropped)) {
  }
  return dropped;
}

void BlockFifo::skip_stale_places() {
  while (!places_.empty()) {
    const std::uint64_t front = places_.front().queue->front_stamp_.load(std::memory_order_acquire);
    if (front != Queue::no_stamp && front <= places_.front().stamp) return;
    places_.pop_front();
  }
}

bool BlockFifo::drop_oldest(Dropped& dropped) {
  Place place;
  {
    base::Lock lock(mutex_);
    skip_stale_places();
    // The newest block stays: a reader of its shard has not seen it yet.
    if (places_.size() <= 1) return false;
    place = std::move(places_.front());
    places_.pop_front();
    shrink_idle(places_);
  }
  Queue::Entry gone;
  {
    base::Lock lock(place.queue->mutex_);
    if (place.queue->entries_.empty() || place.queue->entries_.front().stamp != place.stamp) return true;
    gone = place.queue->take_front();
  }
  bytes_.fetch_sub(gone.block.memory_bytes(), std::memory_order_relaxed);
  ++dropped.blocks;
  dropped.records += gone.block.record_count();
  return true;
}

BlockFifo::Dropped BlockFifo::drop_before(Queue& queue, std::int64_t arrival_ms) {
  Dropped dropped;
  for (;;) {
    Queue::Entry gone;
    {
      base::Lock lock(queue.mutex_);
      if (queue.entries_.empty() || queue.entries_.front().block.arrival_ms() >= arrival_ms) return dropped;
      gone = queue.take_front();
    }
    bytes_.fetch_sub(gone.block.memory_bytes(), std::memory_order_relaxed);
    ++dropped.blocks;
    dropped.records += gone.block.record_count();
  }
}

void BlockFifo::clear(Queue& queue) {
  Queue::Entries gone;
  {
    base::Lock lock(queue.mutex_);
    if (queue.entries_.empty()) return;
    queue.held_from_ = queue.entries_.back().last() + 1;
    gone.swap(queue.entries_);
    queue.front_stamp_.store(Queue::no_stamp, std::memory_order_release);
  }
  for (const Queue::Entry& entry : gone) bytes_.fetch_sub(entry.block.memory_bytes(), std::memory_order_relaxed);
}

void BlockFifo::restart(Queue& queue, Position held_from) {
  clear(queue);
  base::Lock lock(queue.mutex_);
  queue.held_from_ = held_from;
}

}  // namespace millrace::log
