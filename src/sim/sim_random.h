#pragma once

#include <cstdint>

#include "base/mutex.h"
#include "io/random.h"

namespace millrace::sim {

// The same bytes for the same seed, on every machine (SplitMix64). Thread-safe; with several threads the order of their
// calls decides who gets what.
class SimRandom final : public io::Random {
 public:
  explicit SimRandom(std::uint64_t seed) : state_(seed) {}

  void fill(std::span<std::byte> into) override {
    const base::Lock lock(mutex_);
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < into.size(); ++i) {
      if (i % 8 == 0) word = next();
      into[i] = static_cast<std::byte>(word >> (i % 8 * 8));
    }
  }
  // A number below `bound`, which is not 0.
  std::uint64_t below(std::uint64_t bound) {
    const base::Lock lock(mutex_);
    return next() % bound;
  }

 private:
  std::uint64_t next() MILLRACE_REQUIRES(mutex_) {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

  base::Mutex mutex_;
  std::uint64_t state_ MILLRACE_GUARDED_BY(mutex_);
};

}  // namespace millrace::sim
