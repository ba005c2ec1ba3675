#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "io/loop.h"
#include "sim/sim_clock.h"
#include "sim/sim_random.h"

namespace millrace::sim {

// A loop without a thread: its SimScheduler runs it on the thread of the test. Tasks run in the order posted, timers by
// their due time (to the nanosecond) and, within one, in the order set. post() may be called from any thread.
class SimLoop final : public io::Loop, private io::Timers {
 public:
  explicit SimLoop(SimClock& clock) : clock_(clock) {}
  SimLoop(const SimLoop&) = delete;
  SimLoop& operator=(const SimLoop&) = delete;
  ~SimLoop();

  void post(base::Task task) override;
  // True while one of its tasks runs, on that thread.
  bool is_current() const override { return current_ == this; }
  io::Timers& timers() override { return *this; }
  const io::SteadyClock& steady_clock() const override { return clock_.steady(); }

  std::size_t timers_set() const { return timers_.size(); }

 private:
  friend class SimScheduler;
  using DueTime = std::pair<std::chrono::nanoseconds, io::TimerId>;

  io::TimerId after(std::chrono::milliseconds delay, base::Task task) override;
  void cancel(io::TimerId id) override;

  bool has_work() const;
  // Runs the oldest task.
  void run_one();
  // Turns timers that are due into tasks.
  void collect_due();
  std::chrono::nanoseconds next_due() const;
  void run(base::Task task);

  static thread_local const SimLoop* current_;

  SimClock& clock_;
  mutable base::Mutex mutex_;
  std::deque<base::Task> tasks_ MILLRACE_GUARDED_BY(mutex_);
  std::map<DueTime, base::Task> timers_;
  std::unordered_map<io::TimerId, std::chrono::nanoseconds> due_of_;
  io::TimerId last_id_ = 0;
};

// Runs simulated loops deterministically: with one loop in plain order, with several the seed decides whose turn it is.
class SimScheduler {
 public:
  explicit SimScheduler(SimClock& clock, std::uint64_t seed = 1) : clock_(clock), random_(seed) {}

  // Lives as long as the scheduler.
  SimLoop& make_loop();

  // Runs tasks and due timers until nothing is left to do at this time. At most `steps_max`; false where work is left,
  // which means that something posts itself for ever.
  bool run_until_idle(std::size_t steps_max = 10'000'000);
  // Moves the clock by `by`, stopping at each timer on the way so that it sees the time it asked for.
  void advance(std::chrono::nanoseconds by);

 private:
  SimClock& clock_;
  SimRandom random_;
  std::vector<std::unique_ptr<SimLoop>> loops_;
};

}  // namespace millrace::sim
