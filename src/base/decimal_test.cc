#include "base/decimal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace millrace::base {
namespace {

std::string digits_8(std::uint32_t value) {
  std::string text(8, '\0');
  write_8_digits(value, text.data());
  return text;
}

std::string digits_16(std::uint64_t value) {
  std::string text(16, '\0');
  write_16_digits(value, text.data());
  return text;
}

// The three steps look at four digits, two digits and one: every value of each half is tried.
TEST(Decimal, EightDigitsAreThoseOfFmt) {
  for (std::uint32_t half = 0; half < 10'000; ++half) {
    const std::uint32_t other = (half * 7'919U) % 10'000;
    EXPECT_EQ(digits_8(half * 10'000 + other), fmt::format("{:04}{:04}", half, other));
    EXPECT_EQ(digits_8(half), fmt::format("{:08}", half));
  }
  EXPECT_EQ(digits_8(99'999'999), "99999999");
}

TEST(Decimal, SixteenDigitsAreThoseOfFmt) {
  std::mt19937_64 random(20261124);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = random() % 10'000'000'000'000'000ULL >> (random() % 50);
    EXPECT_EQ(digits_16(value), fmt::format("{:016}", value));
  }
  EXPECT_EQ(digits_16(9'999'999'999'999'999ULL), "9999999999999999");
}

}  // namespace
}  // namespace millrace::base
