#include "sim/sim_loop.h"

#include <algorithm>

namespace millrace::sim {
namespace {

constexpr std::chrono::nanoseconds never = std::chrono::nanoseconds::max();

}  // namespace

thread_local const SimLoop* SimLoop::current_ = nullptr;

// What a task holds may post or set a timer when it goes; that is destroyed, too.
SimLoop::~SimLoop() {
  for (;;) {
    std::deque<base::Task> tasks;
    std::map<DueTime, base::Task> timers;
    timers.swap(timers_);
    {
      const base::Lock lock(mutex_);
      tasks.swap(tasks_);
    }
    if (tasks.empty() && timers.empty()) break;
  }
}

void SimLoop::post(base::Task task) {
  const base::Lock lock(mutex_);
  tasks_.push_back(std::move(task));
}

io::TimerId SimLoop::after(std::chrono::milliseconds delay, base::Task task) {
  const io::TimerId id = ++last_id_;
  const auto due = clock_.steady().now() + delay;
  timers_.emplace(DueTime(due, id), std::move(task));
  due_of_.emplace(id, due);
  return id;
}

void SimLoop::cancel(io::TimerId id) {
  const auto found = due_of_.find(id);
  if (found == due_of_.end()) return;
  const auto timer = timers_.extract(DueTime(found->second, id));
  due_of_.erase(found);
}

bool SimLoop::has_work() const {
  if (next_due() <= clock_.steady().now()) return true;
  const base::Lock lock(mutex_);
  return !tasks_.empty();
}

void SimLoop::run_one() {
  collect_due();
  base::Task task;
  {
    const base::Lock lock(mutex_);
    if (tasks_.empty()) return;
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  run(std::move(task));
}

void SimLoop::collect_due() {
  // One timer at a time, so that the task of one may still cancel the next.
  if (next_due() > clock_.steady().now()) return;
  auto timer = timers_.extract(timers_.begin());
  due_of_.erase(timer.key().second);
  run(std::move(timer.mapped()));
}

std::chrono::nanoseconds SimLoop::next_due() const {
  return timers_.empty() ? never : timers_.begin()->first.first;
}

void SimLoop::run(base::Task task) {
  const SimLoop* outer = std::exchange(current_, this);
  base::Executor* const outer_executor = base::current_executor();
  base::set_current_executor(this);
  task();
  task = nullptr;
  base::set_current_executor(outer_executor);
  current_ = outer;
}

SimLoop& SimScheduler::make_loop() {
  return *loops_.emplace_back(std::make_unique<SimLoop>(clock_));
}

bool SimScheduler::run_until_idle(std::size_t steps_max) {
  for (std::size_t step = 0; step < steps_max; ++step) {
    std::vector<SimLoop*> ready;
    for (const auto& loop : loops_) {
      if (loop->has_work()) ready.push_back(loop.get());
    }
    if (ready.empty()) return true;
    ready[ready.size() == 1 ? 0 : random_.below(ready.size())]->run_one();
  }
  return false;
}

void SimScheduler::advance(std::chrono::nanoseconds by) {
  run_until_idle();
  const auto end = clock_.steady().now() + by;
  for (;;) {
    std::chrono::nanoseconds next = never;
    for (const auto& loop : loops_)
      next = std::min(next, loop->next_due());
    const auto now = clock_.steady().now();
    if (next > end) {
      clock_.advance(end - now);
      break;
    }
    clock_.advance(std::max(next - now, std::chrono::nanoseconds(0)));
    run_until_idle();
  }
  run_until_idle();
}

}  // namespace millrace::sim
