#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "io/timers.h"

namespace millrace::io {

// A hashed wheel of timers. It knows ticks, not clocks: whoever owns it says what tick it is. Setting and cancelling
// are O(1) and reuse their nodes; asking for the next due tick looks at a bitmap of 512 bytes. Not thread-safe.
class TimerWheel {
 public:
  TimerWheel();

  // Runs `task` in the first advance() to a tick >= `due`.
  TimerId add(std::uint64_t due, base::Task task);
  // Destroys the task. Does nothing where it ran already, or for 0.
  void cancel(TimerId id);

  // Runs what is due at `now`, in the order of their ticks and, within one, of their setting. A task may set and cancel
  // timers; one it sets runs in a later call.
  void advance(std::uint64_t now);

  // No timer is due before this tick; nothing where none is set. After a cancellation it may be too early.
  std::optional<std::uint64_t> next_due() const;
  std::size_t size() const { return size_; }

 private:
  // One revolution is 82 s of 20 ms ticks, so that nearly every time-out of a connection lies within one.
  static constexpr std::size_t slot_count = 4096;
  // The list of what is due in the running advance().
  static constexpr std::size_t due_list = slot_count;
  static constexpr std::uint32_t none = UINT32_MAX;

  struct Node {
    base::Task task;
    std::uint64_t due = 0;
    std::uint32_t generation = 0;
    std::uint32_t list = none;  // which list it is in; none: it is free
    std::uint32_t previous = none;
    std::uint32_t next = none;
  };
  struct List {
    std::uint32_t first = none;
    std::uint32_t last = none;
    std::uint64_t due_min = 0;  // a lower bound of its nodes' due ticks
  };

  void append(std::size_t list, std::uint32_t node);
  void unlink(std::uint32_t node);
  void release(std::uint32_t node);
  void collect(std::size_t slot, std::uint64_t now);

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> free_;
  std::vector<List> lists_;
  std::array<std::uint64_t, slot_count / 64> occupied_{};
  std::uint64_t now_ = 0;
  std::size_t size_ = 0;
};

}  // namespace millrace::io
