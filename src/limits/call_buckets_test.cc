#include "limits/call_buckets.h"

#include <gtest/gtest.h>

#include "sim/sim_clock.h"

namespace millrace::limits {
namespace {

constexpr std::int64_t now_ms = sim::SimClock::start_ms;

TEST(CallBuckets, EachCallIsCountedByItself) {
  AccountCalls calls_of_account;
  StreamCalls calls_of_stream;
  for (std::size_t i = 0; i < calls; ++i) {
    const Row& row = table()[i];
    for (std::int64_t n = 0; n < row.rate.burst; ++n) {
      EXPECT_TRUE(calls_of_account.take(row.limit, now_ms)) << row.operation << " " << n;
      if (row.scope == Scope::stream) EXPECT_TRUE(calls_of_stream.take(row.limit, now_ms)) << row.operation << " " << n;
    }
    EXPECT_FALSE(calls_of_account.take(row.limit, now_ms)) << row.operation;
    EXPECT_TRUE(calls_of_account.take(row.limit, now_ms + 1'000)) << row.operation;
    if (row.scope == Scope::stream) EXPECT_FALSE(calls_of_stream.take(row.limit, now_ms)) << row.operation;
  }
}

TEST(CallBuckets, OneDryRunASecond) {
  StreamCalls calls_of_stream;
  EXPECT_TRUE(calls_of_stream.take_dry_run(now_ms));
  EXPECT_FALSE(calls_of_stream.take_dry_run(now_ms + 999));
  EXPECT_TRUE(calls_of_stream.take_dry_run(now_ms + 1'000));
}

}  // namespace
}  // namespace millrace::limits
