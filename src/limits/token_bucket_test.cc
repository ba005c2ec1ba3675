#include "limits/token_bucket.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "io/system.h"
#include "sim/sim_clock.h"
#include "sim/sim_random.h"

namespace millrace::limits {
namespace {

constexpr std::int64_t start_ms = sim::SimClock::start_ms;

std::uint64_t seed_of_run() {
  const char* given = std::getenv("MILLRACE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

TEST(TokenBucket, BeginsFullAndFillsWithTime) {
  constexpr Rate rate{.tokens_per_second = 5, .burst = 5};
  TokenBucket bucket;
  EXPECT_TRUE(bucket.is_full(rate, start_ms));
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(bucket.take(rate, 1, start_ms)) << i;
  EXPECT_FALSE(bucket.take(rate, 1, start_ms));
  EXPECT_FALSE(bucket.has_any(rate, start_ms));
  EXPECT_FALSE(bucket.take(rate, 1, start_ms + 199));
  EXPECT_TRUE(bucket.take(rate, 1, start_ms + 200));
  EXPECT_FALSE(bucket.take(rate, 1, start_ms + 200));
  EXPECT_FALSE(bucket.is_full(rate, start_ms + 1'199));
  EXPECT_TRUE(bucket.is_full(rate, start_ms + 1'200));
}

TEST(TokenBucket, TakesAllOrNothing) {
  constexpr Rate rate{.tokens_per_second = 1'000, .burst = 10};
  TokenBucket bucket;
  EXPECT_FALSE(bucket.take(rate, 11, start_ms));
  EXPECT_TRUE(bucket.take(rate, 7, start_ms));
  EXPECT_FALSE(bucket.take(rate, 4, start_ms));
  EXPECT_TRUE(bucket.take(rate, 3, start_ms));
}

TEST(TokenBucket, HoldsNoMoreThanItsBurstHoweverLongItWaits) {
  constexpr Rate rate{.tokens_per_second = 1, .burst = 3};
  TokenBucket bucket;
  EXPECT_TRUE(bucket.take(rate, 3, start_ms));
  EXPECT_FALSE(bucket.take(rate, 4, start_ms + 1'000'000));
  EXPECT_TRUE(bucket.take(rate, 3, start_ms + 1'000'000));
}

TEST(TokenBucket, WhatIsGivenBackCanBeTakenAgain) {
  constexpr Rate rate{.tokens_per_second = 1, .burst = 3};
  TokenBucket bucket;
  EXPECT_TRUE(bucket.take(rate, 3, start_ms));
  bucket.give_back(2);
  EXPECT_FALSE(bucket.take(rate, 3, start_ms));
  EXPECT_TRUE(bucket.take(rate, 2, start_ms));
}

TEST(TokenBucket, AChargeIsMadeUpForFirst) {
  constexpr Rate rate{.tokens_per_second = 10, .burst = 10, .debt_max = 20};
  TokenBucket bucket;
  bucket.charge(rate, 25, start_ms);
  EXPECT_FALSE(bucket.has_any(rate, start_ms + 1'500));
  EXPECT_TRUE(bucket.has_any(rate, start_ms + 1'501));
  bucket.charge(rate, 1'000, start_ms + 1'501);
  EXPECT_FALSE(bucket.has_any(rate, start_ms + 3'501));
  EXPECT_TRUE(bucket.has_any(rate, start_ms + 3'502));
}

TEST(TokenBucket, AClockSetBackEmptiesItAtMost) {
  constexpr Rate rate{.tokens_per_second = 1, .burst = 2};
  TokenBucket bucket;
  EXPECT_TRUE(bucket.take(rate, 1, start_ms));
  EXPECT_FALSE(bucket.take(rate, 1, start_ms - 3'600'000));
  EXPECT_TRUE(bucket.take(rate, 1, start_ms - 3'600'000 + 1'000));
  // And forward again.
  EXPECT_TRUE(bucket.take(rate, 2, start_ms));
}

// What the bucket is for: in any stretch of time, however it is asked, no more than the time fills and it can hold.
TEST(TokenBucket, NeverGivesMoreThanRateTimesTimeAndBurst) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE("MILLRACE_SEED=" + std::to_string(seed));
  std::printf("MILLRACE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  sim::SimRandom random(seed);
  for (int round = 0; round < 200; ++round) {
    const Rate rate{.tokens_per_second = 1 + static_cast<std::int64_t>(random.below(round % 2 == 0 ? 20 : 3'000)),
                    .burst = 1 + static_cast<std::int64_t>(random.below(12'000))};
    TokenBucket bucket;
    std::vector<std::pair<std::int64_t, std::int64_t>> taken;  // when, how many
    std::int64_t now_ms = start_ms;
    std::int64_t unused = 0;
    for (int i = 0; i < 300; ++i) {
      now_ms += static_cast<std::int64_t>(random.below(random.below(10) == 0 ? 5'000 : 20));
      const auto tokens = 1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(rate.burst)));
      if (!bucket.take(rate, tokens, now_ms)) continue;
      if (random.below(8) == 0) {
        bucket.give_back(tokens);
        ++unused;
        continue;
      }
      taken.emplace_back(now_ms, tokens);
    }
    ASSERT_FALSE(taken.empty() && unused == 0);
    for (std::size_t first = 0; first < taken.size(); ++first) {
      std::int64_t sum = 0;
      for (std::size_t last = first; last < taken.size(); ++last) {
        sum += taken[last].second;
        const std::int64_t ms = taken[last].first - taken[first].first;
        ASSERT_LE(sum * 1'000, rate.tokens_per_second * ms + rate.burst * 1'000)
            << "rate " << rate.tokens_per_second << " burst " << rate.burst << " over " << ms << " ms";
      }
    }
    // And no less: after as long as it takes, the whole burst is there.
    const std::int64_t full_ms = now_ms + (rate.burst * 1'000 + rate.tokens_per_second - 1) / rate.tokens_per_second;
    EXPECT_TRUE(bucket.take(rate, rate.burst, full_ms));
  }
}

TEST(TokenBucket, ThreadsShareWhatIsThere) {
  static constexpr Rate rate{.tokens_per_second = 1, .burst = 10'000};
  TokenBucket bucket;
  std::vector<std::unique_ptr<io::ThreadLoop>> loops;
  std::vector<std::promise<std::int64_t>> counts(4);
  for (auto& count : counts) {
    loops.push_back(io::start_thread_loop("taker"));
    loops.back()->post([&bucket, &count] {
      std::int64_t given = 0;
      for (int i = 0; i < 5'000; ++i)
        given += bucket.take(rate, 1, start_ms) ? 1 : 0;
      count.set_value(given);
    });
  }
  std::int64_t sum = 0;
  for (auto& count : counts)
    sum += count.get_future().get();
  EXPECT_EQ(sum, rate.burst);
}

}  // namespace
}  // namespace millrace::limits
