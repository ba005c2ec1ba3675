#include "limits/recent_calls.h"

#include <gtest/gtest.h>

#include "sim/sim_clock.h"

namespace millrace::limits {
namespace {

constexpr std::int64_t now_ms = sim::SimClock::start_ms;
constexpr Rate rate{.tokens_per_second = 1, .burst = 1};

TEST(RecentCalls, EachNameHasABucket) {
  RecentCalls recent;
  EXPECT_TRUE(recent.take(rate, "a", now_ms));
  EXPECT_TRUE(recent.take(rate, "b", now_ms));
  EXPECT_FALSE(recent.take(rate, "a", now_ms + 999));
  EXPECT_TRUE(recent.take(rate, "a", now_ms + 1'000));
  EXPECT_TRUE(recent.take(rate, "b", now_ms + 1'000));
}

TEST(RecentCalls, RemembersNoMoreNamesThanItMay) {
  RecentCalls recent;
  for (std::size_t i = 0; i < RecentCalls::names_max; ++i)
    EXPECT_TRUE(recent.take(rate, std::to_string(i), now_ms)) << i;
  EXPECT_FALSE(recent.take(rate, "one more", now_ms + 999));
  // Those whose buckets are full again make room.
  EXPECT_TRUE(recent.take(rate, "one more", now_ms + 1'000));
  EXPECT_FALSE(recent.take(rate, "one more", now_ms + 1'000));
}

}  // namespace
}  // namespace millrace::limits
