#pragma once

#include <chrono>
#include <csignal>

namespace millrace::app {

// SIGTERM and SIGINT as something to wait for, and SIGPIPE ignored. Made first thing in main, so that every thread
// inherits the blocked signals and only who waits here takes one.
class Signals {
 public:
  Signals();

  // Waits until the process is asked to stop.
  void wait();
  // Waits for a signal or for wake(), at most `limit`: true for a signal.
  bool wait(std::chrono::milliseconds limit);
  // Ends a wait of the thread that made this, from any thread.
  void wake();

 private:
  sigset_t set_{};
  pthread_t waiter_;
};

}  // namespace millrace::app
