#include "io/clock.h"

namespace millrace::io {

std::int64_t SystemWallClock::now_ms() const {
  const std::int64_t frozen = frozen_ms_.load(std::memory_order_relaxed);
  if (frozen != running) return frozen;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::chrono::nanoseconds SystemSteadyClock::now() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace millrace::io
