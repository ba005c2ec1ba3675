#include "io/clock.h"

#include <gtest/gtest.h>

namespace millrace::io {
namespace {

TEST(SystemWallClock, TellsMillisecondsSince1970) {
  const SystemWallClock clock;
  constexpr std::int64_t start_of_2024 = 1'704'067'200'000;
  constexpr std::int64_t start_of_2100 = 4'102'444'800'000;
  EXPECT_GT(clock.now_ms(), start_of_2024);
  EXPECT_LT(clock.now_ms(), start_of_2100);
}

TEST(SystemWallClock, StandsStillWhileFrozenAndRunsAgainAfterwards) {
  SystemWallClock clock;
  clock.freeze_at(1'768'469'400'123);
  EXPECT_EQ(clock.now_ms(), 1'768'469'400'123);
  EXPECT_EQ(clock.now_ms(), 1'768'469'400'123);
  clock.freeze_at(5);
  EXPECT_EQ(clock.now_ms(), 5);
  clock.thaw();
  EXPECT_NE(clock.now_ms(), 5);
}

TEST(SystemSteadyClock, NeverGoesBackAndMovesOn) {
  const SystemSteadyClock clock;
  const auto first = clock.now();
  auto last = first;
  for (int i = 0; i < 1'000'000 && last == first; ++i) {
    const auto now = clock.now();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_GT(last, first);
}

}  // namespace
}  // namespace millrace::io
