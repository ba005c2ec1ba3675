#include "base/md5_lanes.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "base/md5_rounds.h"

#define MILLRACE_AVX2 __attribute__((target("avx2")))

namespace millrace::base::md5_lanes {
namespace {

// Sixteen 32-bit lanes, which the compiler keeps in two registers.
typedef std::uint32_t Lanes __attribute__((vector_size(64)));

// A message and its padding: one block.
using Block = std::array<char, 64>;

template <std::size_t n>
[[gnu::always_inline]] inline void copy_ends(const char* from, std::size_t size, char* to) {
  std::memcpy(to, from, n);
  std::memcpy(to + size - n, from + size - n, n);
}

// Copies up to 55 bytes by pieces that may overlap, since a call of memcpy for so few costs more than the hash of a
// lane.
[[gnu::always_inline]] inline void copy_short(const char* from, std::size_t size, char* to) {
  if (size >= 16) {
    copy_ends<16>(from, size, to);
    if (size > 32) {
      std::memcpy(to + 16, from + 16, 16);
      if (size > 48) std::memcpy(to + 32, from + 32, 16);
    }
  } else if (size >= 8) {
    copy_ends<8>(from, size, to);
  } else if (size >= 4) {
    copy_ends<4>(from, size, to);
  } else if (size != 0) {
    to[0] = from[0];
    to[size / 2] = from[size / 2];
    to[size - 1] = from[size - 1];
  }
}

[[gnu::always_inline]] inline void fill_block(std::string_view key, Block& block) {
  block.fill('\0');
  copy_short(key.data(), key.size(), block.data());
  block[key.size()] = '\x80';
  const std::uint32_t bits = static_cast<std::uint32_t>(key.size()) * 8;
  std::memcpy(block.data() + 56, &bits, 4);
}

// Words first ... first + 7 of eight blocks become eight rows of one word each.
MILLRACE_AVX2 inline void transpose(const Block* blocks, std::size_t first, __m256i (&rows)[8]) {
  __m256i r[8];
  for (std::size_t i = 0; i < 8; ++i) {
    r[i] = _mm256_load_si256(reinterpret_cast<const __m256i*>(blocks[i].data() + first * 4));
  }
  __m256i t[8];
  for (std::size_t i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
  }
  __m256i u[8];
  for (std::size_t i = 0; i < 8; i += 4) {
    u[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
    u[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
    u[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
    u[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    rows[i] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x20);
    rows[i + 4] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x31);
  }
}

}  // namespace

bool available() {
  return __builtin_cpu_supports("avx2") != 0;
}

MILLRACE_AVX2 void hash(const std::array<const std::string_view*, count>& keys, std::array<u128, count>& to) {
  alignas(64) Block blocks[count];
  for (std::size_t i = 0; i < count; ++i)
    fill_block(*keys[i], blocks[i]);

  Lanes words[16];
  for (std::size_t first = 0; first < 16; first += 8) {
    __m256i low[8];
    __m256i high[8];
    transpose(blocks, first, low);
    transpose(blocks + 8, first, high);
    for (std::size_t i = 0; i < 8; ++i) {
      std::memcpy(&words[first + i], &low[i], 32);
      std::memcpy(reinterpret_cast<char*>(&words[first + i]) + 32, &high[i], 32);
    }
  }

  md5_rounds::State<Lanes> state = md5_rounds::initial<Lanes>();
  md5_rounds::compress(state, words);
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = md5_rounds::to_number(state.a[i], state.b[i], state.c[i], state.d[i]);
  }
}

}  // namespace millrace::base::md5_lanes

#else

#include "base/md5.h"

namespace millrace::base::md5_lanes {

bool available() {
  return false;
}
void hash(const std::array<const std::string_view*, count>& keys, std::array<u128, count>& to) {
  for (std::size_t i = 0; i < count; ++i)
    to[i] = md5(*keys[i]);
}

}  // namespace millrace::base::md5_lanes

#endif
