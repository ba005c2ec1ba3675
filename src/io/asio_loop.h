#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "io/system.h"
#include "io/timer_wheel.h"

// Internal to src/io: the rest of the broker sees io/loop.h and io/system.h.
namespace millrace::io {

// A thread that runs an io_context of its own. Tasks from other threads gather in a mailbox, which is swapped whole;
// only the task that finds it empty wakes the thread. Tasks posted on the thread itself run at the end of the handler
// that posted them, without a system call.
class AsioLoop final : public ThreadLoop, private Timers {
 public:
  AsioLoop(std::string thread_name, ThreadPriority priority);
  AsioLoop(const AsioLoop&) = delete;
  AsioLoop& operator=(const AsioLoop&) = delete;
  ~AsioLoop() override { stop(); }

  void post(base::Task task) override;
  bool is_current() const override { return current_ == this; }
  Timers& timers() override { return *this; }
  const SteadyClock& steady_clock() const override { return steady_clock_; }
  void stop() override;

  boost::asio::io_context& context() { return context_; }

  // Encloses everything a handler of this loop does; its end runs what was posted meanwhile.
  class Turn {
   public:
    explicit Turn(AsioLoop& loop) : loop_(loop) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      if (!loop_.posted_here_.empty()) loop_.run_posted_here();
    }

   private:
    AsioLoop& loop_;
  };

 private:
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                        boost::asio::io_context::executor_type>;

  // At most one wake-up is on its way at a time, so its memory is part of the loop.
  struct WakeMemory {
    alignas(std::max_align_t) std::byte bytes[128];
  };
  template <class T>
  struct WakeAllocator;
  struct Wake;

  TimerId after(std::chrono::milliseconds delay, base::Task task) override;
  void cancel(TimerId id) override { wheel_.cancel(id); }
  void arm(std::uint64_t tick);
  void on_timer();

  void run(const std::string& thread_name, ThreadPriority priority);
  void run_mailbox();
  void run_posted_here();
  void destroy_tasks();

  // Tasks that one turn runs before sockets get their chance again.
  static constexpr std::size_t turn_tasks_max = 1024;
  static constexpr std::uint64_t never = UINT64_MAX;
  static thread_local const AsioLoop* current_;

  SystemSteadyClock steady_clock_;
  boost::asio::io_context context_{1};
  WakeMemory wake_memory_;

  base::Mutex mutex_;
  std::vector<base::Task> mailbox_ MILLRACE_GUARDED_BY(mutex_);
  bool stopped_ MILLRACE_GUARDED_BY(mutex_) = false;

  // Used on the loop's thread only.
  std::vector<base::Task> mailbox_running_;
  std::vector<base::Task> posted_here_;
  std::vector<base::Task> posted_running_;
  TimerWheel wheel_;
  Timer timer_{context_};
  std::uint64_t armed_tick_ = never;

  std::thread thread_;
};

}  // namespace millrace::io
