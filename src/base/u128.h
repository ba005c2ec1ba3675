#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::base {

__extension__ typedef unsigned __int128 u128;

inline constexpr u128 u128_max = ~u128{0};

constexpr u128 make_u128(std::uint64_t high, std::uint64_t low) {
  return (u128{high} << 64) | low;
}
constexpr std::uint64_t high_of(u128 value) {
  return static_cast<std::uint64_t>(value >> 64);
}
constexpr std::uint64_t low_of(u128 value) {
  return static_cast<std::uint64_t>(value);
}

// Decimal digits only, no sign, no leading zero but for "0" itself. Nothing where the text is not of that form or the
// value needs more than 128 bits.
std::optional<u128> parse_u128(std::string_view text);

std::string to_decimal(u128 value);

}  // namespace millrace::base
