#include "sim/sim_random.h"

#include <gtest/gtest.h>

#include <vector>

namespace millrace::sim {
namespace {

TEST(SimRandom, TheSeedDecides) {
  SimRandom one(7);
  SimRandom same(7);
  SimRandom other(8);
  std::vector<std::byte> a(33);
  std::vector<std::byte> b(33);
  std::vector<std::byte> c(33);
  one.fill(a);
  same.fill(b);
  other.fill(c);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  EXPECT_EQ(one.next_u64(), same.next_u64());
  for (int i = 0; i < 1000; ++i)
    ASSERT_LT(one.below(3), 3U);
}

}  // namespace
}  // namespace millrace::sim
