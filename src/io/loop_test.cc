#include "io/loop.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "io/system.h"

namespace millrace::io {
namespace {

using namespace std::chrono_literals;

constexpr auto wait_max = 20s;

TEST(ThreadLoop, RunsTasksOfEachThreadInTheirOrderAndNoneTwice) {
  const auto loop = start_thread_loop("test");
  constexpr int threads = 4;
  constexpr int tasks = 20'000;
  std::vector<std::vector<int>> ran(threads);
  std::promise<void> all;
  int left = threads * tasks;
  std::vector<std::thread> posters;
  for (int t = 0; t < threads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < tasks; ++i) {
        loop->post([&, t, i] {
          ran[static_cast<std::size_t>(t)].push_back(i);
          if (--left == 0) all.set_value();
        });
      }
    });
  }
  for (auto& poster : posters)
    poster.join();
  ASSERT_EQ(all.get_future().wait_for(wait_max), std::future_status::ready);
  loop->stop();
  for (const auto& of_thread : ran) {
    ASSERT_EQ(of_thread.size(), static_cast<std::size_t>(tasks));
    for (int i = 0; i < tasks; ++i)
      ASSERT_EQ(of_thread[static_cast<std::size_t>(i)], i);
  }
}

TEST(ThreadLoop, IsTheExecutorOfItsThread) {
  const auto loop = start_thread_loop("test");
  std::promise<base::Executor*> current;
  loop->post([&] { current.set_value(base::current_executor()); });
  EXPECT_EQ(current.get_future().get(), static_cast<base::Executor*>(loop.get()));
  EXPECT_EQ(base::current_executor(), nullptr);
}

TEST(ThreadLoop, PostOnItsOwnThreadRunsLaterAndDispatchAtOnce) {
  const auto loop = start_thread_loop("test");
  EXPECT_FALSE(loop->is_current());
  std::promise<std::vector<int>> order;
  loop->post([&] {
    auto ran = std::make_shared<std::vector<int>>();
    loop->post([&order, ran] {
      ran->push_back(3);
      order.set_value(*ran);
    });
    loop->dispatch([ran] { ran->push_back(1); });
    ran->push_back(loop->is_current() ? 2 : -2);
  });
  auto future = order.get_future();
  ASSERT_EQ(future.wait_for(wait_max), std::future_status::ready);
  EXPECT_EQ(future.get(), (std::vector{1, 2, 3}));
}

TEST(ThreadLoop, ATaskThatPostsItselfForeverLetsTimersAndOthersRun) {
  const auto loop = start_thread_loop("test");
  std::atomic<bool> enough = false;
  struct Again {
    Loop* loop;
    std::atomic<bool>* enough;
    void operator()() const {
      if (!enough->load()) loop->post(*this);
    }
  };
  loop->post(Again{loop.get(), &enough});
  std::promise<void> fired;
  loop->post([&] { loop->timers().after(1ms, [&] { fired.set_value(); }); });
  EXPECT_EQ(fired.get_future().wait_for(wait_max), std::future_status::ready);
  enough = true;
  loop->stop();
}

TEST(ThreadLoop, DestroysTasksThatComeAfterStop) {
  const auto loop = start_thread_loop("test");
  loop->stop();
  const auto held = std::make_shared<int>(0);
  loop->post([held] { ++*held; });
  EXPECT_EQ(*held, 0);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(ThreadLoop, StopDestroysTimersThatAreSet) {
  const auto loop = start_thread_loop("test");
  const auto held = std::make_shared<int>(0);
  std::promise<void> set;
  loop->post([&] {
    loop->timers().after(1h, [held] { ++*held; });
    set.set_value();
  });
  ASSERT_EQ(set.get_future().wait_for(wait_max), std::future_status::ready);
  loop->stop();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 0);
}

TEST(ThreadLoop, TimersAreNeverEarlyAndKeepTheirOrder) {
  const auto loop = start_thread_loop("test");
  struct Fired {
    std::chrono::nanoseconds due;
    std::chrono::nanoseconds at;
  };
  std::vector<Fired> fired;
  std::promise<void> all;
  loop->post([&] {
    for (const int ms : {150, 10, 60, 100, 0, 30}) {
      const auto due = loop->steady_clock().now() + std::chrono::milliseconds(ms);
      loop->timers().after(std::chrono::milliseconds(ms), [&, due] {
        fired.push_back({due, loop->steady_clock().now()});
        if (fired.size() == 6) all.set_value();
      });
    }
  });
  ASSERT_EQ(all.get_future().wait_for(wait_max), std::future_status::ready);
  loop->stop();
  std::chrono::nanoseconds last{0};
  for (const Fired& one : fired) {
    EXPECT_GE(one.at, one.due);
    // Within one tick they run in the order they were set.
    EXPECT_GT(one.due, last - timer_tick);
    last = one.due;
  }
}

TEST(ThreadLoop, ACancelledTimerDoesNotFireAndItsTaskGoes) {
  const auto loop = start_thread_loop("test");
  const auto held = std::make_shared<int>(0);
  std::promise<long> uses;
  std::promise<void> later;
  loop->post([&] {
    const TimerId id = loop->timers().after(20ms, [held] { ++*held; });
    loop->timers().cancel(id);
    uses.set_value(held.use_count());
    loop->timers().after(100ms, [&] { later.set_value(); });
  });
  auto counted = uses.get_future();
  ASSERT_EQ(counted.wait_for(wait_max), std::future_status::ready);
  EXPECT_EQ(counted.get(), 1);
  ASSERT_EQ(later.get_future().wait_for(wait_max), std::future_status::ready);
  EXPECT_EQ(*held, 0);
}

// A far timer must not make the loop look at its watch: while 400 ms pass, its thread may go to sleep only a few times.
TEST(ThreadLoop, SleepsUntilTheNextTimer) {
  const auto loop = start_thread_loop("test");
  std::promise<long> switches;
  loop->post([&] {
    loop->timers().after(75s, [] {});
    const auto slept = [] {
      rusage usage{};
      getrusage(RUSAGE_THREAD, &usage);
      return usage.ru_nvcsw;
    };
    loop->timers().after(400ms, [&switches, slept, before = slept()] { switches.set_value(slept() - before); });
  });
  auto counted = switches.get_future();
  ASSERT_EQ(counted.wait_for(wait_max), std::future_status::ready);
  EXPECT_LE(counted.get(), 3);
}

}  // namespace
}  // namespace millrace::io
