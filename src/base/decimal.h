#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace millrace::base {

// Writes a value below 10^8 as eight digits, leading zeros included. All digits are made at once, side by side in one
// word: halves of four digits, then of two, then single ones. The multiplications are divisions by 100 and by 10 that
// are exact for the values that can stand there.
inline void write_8_digits(std::uint32_t value, char* to) {
  static_assert(std::endian::native == std::endian::little, "the first digit is the lowest byte");
  const std::uint32_t upper = value / 10'000;
  const std::uint64_t fours = upper | std::uint64_t{value - upper * 10'000} << 32;
  const std::uint64_t hundreds = (fours * 10'486 >> 20) & 0x0000'007f'0000'007fULL;
  const std::uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
  const std::uint64_t tens = (twos * 103 >> 10) & 0x000f'000f'000f'000fULL;
  const std::uint64_t digits = (tens | (twos - tens * 10) << 8) | 0x3030'3030'3030'3030ULL;
  std::memcpy(to, &digits, sizeof digits);
}

// The same with sixteen digits, of a value below 10^16.
inline void write_16_digits(std::uint64_t value, char* to) {
  const std::uint64_t upper = value / 100'000'000;
  write_8_digits(static_cast<std::uint32_t>(upper), to);
  write_8_digits(static_cast<std::uint32_t>(value - upper * 100'000'000), to + 8);
}

}  // namespace millrace::base
