#include "io/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace millrace::io {

TimerWheel::TimerWheel() : lists_(slot_count + 1) {}

TimerId TimerWheel::add(std::uint64_t due, base::Task task) {
  due = std::max(due, now_ + 1);
  std::uint32_t index = 0;
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Node& node = nodes_[index];
  node.task = std::move(task);
  node.due = due;
  append(due % slot_count, index);
  ++size_;
  return (TimerId{node.generation} << 32) | (TimerId{index} + 1);
}

void TimerWheel::cancel(TimerId id) {
  if (id == 0) return;
  const auto index = static_cast<std::uint32_t>((id & UINT32_MAX) - 1);
  if (index >= nodes_.size()) return;
  Node& node = nodes_[index];
  if (node.list == none || node.generation != static_cast<std::uint32_t>(id >> 32)) return;
  // Destroyed last, since what a task holds may set or cancel timers when it goes.
  const base::Task task = std::move(node.task);
  unlink(index);
  release(index);
}

void TimerWheel::advance(std::uint64_t now) {
  if (now <= now_) return;
  const std::uint64_t first = now_ + 1;
  const std::uint64_t steps = std::min<std::uint64_t>(now - now_, slot_count);
  now_ = now;
  if (size_ == 0) return;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const std::size_t slot = (first + step) % slot_count;
    if ((occupied_[slot / 64] >> (slot % 64) & 1) != 0) collect(slot, now);
  }
  while (lists_[due_list].first != none) {
    const std::uint32_t index = lists_[due_list].first;
    base::Task task = std::move(nodes_[index].task);
    unlink(index);
    release(index);
    task();
  }
}

std::optional<std::uint64_t> TimerWheel::next_due() const {
  if (size_ == 0) return std::nullopt;
  std::optional<std::uint64_t> earliest;
  const std::uint64_t first = now_ + 1;
  std::uint64_t offset = 0;
  while (offset < slot_count) {
    const std::size_t slot = (first + offset) % slot_count;
    const std::uint64_t rest_of_word = occupied_[slot / 64] >> (slot % 64);
    if (rest_of_word == 0) {
      offset += 64 - slot % 64;
      continue;
    }
    offset += static_cast<unsigned>(std::countr_zero(rest_of_word));
    if (offset >= slot_count) break;
    const std::uint64_t due = lists_[(first + offset) % slot_count].due_min;
    if (due <= first + offset) return std::min(earliest.value_or(due), due);
    earliest = std::min(earliest.value_or(due), due);
    ++offset;
  }
  return earliest;
}

void TimerWheel::append(std::size_t list_index, std::uint32_t index) {
  List& list = lists_[list_index];
  Node& node = nodes_[index];
  node.list = static_cast<std::uint32_t>(list_index);
  node.previous = list.last;
  node.next = none;
  if (list.last == none) {
    list.first = index;
    list.due_min = node.due;
    if (list_index < slot_count) occupied_[list_index / 64] |= std::uint64_t{1} << (list_index % 64);
  } else {
    nodes_[list.last].next = index;
    list.due_min = std::min(list.due_min, node.due);
  }
  list.last = index;
}

void TimerWheel::unlink(std::uint32_t index) {
  Node& node = nodes_[index];
  const std::size_t list_index = node.list;
  List& list = lists_[list_index];
  (node.previous == none ? list.first : nodes_[node.previous].next) = node.next;
  (node.next == none ? list.last : nodes_[node.next].previous) = node.previous;
  if (list.first == none && list_index < slot_count) {
    occupied_[list_index / 64] &= ~(std::uint64_t{1} << (list_index % 64));
  }
  node.list = none;
}

void TimerWheel::release(std::uint32_t index) {
  ++nodes_[index].generation;
  free_.push_back(index);
  --size_;
}

void TimerWheel::collect(std::size_t slot, std::uint64_t now) {
  std::uint64_t due_min = UINT64_MAX;
  for (std::uint32_t index = lists_[slot].first; index != none;) {
    const std::uint32_t next = nodes_[index].next;
    if (nodes_[index].due <= now) {
      unlink(index);
      append(due_list, index);
    } else {
      due_min = std::min(due_min, nodes_[index].due);
    }
    index = next;
  }
  lists_[slot].due_min = due_min;
}

}  // namespace millrace::io
