#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace millrace::io {

// The time of day, in milliseconds since the Unix epoch: what records, streams and iterators are stamped with. It can
// be frozen and moved by an operator or a test. Thread-safe.
class WallClock {
 public:
  virtual std::int64_t now_ms() const = 0;
  virtual ~WallClock() = default;
};

// Time since some moment in the past; never frozen, never goes back: for time-outs and pacing. Thread-safe.
class SteadyClock {
 public:
  virtual std::chrono::nanoseconds now() const = 0;
  std::int64_t now_ms() const { return std::chrono::duration_cast<std::chrono::milliseconds>(now()).count(); }
  std::int64_t now_us() const { return std::chrono::duration_cast<std::chrono::microseconds>(now()).count(); }
  virtual ~SteadyClock() = default;
};

// The machine's clock, which stands still while it is frozen.
class SystemWallClock final : public WallClock {
 public:
  std::int64_t now_ms() const override;
  void freeze_at(std::int64_t ms) { frozen_ms_.store(ms, std::memory_order_relaxed); }
  void thaw() { frozen_ms_.store(running, std::memory_order_relaxed); }

 private:
  static constexpr std::int64_t running = -1;
  std::atomic<std::int64_t> frozen_ms_{running};
};

class SystemSteadyClock final : public SteadyClock {
 public:
  std::chrono::nanoseconds now() const override;
};

}  // namespace millrace::io
