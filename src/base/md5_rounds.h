#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/u128.h"

// MD5 (RFC 1321) over words of a type W: std::uint32_t for one message, a vector of them for several at once.
namespace millrace::base::md5_rounds {

// floor(2^32 * |sin(i + 1)|), as the RFC lists them.
inline constexpr std::uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
inline constexpr int rotations[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
// Step i takes the word (factor * i + offset) mod 16.
struct WordOrder {
  unsigned factor, offset;
};
inline constexpr WordOrder word_orders[4] = {{1, 0}, {5, 1}, {3, 5}, {7, 0}};

template <class W>
struct State {
  W a, b, c, d;
};

template <class W>
[[gnu::always_inline]] inline State<W> initial() {
  return {W{} + 0x67452301U, W{} + 0xefcdab89U, W{} + 0x98badcfeU, W{} + 0x10325476U};
}

// Mixes one block into the state. Inlined into its caller always, so that it takes on the caller's instruction set.
template <class W>
[[gnu::always_inline]] inline void compress(State<W>& state, const W (&block)[16]) {
  W a = state.a;
  W b = state.b;
  W c = state.c;
  W d = state.d;
#pragma clang loop unroll(full)
  for (unsigned i = 0; i < 64; ++i) {
    const unsigned round = i / 16;
    const WordOrder order = word_orders[round];
    W sum = a + (block[(order.factor * i + order.offset) % 16] + sines[i]);
    if (round == 0) {
      sum += d ^ (b & (c ^ d));
    } else if (round == 1) {
      // The two sides share no bit, so a sum is as good as an or, and only one of them waits for b.
      sum += c & ~d;
      sum += b & d;
    } else if (round == 2) {
      sum += (c ^ d) ^ b;
    } else {
      sum += c ^ (b | ~d);
    }
    const int by = rotations[round][i % 4];
    a = d;
    d = c;
    c = b;
    b = b + ((sum << by) | (sum >> (32 - by)));
  }
  state.a += a;
  state.b += b;
  state.c += c;
  state.d += d;
}

// The digest, whose bytes are a, b, c, d each lowest byte first, as a big-endian number.
inline u128 to_number(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  const auto pair = [](std::uint32_t first, std::uint32_t second) {
    return std::uint64_t{std::byteswap(first)} << 32 | std::byteswap(second);
  };
  return make_u128(pair(a, b), pair(c, d));
}

}  // namespace millrace::base::md5_rounds
