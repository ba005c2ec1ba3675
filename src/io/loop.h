#pragma once

#include <memory>

#include "base/executor.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/socket.h"
#include "io/timers.h"

namespace millrace::io {

// One thread's loop: it runs posted tasks, timers and what its sockets report, one at a time.
class Loop : public base::Executor {
 public:
  // True on the thread that runs this loop.
  virtual bool is_current() const = 0;
  // Used on the loop's thread only.
  virtual Timers& timers() = 0;
  virtual const SteadyClock& steady_clock() const = 0;
  // Runs `task` at once where the caller is on this loop's thread, else posts it.
  void dispatch(base::Task task) {
    if (is_current()) {
      task();
    } else {
      post(std::move(task));
    }
  }
  virtual ~Loop() = default;
};

}  // namespace millrace::io
