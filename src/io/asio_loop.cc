#include "io/asio_loop.h"

#include <pthread.h>
#include <sys/resource.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

namespace millrace::io {
namespace {

constexpr std::chrono::nanoseconds tick_ns = timer_tick;

// A quarter of the processor's time beside one busy thread of normal priority, and all of it alone.
constexpr int background_nice = 5;

std::uint64_t tick_of(std::chrono::nanoseconds time) {
  return static_cast<std::uint64_t>(time.count() / tick_ns.count());
}

// The first tick that begins at or after `time`.
std::uint64_t tick_after(std::chrono::nanoseconds time) {
  return static_cast<std::uint64_t>((time.count() + tick_ns.count() - 1) / tick_ns.count());
}

}  // namespace

thread_local const AsioLoop* AsioLoop::current_ = nullptr;

template <class T>
struct AsioLoop::WakeAllocator {
  using value_type = T;

  explicit WakeAllocator(WakeMemory& m) : memory(&m) {}
  template <class U>
  explicit WakeAllocator(const WakeAllocator<U>& other) : memory(other.memory) {}
  T* allocate(std::size_t) {
    static_assert(sizeof(T) <= sizeof(WakeMemory) && alignof(T) <= alignof(WakeMemory));
    return reinterpret_cast<T*>(memory->bytes);
  }
  void deallocate(T*, std::size_t) {}
  friend bool operator==(const WakeAllocator&, const WakeAllocator&) = default;

  WakeMemory* memory;
};

struct AsioLoop::Wake {
  using allocator_type = WakeAllocator<std::byte>;
  allocator_type get_allocator() const { return allocator_type(loop->wake_memory_); }
  void operator()() const { loop->run_mailbox(); }

  AsioLoop* loop;
};

AsioLoop::AsioLoop(std::string thread_name, ThreadPriority priority)
    : thread_([this, name = std::move(thread_name), priority] { run(name, priority); }) {}

void AsioLoop::post(base::Task task) {
  if (is_current()) {
    posted_here_.push_back(std::move(task));
    return;
  }
  bool first = false;
  {
    const base::Lock lock(mutex_);
    if (stopped_) return;
    first = mailbox_.empty();
    mailbox_.push_back(std::move(task));
  }
  if (first) boost::asio::post(context_, Wake{this});
}

void AsioLoop::stop() {
  {
    const base::Lock lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
  }
  context_.stop();
  thread_.join();
  destroy_tasks();
}

void AsioLoop::run(const std::string& thread_name, ThreadPriority priority) {
  // The kernel keeps 15 characters of a thread's name.
  pthread_setname_np(pthread_self(), thread_name.substr(0, 15).c_str());
  // Of this thread alone: that is what 0 stands for on Linux. Whoever may not do it does without.
  if (priority == ThreadPriority::background) setpriority(PRIO_PROCESS, 0, background_nice);
  current_ = this;
  base::set_current_executor(this);
  const auto work = boost::asio::make_work_guard(context_);
  context_.run();
  base::set_current_executor(nullptr);
  current_ = nullptr;
}

void AsioLoop::run_mailbox() {
  const Turn turn(*this);
  {
    const base::Lock lock(mutex_);
    mailbox_running_.swap(mailbox_);
  }
  for (base::Task& task : mailbox_running_) {
    task();
    task = nullptr;
  }
  mailbox_running_.clear();
}

void AsioLoop::run_posted_here() {
  std::size_t run = 0;
  while (!posted_here_.empty() && run < turn_tasks_max) {
    posted_running_.swap(posted_here_);
    run += posted_running_.size();
    for (base::Task& task : posted_running_) {
      task();
      task = nullptr;
    }
    posted_running_.clear();
  }
  if (!posted_here_.empty()) {
    boost::asio::post(context_, [this] { run_posted_here(); });
  }
}

// Those of timers, too. What a task holds may post again when it goes; that is destroyed as well.
void AsioLoop::destroy_tasks() {
  std::exchange(wheel_, TimerWheel());
  for (;;) {
    std::vector<base::Task> left = std::move(posted_here_);
    posted_here_.clear();
    {
      const base::Lock lock(mutex_);
      for (base::Task& task : mailbox_)
        left.push_back(std::move(task));
      mailbox_.clear();
    }
    if (left.empty()) break;
  }
}

TimerId AsioLoop::after(std::chrono::milliseconds delay, base::Task task) {
  const std::uint64_t due = tick_after(steady_clock_.now() + delay);
  const TimerId id = wheel_.add(due, std::move(task));
  if (due < armed_tick_) arm(due);
  return id;
}

void AsioLoop::arm(std::uint64_t tick) {
  armed_tick_ = tick;
  const std::chrono::nanoseconds at = tick_ns * static_cast<std::int64_t>(tick);
  timer_.expires_at(
      std::chrono::steady_clock::time_point(std::chrono::duration_cast<std::chrono::steady_clock::duration>(at)));
  timer_.async_wait([this](const boost::system::error_code& error) {
    // An earlier timer took its place.
    if (error) return;
    const Turn turn(*this);
    on_timer();
  });
}

void AsioLoop::on_timer() {
  // While the wheel runs, timers set by tasks must not arm: the earliest is known only afterwards.
  armed_tick_ = 0;
  wheel_.advance(tick_of(steady_clock_.now()));
  armed_tick_ = never;
  if (const auto next = wheel_.next_due()) arm(*next);
}

std::unique_ptr<ThreadLoop> start_thread_loop(std::string thread_name, ThreadPriority priority) {
  return std::make_unique<AsioLoop>(std::move(thread_name), priority);
}

}  // namespace millrace::io
