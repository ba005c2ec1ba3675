#include "http/body_buffers.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

namespace millrace::http {
namespace {

constexpr std::size_t smallest = 8 * 1024;

}  // namespace

BodyBuffers::~BodyBuffers() {
  budget_.give_back(base::MemoryShare::connections, kept_bytes_);
}

std::size_t BodyBuffers::capacity_for(std::size_t size) {
  return size <= reused_bytes_max ? std::bit_ceil(std::max(size, smallest)) : size;
}

BodyBuffer BodyBuffers::take(std::size_t size) {
  const std::size_t capacity = capacity_for(size);
  // The one put back last is the likeliest to be in the processor's cache.
  const auto found =
      std::find_if(kept_.rbegin(), kept_.rend(), [&](const BodyBuffer& buffer) { return buffer.capacity == capacity; });
  if (found != kept_.rend()) {
    BodyBuffer buffer = std::move(*found);
    kept_.erase(std::next(found).base());
    kept_bytes_ -= capacity;
    budget_.give_back(base::MemoryShare::connections, capacity);
    return buffer;
  }
  return {.bytes = std::unique_ptr<char[]>(new char[capacity]), .capacity = capacity};
}

void BodyBuffers::put_back(BodyBuffer buffer) {
  if (buffer.capacity == 0 || buffer.capacity > reused_bytes_max) return;
  if (kept_bytes_ + buffer.capacity > kept_bytes_max) return;
  kept_bytes_ += buffer.capacity;
  budget_.take(base::MemoryShare::connections, buffer.capacity);
  kept_.push_back(std::move(buffer));
}

}  // namespace millrace::http
