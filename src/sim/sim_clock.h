#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "io/clock.h"

namespace millrace::sim {

// Both clocks of a simulated machine. They move only when a test moves them. Thread-safe.
class SimClock {
 public:
  // The time of day it begins with: 2026-01-15T09:30:00Z.
  static constexpr std::int64_t start_ms = 1'768'469'400'000;

  const io::WallClock& wall() const { return wall_; }
  const io::SteadyClock& steady() const { return steady_; }

  // Moves both on together.
  void advance(std::chrono::nanoseconds by) {
    wall_.ns.fetch_add(by.count(), std::memory_order_relaxed);
    steady_.ns.fetch_add(by.count(), std::memory_order_relaxed);
  }
  // Sets the time of day alone, forwards or back, as an operator or a time server may.
  void set_wall_ms(std::int64_t ms) { wall_.ns.store(ms * 1'000'000, std::memory_order_relaxed); }

 private:
  struct Wall final : io::WallClock {
    std::int64_t now_ms() const override { return ns.load(std::memory_order_relaxed) / 1'000'000; }
    std::atomic<std::int64_t> ns{start_ms * 1'000'000};
  };
  struct Steady final : io::SteadyClock {
    std::chrono::nanoseconds now() const override {
      return std::chrono::nanoseconds(ns.load(std::memory_order_relaxed));
    }
    // Not zero, so that code which takes 0 for "never" is not right by accident.
    std::atomic<std::int64_t> ns{1'000'000'000};
  };
  Wall wall_;
  Steady steady_;
};

}  // namespace millrace::sim
