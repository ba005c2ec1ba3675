#include "io/random.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace millrace::io {
namespace {

void fill_from_system(std::byte* into, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::getrandom(into, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      // Keys and tokens depend on this generator: a broker without it must not run.
      std::abort();
    }
    into += got;
    size -= static_cast<std::size_t>(got);
  }
}

// Bytes read ahead. Each is handed out once and wiped, so that a later look at this memory tells nothing of earlier
// keys.
struct Page {
  std::array<std::byte, 4096> bytes{};
  std::size_t used = 4096;
};

}  // namespace

std::uint64_t Random::next_u64() {
  std::uint64_t value = 0;
  fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

void SystemRandom::fill(std::span<std::byte> into) {
  thread_local Page page;
  if (into.size() >= page.bytes.size()) {
    fill_from_system(into.data(), into.size());
    return;
  }
  while (!into.empty()) {
    if (page.used == page.bytes.size()) {
      fill_from_system(page.bytes.data(), page.bytes.size());
      page.used = 0;
    }
    const std::size_t n = std::min(into.size(), page.bytes.size() - page.used);
    std::memcpy(into.data(), page.bytes.data() + page.used, n);
    std::memset(page.bytes.data() + page.used, 0, n);
    page.used += n;
    into = into.subspan(n);
  }
}

}  // namespace millrace::io
