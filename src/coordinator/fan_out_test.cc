#include "coordinator/fan_out.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace millrace::coordinator {
namespace {

using base::Errc;

struct Told {
  std::atomic<int> times{0};
  std::optional<base::Result<void>> outcome;
  base::Done<void> done() {
    return [this](base::Result<void> result) {
      outcome = std::move(result);
      ++times;
    };
  }
};

TEST(FanOutTest, NothingToDoIsDone) {
  Told told;
  fan_out(0, OnError::stop, [](std::size_t, base::Done<void>) { FAIL(); }, told.done());
  EXPECT_EQ(told.times, 1);
  EXPECT_TRUE(*told.outcome);
}

TEST(FanOutTest, ManyCallsThatEndAtOnceDoNotNest) {
  Told told;
  std::vector<std::size_t> called;
  fan_out(
      500'000, OnError::stop,
      [&](std::size_t i, base::Done<void> done) {
        called.push_back(i);
        done({});
      },
      told.done());
  EXPECT_EQ(told.times, 1);
  EXPECT_EQ(called.size(), 500'000U);
  EXPECT_EQ(called.back(), 499'999U);
}

TEST(FanOutTest, AtMostTheMaximumIsUnderWay) {
  Told told;
  std::vector<base::Done<void>> waiting;
  fan_out(
      parallel_calls_max + 10, OnError::stop,
      [&](std::size_t, base::Done<void> done) { waiting.push_back(std::move(done)); }, told.done());
  EXPECT_EQ(waiting.size(), parallel_calls_max);
  std::exchange(waiting[3], {})({});
  std::exchange(waiting[7], {})({});
  EXPECT_EQ(waiting.size(), parallel_calls_max + 2);
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    EXPECT_EQ(told.times, 0);
    if (waiting[i]) std::exchange(waiting[i], {})({});
  }
  EXPECT_EQ(waiting.size(), parallel_calls_max + 10);
  EXPECT_EQ(told.times, 1);
  EXPECT_TRUE(*told.outcome);
}

TEST(FanOutTest, StopsAtTheFirstErrorOnceWhatWasBegunHasEnded) {
  Told told;
  std::vector<base::Done<void>> waiting;
  fan_out(
      1'000, OnError::stop, [&](std::size_t, base::Done<void> done) { waiting.push_back(std::move(done)); },
      told.done());
  waiting[0](base::fail(Errc::io, "first"));
  waiting[1](base::fail(Errc::io, "second"));
  EXPECT_EQ(waiting.size(), parallel_calls_max) << "no more are begun";
  for (std::size_t i = 2; i < waiting.size(); ++i) {
    EXPECT_EQ(told.times, 0);
    waiting[i]({});
  }
  ASSERT_EQ(told.times, 1);
  EXPECT_EQ(told.outcome->error(), base::Error(Errc::io, "first"));
}

TEST(FanOutTest, GoesOnAfterAnErrorWhereItIsTold) {
  Told told;
  std::size_t calls = 0;
  fan_out(
      1'000, OnError::go_on,
      [&](std::size_t i, base::Done<void> done) {
        ++calls;
        if (i == 5) return done(base::fail(Errc::io, "fifth"));
        done({});
      },
      told.done());
  EXPECT_EQ(calls, 1'000U);
  ASSERT_EQ(told.times, 1);
  EXPECT_EQ(told.outcome->error(), base::Error(Errc::io, "fifth"));
}

TEST(FanOutTest, CallsMayEndOnOtherThreads) {
  for (int round = 0; round < 20; ++round) {
    Told told;
    std::atomic<std::size_t> calls{0};
    std::vector<std::thread> threads;
    fan_out(
        200, OnError::stop,
        [&](std::size_t i, base::Done<void> done) {
          ++calls;
          if (i % 3 != 0) return done({});
          threads.emplace_back([done = std::move(done)]() mutable { done({}); });
        },
        told.done());
    // The calls are made by one thread at a time, and no more begin once the last has ended.
    while (told.times == 0)
      std::this_thread::yield();
    for (std::thread& thread : threads)
      thread.join();
    EXPECT_EQ(calls, 200U);
    EXPECT_EQ(told.times, 1);
  }
}

}  // namespace
}  // namespace millrace::coordinator
