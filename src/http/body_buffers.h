#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/memory_budget.h"

namespace millrace::http {

// Memory for the body of one request, not initialised.
struct BodyBuffer {
  std::unique_ptr<char[]> bytes;
  std::size_t capacity = 0;
};

// The buffers of bodies that one loop has used and will use again. Small ones come in sizes of powers of two and are
// kept, up to a bound, so that a steady stream of requests neither allocates nor touches new pages; large ones go back
// to the system at once. Not thread-safe.
class BodyBuffers {
 public:
  // The largest that is kept.
  static constexpr std::size_t reused_bytes_max = 256 * 1024;
  // Kept in all, by one loop. Counted as memory of connections.
  static constexpr std::size_t kept_bytes_max = 1024 * 1024;

  explicit BodyBuffers(base::MemoryBudget& budget) : budget_(budget) {}
  BodyBuffers(const BodyBuffers&) = delete;
  BodyBuffers& operator=(const BodyBuffers&) = delete;
  ~BodyBuffers();

  // How much memory a buffer for a body of `size` bytes takes.
  static std::size_t capacity_for(std::size_t size);
  BodyBuffer take(std::size_t size);
  void put_back(BodyBuffer buffer);

 private:
  base::MemoryBudget& budget_;
  std::vector<BodyBuffer> kept_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace millrace::http
