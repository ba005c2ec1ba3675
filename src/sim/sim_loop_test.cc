#include "sim/sim_loop.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace millrace::sim {
namespace {

using namespace std::chrono_literals;

TEST(SimLoop, RunsTasksInOrderAndOnlyWhenAsked) {
  SimClock clock;
  SimScheduler scheduler(clock);
  SimLoop& loop = scheduler.make_loop();
  std::string ran;
  loop.post([&] {
    ran += 'a';
    EXPECT_TRUE(loop.is_current());
    loop.post([&] { ran += 'c'; });
  });
  loop.post([&] { ran += 'b'; });
  EXPECT_EQ(ran, "");
  EXPECT_FALSE(loop.is_current());
  EXPECT_TRUE(scheduler.run_until_idle());
  EXPECT_EQ(ran, "abc");
}

TEST(SimLoop, TimersSeeTheTimeTheyAskedFor) {
  SimClock clock;
  SimScheduler scheduler(clock);
  SimLoop& loop = scheduler.make_loop();
  const auto start = clock.steady().now();
  std::vector<std::chrono::nanoseconds> fired;
  loop.timers().after(30ms, [&] { fired.push_back(clock.steady().now() - start); });
  loop.timers().after(10ms, [&] {
    fired.push_back(clock.steady().now() - start);
    loop.timers().after(5ms, [&] { fired.push_back(clock.steady().now() - start); });
  });
  const auto cancelled = std::make_shared<int>(0);
  const io::TimerId id = loop.timers().after(20ms, [cancelled] { ++*cancelled; });
  loop.timers().cancel(id);
  EXPECT_EQ(cancelled.use_count(), 1);
  scheduler.advance(29ms);
  EXPECT_EQ(fired, (std::vector<std::chrono::nanoseconds>{10ms, 15ms}));
  scheduler.advance(1ms);
  EXPECT_EQ(fired, (std::vector<std::chrono::nanoseconds>{10ms, 15ms, 30ms}));
  EXPECT_EQ(clock.steady().now() - start, 30ms);
  EXPECT_EQ(loop.timers_set(), 0U);
}

TEST(SimLoop, OneTimerMayCancelAnotherDueAtTheSameTime) {
  SimClock clock;
  SimScheduler scheduler(clock);
  SimLoop& loop = scheduler.make_loop();
  bool ran = false;
  io::TimerId second = 0;
  loop.timers().after(5ms, [&] { loop.timers().cancel(second); });
  second = loop.timers().after(5ms, [&] { ran = true; });
  scheduler.advance(5ms);
  EXPECT_FALSE(ran);
}

TEST(SimScheduler, TheSeedDecidesTheOrderBetweenLoops) {
  const auto order = [](std::uint64_t seed) {
    SimClock clock;
    SimScheduler scheduler(clock, seed);
    SimLoop& a = scheduler.make_loop();
    SimLoop& b = scheduler.make_loop();
    std::string ran;
    for (int i = 0; i < 20; ++i) {
      a.post([&] { ran += 'a'; });
      b.post([&] { ran += 'b'; });
    }
    scheduler.run_until_idle();
    return ran;
  };
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
  EXPECT_EQ(order(3).size(), 40U);
}

TEST(SimScheduler, SaysWhenSomethingRunsForEver) {
  SimClock clock;
  SimScheduler scheduler(clock);
  SimLoop& loop = scheduler.make_loop();
  struct Again {
    SimLoop* loop;
    void operator()() const { loop->post(*this); }
  };
  loop.post(Again{&loop});
  EXPECT_FALSE(scheduler.run_until_idle(1'000));
}

}  // namespace
}  // namespace millrace::sim
