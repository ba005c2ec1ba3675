#include "base/u128.h"

#include <gtest/gtest.h>

#include <random>

namespace millrace::base {
namespace {

constexpr std::string_view max_text = "340282366920938463463374607431768211455";

TEST(U128, HalvesComeBack) {
  const u128 value = make_u128(0x0123456789abcdefULL, 0xfedcba9876543210ULL);
  EXPECT_EQ(high_of(value), 0x0123456789abcdefULL);
  EXPECT_EQ(low_of(value), 0xfedcba9876543210ULL);
}

TEST(U128, KnownDecimals) {
  EXPECT_EQ(to_decimal(0), "0");
  EXPECT_EQ(to_decimal(make_u128(1, 0)), "18446744073709551616");
  EXPECT_EQ(to_decimal(make_u128(1ULL << 63, 0)), "170141183460469231731687303715884105728");
  EXPECT_EQ(to_decimal(u128_max), max_text);
}

TEST(U128, ParsesUpToTheLargestAndNoFurther) {
  EXPECT_EQ(parse_u128("0"), u128{0});
  EXPECT_EQ(parse_u128(max_text), u128_max);
  EXPECT_FALSE(parse_u128("340282366920938463463374607431768211456"));
  EXPECT_FALSE(parse_u128("340282366920938463463374607431768211460"));
  EXPECT_FALSE(parse_u128("999999999999999999999999999999999999999"));
  EXPECT_FALSE(parse_u128("1000000000000000000000000000000000000000"));
}

TEST(U128, RefusesWhatIsNotPlainDecimal) {
  for (const std::string_view text : {"", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "0x1", "1e3", "12a"}) {
    EXPECT_FALSE(parse_u128(text)) << text;
  }
}

TEST(U128, RandomValuesComeBack) {
  std::mt19937_64 random(20261124);
  for (int i = 0; i < 10'000; ++i) {
    const u128 value = make_u128(random(), random()) >> (random() % 128);
    EXPECT_EQ(parse_u128(to_decimal(value)), value);
  }
}

}  // namespace
}  // namespace millrace::base
