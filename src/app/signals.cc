#include "app/signals.h"

#include <pthread.h>

#include <cerrno>

namespace millrace::app {
namespace {

// Carries wake() to the waiting thread; blocked like the others, so that nobody else's can end the process.
constexpr int wake_signal = SIGUSR2;

}  // namespace

Signals::Signals() : waiter_(pthread_self()) {
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&set_);
  for (const int number : {SIGTERM, SIGINT, wake_signal})
    sigaddset(&set_, number);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

void Signals::wait() {
  int number = wake_signal;
  while (number == wake_signal) {
    if (sigwait(&set_, &number) != 0) number = wake_signal;
  }
}

bool Signals::wait(std::chrono::milliseconds limit) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
  const timespec span{.tv_sec = seconds.count(), .tv_nsec = (limit - seconds).count() * 1'000'000};
  const int number = sigtimedwait(&set_, nullptr, &span);
  return number == SIGTERM || number == SIGINT;
}

void Signals::wake() {
  pthread_kill(waiter_, wake_signal);
}

}  // namespace millrace::app
