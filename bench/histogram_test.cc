#include "bench/histogram.h"

#include <gtest/gtest.h>

namespace millrace::bench {
namespace {

TEST(Histogram, AnswersZeroWhenEmpty) {
  const Histogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), 0U);
  EXPECT_EQ(histogram.max(), 0U);
}

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 100; ++value)
    histogram.add(value);
  EXPECT_EQ(histogram.quantile(0.5), 50U);
  EXPECT_EQ(histogram.quantile(0.99), 99U);
  EXPECT_EQ(histogram.quantile(1), 100U);
}

TEST(Histogram, StaysWithinOneHundredTwentyEighthAbove) {
  for (std::uint64_t value = 1; value < std::uint64_t{1} << 39; value = value * 3 + 1) {
    Histogram histogram;
    histogram.add(value);
    histogram.add(std::uint64_t{1} << 39);
    const std::uint64_t found = histogram.quantile(0.5);
    EXPECT_GE(found, value);
    EXPECT_LE(found, value + value / 128) << value;
  }
}

TEST(Histogram, KeepsTheMaximumOfWhatIsBeyondItsBuckets) {
  Histogram histogram;
  histogram.add(std::uint64_t{1} << 50);
  EXPECT_EQ(histogram.max(), std::uint64_t{1} << 50);
  EXPECT_EQ(histogram.count(), 1U);
}

TEST(Histogram, MergesCounts) {
  Histogram low;
  Histogram high;
  low.add(10);
  high.add(20);
  high.add(30);
  low.merge(high);
  EXPECT_EQ(low.count(), 3U);
  EXPECT_EQ(low.quantile(0.5), 20U);
  EXPECT_EQ(low.max(), 30U);
}

}  // namespace
}  // namespace millrace::bench
