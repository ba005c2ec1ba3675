#include "sim/sim_clock.h"

#include <gtest/gtest.h>

namespace millrace::sim {
namespace {

using namespace std::chrono_literals;

TEST(SimClock, MovesOnlyByHand) {
  SimClock clock;
  const auto steady = clock.steady().now();
  EXPECT_EQ(clock.wall().now_ms(), SimClock::start_ms);
  EXPECT_EQ(clock.steady().now(), steady);
  clock.advance(24h);
  EXPECT_EQ(clock.wall().now_ms(), SimClock::start_ms + 86'400'000);
  EXPECT_EQ(clock.steady().now(), steady + 24h);
}

TEST(SimClock, TheTimeOfDayMayGoBackTheSteadyOneNeverMoves) {
  SimClock clock;
  const auto steady = clock.steady().now();
  clock.set_wall_ms(17);
  EXPECT_EQ(clock.wall().now_ms(), 17);
  EXPECT_EQ(clock.steady().now(), steady);
}

}  // namespace
}  // namespace millrace::sim
