#pragma once

#include <chrono>
#include <cstdint>

#include "base/executor.h"

namespace millrace::io {

// Names a timer that was set; 0 names none.
using TimerId = std::uint64_t;

// Timers of one loop, used on its thread only. Coarse: a timer fires up to `timer_tick` late, never early, so that
// setting and cancelling one costs a few nanoseconds and nothing wakes an idle thread without need.
class Timers {
 public:
  // Runs `task` once on the loop, `delay` from now by the steady clock.
  virtual TimerId after(std::chrono::milliseconds delay, base::Task task) = 0;
  // Destroys the task without running it. Does nothing where it ran already, or for 0.
  virtual void cancel(TimerId id) = 0;

 protected:
  ~Timers() = default;
};

inline constexpr std::chrono::milliseconds timer_tick{20};

}  // namespace millrace::io
