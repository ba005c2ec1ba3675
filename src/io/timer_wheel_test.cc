#include "io/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "io/random.h"

namespace millrace::io {
namespace {

TEST(TimerWheel, RunsNothingEarlyAndEverythingOnce) {
  TimerWheel wheel;
  wheel.advance(1'000);
  std::vector<int> ran;
  wheel.add(1'005, [&] { ran.push_back(5); });
  wheel.add(1'003, [&] { ran.push_back(3); });
  wheel.add(1'003, [&] { ran.push_back(33); });
  EXPECT_EQ(wheel.next_due(), 1'003U);
  wheel.advance(1'002);
  EXPECT_TRUE(ran.empty());
  wheel.advance(1'003);
  EXPECT_EQ(ran, (std::vector{3, 33}));
  wheel.advance(2'000);
  EXPECT_EQ(ran, (std::vector{3, 33, 5}));
  EXPECT_EQ(wheel.size(), 0U);
  EXPECT_FALSE(wheel.next_due().has_value());
}

TEST(TimerWheel, KeepsTimersOfLaterRevolutions) {
  TimerWheel wheel;
  int far = 0;
  int near = 0;
  wheel.add(3 * 4096 + 7, [&] { ++far; });
  wheel.add(7, [&] { ++near; });
  EXPECT_EQ(wheel.next_due(), 7U);
  wheel.advance(4096 + 7);
  EXPECT_EQ(near, 1);
  EXPECT_EQ(far, 0);
  EXPECT_EQ(wheel.next_due(), 3 * 4096U + 7);
  wheel.advance(3 * 4096 + 6);
  EXPECT_EQ(far, 0);
  wheel.advance(3 * 4096 + 7);
  EXPECT_EQ(far, 1);
}

TEST(TimerWheel, CancelDestroysTheTaskAndForgetsOldIds) {
  TimerWheel wheel;
  const auto held = std::make_shared<int>(0);
  const TimerId id = wheel.add(10, [held] { ++*held; });
  EXPECT_EQ(held.use_count(), 2);
  wheel.cancel(id);
  EXPECT_EQ(held.use_count(), 1);
  // The node is reused; the old id must not reach the new timer.
  const TimerId second = wheel.add(10, [held] { ++*held; });
  EXPECT_NE(id, second);
  wheel.cancel(id);
  wheel.cancel(0);
  wheel.advance(10);
  EXPECT_EQ(*held, 1);
  wheel.cancel(second);
  EXPECT_EQ(wheel.size(), 0U);
}

TEST(TimerWheel, TasksMaySetAndCancelTimers) {
  TimerWheel wheel;
  std::vector<int> ran;
  TimerId victim = 0;
  wheel.add(5, [&] {
    ran.push_back(1);
    wheel.cancel(victim);
    wheel.add(5, [&] { ran.push_back(3); });
  });
  victim = wheel.add(5, [&] { ran.push_back(2); });
  wheel.advance(5);
  EXPECT_EQ(ran, std::vector{1});
  wheel.advance(6);
  EXPECT_EQ(ran, (std::vector{1, 3}));
}

// Random setting, cancelling and advancing, compared with a plain ordered map.
TEST(TimerWheel, AgreesWithAModel) {
  const auto seed = SystemRandom().next_u64();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  TimerWheel wheel;
  std::multimap<std::uint64_t, int> model;
  std::map<int, TimerId> ids;
  std::vector<int> ran;
  std::uint64_t now = 0;
  int next = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto action = random() % 10;
    if (action < 6) {
      const std::uint64_t due = now + 1 + random() % 10'000;
      const int name = next++;
      ids[name] = wheel.add(due, [&ran, name] { ran.push_back(name); });
      model.emplace(due, name);
    } else if (action < 8 && !model.empty()) {
      auto it = model.begin();
      std::advance(it, static_cast<std::ptrdiff_t>(random() % std::min<std::size_t>(model.size(), 50)));
      wheel.cancel(ids[it->second]);
      model.erase(it);
    } else {
      now += random() % 700;
      wheel.advance(now);
      std::vector<int> expected;
      while (!model.empty() && model.begin()->first <= now) {
        expected.push_back(model.begin()->second);
        model.erase(model.begin());
      }
      ASSERT_EQ(ran, expected);
      ran.clear();
    }
    ASSERT_EQ(wheel.size(), model.size());
    if (!model.empty()) {
      ASSERT_LE(wheel.next_due().value(), model.begin()->first);
      ASSERT_GT(wheel.next_due().value(), now);
    }
  }
}

}  // namespace
}  // namespace millrace::io
