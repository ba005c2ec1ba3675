#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace::io {

// Random bytes, good enough for keys. Thread-safe.
class Random {
 public:
  virtual void fill(std::span<std::byte> into) = 0;
  std::uint64_t next_u64();
  virtual ~Random() = default;
};

// The system's generator, read in pages of 4 KiB a thread, so that a request id costs no system call. A fork would
// share a page; the broker never forks.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> into) override;
};

}  // namespace millrace::io
