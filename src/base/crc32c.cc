#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace millrace::base {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // reflected

// Eight tables: table k has what a byte does to the checksum with k bytes behind it.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

consteval Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

constexpr std::uint32_t step(std::uint32_t state, std::uint8_t byte) {
  return (state >> 8) ^ tables[0][(state ^ byte) & 0xff];
}

// What a number of zero bytes does to a checksum's state, as four tables, one for each byte of the state. So states of
// neighbouring pieces, made side by side, are joined.
template <std::size_t zeros>
class Shift {
 public:
  consteval Shift() {
    // The effect is linear: that of each bit alone, by squaring.
    std::array<std::uint32_t, 32> power{};
    std::array<std::uint32_t, 32> effect{};
    for (std::size_t bit = 0; bit < 32; ++bit) {
      power[bit] = step(std::uint32_t{1} << bit, 0);
      effect[bit] = std::uint32_t{1} << bit;
    }
    for (std::size_t left = zeros; left != 0; left >>= 1) {
      if ((left & 1) != 0) effect = applied(power, effect);
      power = applied(power, power);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      for (std::uint32_t byte = 0; byte < 256; ++byte)
        tables_[k][byte] = times(effect, byte << (8 * k));
    }
  }

  constexpr std::uint32_t operator()(std::uint32_t state) const {
    return tables_[0][state & 0xff] ^ tables_[1][(state >> 8) & 0xff] ^ tables_[2][(state >> 16) & 0xff] ^
           tables_[3][state >> 24];
  }

 private:
  using Matrix = std::array<std::uint32_t, 32>;
  static consteval std::uint32_t times(const Matrix& matrix, std::uint32_t vector) {
    std::uint32_t sum = 0;
    for (std::size_t bit = 0; vector != 0; ++bit, vector >>= 1) {
      if ((vector & 1) != 0) sum ^= matrix[bit];
    }
    return sum;
  }
  static consteval Matrix applied(const Matrix& to, const Matrix& what) {
    Matrix result{};
    for (std::size_t bit = 0; bit < 32; ++bit)
      result[bit] = times(to, what[bit]);
    return result;
  }

  std::array<std::array<std::uint32_t, 256>, 4> tables_{};
};

std::uint32_t table_state(std::uint32_t state, const std::uint8_t* at, std::size_t size) {
  for (; size >= 8; at += 8, size -= 8) {
    const std::uint32_t low =
        state ^ (at[0] | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[3]} << 24);
    state = tables[7][low & 0xff] ^ tables[6][(low >> 8) & 0xff] ^ tables[5][(low >> 16) & 0xff] ^
            tables[4][low >> 24] ^ tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^ tables[0][at[7]];
  }
  for (; size != 0; ++at, --size)
    state = step(state, *at);
  return state;
}

#if defined(__x86_64__)

#define MILLRACE_SSE42 __attribute__((target("sse4.2")))

[[gnu::always_inline]] inline std::uint64_t word(const std::uint8_t* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Three pieces of `lane` bytes side by side: the instruction takes three cycles but a new one starts every cycle.
template <std::size_t lane>
MILLRACE_SSE42 [[gnu::always_inline]] inline std::uint32_t three_lanes(std::uint32_t state, const std::uint8_t* at) {
  static constexpr Shift<lane> shift;
  std::uint64_t a = state;
  std::uint64_t b = 0;
  std::uint64_t c = 0;
  for (std::size_t i = 0; i < lane; i += 8) {
    a = _mm_crc32_u64(a, word(at + i));
    b = _mm_crc32_u64(b, word(at + lane + i));
    c = _mm_crc32_u64(c, word(at + 2 * lane + i));
  }
  const std::uint32_t ab = shift(static_cast<std::uint32_t>(a)) ^ static_cast<std::uint32_t>(b);
  return shift(ab) ^ static_cast<std::uint32_t>(c);
}

MILLRACE_SSE42 std::uint32_t hardware_state(std::uint32_t state, const std::uint8_t* at, std::size_t size) {
  constexpr std::size_t long_lane = 4096;
  constexpr std::size_t short_lane = 256;
  for (; size >= 3 * long_lane; at += 3 * long_lane, size -= 3 * long_lane)
    state = three_lanes<long_lane>(state, at);
  for (; size >= 3 * short_lane; at += 3 * short_lane, size -= 3 * short_lane)
    state = three_lanes<short_lane>(state, at);
  std::uint64_t wide = state;
  for (; size >= 8; at += 8, size -= 8)
    wide = _mm_crc32_u64(wide, word(at));
  state = static_cast<std::uint32_t>(wide);
  for (; size != 0; ++at, --size)
    state = _mm_crc32_u8(state, *at);
  return state;
}

#endif

const std::uint8_t* octets(std::span<const std::byte> bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

}  // namespace

namespace crc32c_kernels {

std::uint32_t by_table(std::uint32_t crc, std::span<const std::byte> bytes) {
  return ~table_state(~crc, octets(bytes), bytes.size());
}

#if defined(__x86_64__)
bool hardware_available() {
  return __builtin_cpu_supports("sse4.2") != 0;
}
std::uint32_t by_hardware(std::uint32_t crc, std::span<const std::byte> bytes) {
  return ~hardware_state(~crc, octets(bytes), bytes.size());
}
#else
bool hardware_available() {
  return false;
}
std::uint32_t by_hardware(std::uint32_t crc, std::span<const std::byte> bytes) {
  return by_table(crc, bytes);
}
#endif

}  // namespace crc32c_kernels

std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes) {
  static const bool hardware = crc32c_kernels::hardware_available();
  return hardware ? crc32c_kernels::by_hardware(crc, bytes) : crc32c_kernels::by_table(crc, bytes);
}

std::uint32_t crc32c(std::span<const std::byte> bytes) {
  return crc32c(0, bytes);
}

}  // namespace millrace::base
