#include "shard/inbox.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "log/testing/await.h"

namespace millrace::shard {
namespace {

using log::testing::Condition;

// An actor whose messages are numbers; `on_message` is what it does with one.
struct Actor : std::enable_shared_from_this<Actor> {
  struct Handler {
    Actor* actor;
    std::shared_ptr<Actor> keep_alive() const { return actor->shared_from_this(); }
    void handle(int& message) const {
      actor->batch.push_back(message);
      if (actor->on_message) actor->on_message(message);
    }
    void batch_handled() const { actor->batches.push_back(std::move(actor->batch)); }
  };

  std::vector<int> all() const {
    std::vector<int> messages;
    for (const auto& one : batches)
      messages.insert(messages.end(), one.begin(), one.end());
    return messages;
  }

  std::function<void(int)> on_message;
  std::vector<int> batch;
  std::vector<std::vector<int>> batches;
  Inbox<int, Handler> inbox{Handler{this}};
};

// Keeps what is posted until it is told to run it.
struct ManualExecutor final : base::Executor {
  void post(base::Task task) override { tasks.push_back(std::move(task)); }
  void run_next() {
    base::Task task = std::move(tasks.front());
    tasks.erase(tasks.begin());
    task();
  }
  std::vector<base::Task> tasks;
};

// Makes this thread that of the executor, for a scope.
struct OnThreadOf {
  explicit OnThreadOf(base::Executor& executor) { base::set_current_executor(&executor); }
  ~OnThreadOf() { base::set_current_executor(nullptr); }
};

TEST(InboxTest, AnIdleActorRunsOnTheSpot) {
  const auto actor = std::make_shared<Actor>();
  std::thread::id ran_on;
  actor->on_message = [&](int) { ran_on = std::this_thread::get_id(); };
  actor->inbox.post(1);
  EXPECT_EQ(ran_on, std::this_thread::get_id());
  actor->inbox.post(2);
  EXPECT_EQ(actor->batches, (std::vector<std::vector<int>>{{1}, {2}}));
}

TEST(InboxTest, WhatIsPostedMeanwhileMakesTheNextBatch) {
  const auto actor = std::make_shared<Actor>();
  bool inside = false;
  actor->on_message = [&](int message) {
    EXPECT_FALSE(inside) << "a message is handled inside another";
    inside = true;
    if (message == 1) {
      for (const int next : {2, 3, 4})
        actor->inbox.post(next);
    }
    if (message == 3) actor->inbox.post(5);
    inside = false;
  };
  actor->inbox.post(1);
  EXPECT_EQ(actor->batches, (std::vector<std::vector<int>>{{1}, {2, 3, 4}, {5}}));
}

TEST(InboxTest, WhoFindsItBusyLeavesTheMessage) {
  const auto actor = std::make_shared<Actor>();
  Condition condition;
  bool running = false;
  bool go_on = false;
  actor->on_message = [&](int message) {
    if (message != 1) return;
    condition.update([&] { running = true; });
    EXPECT_TRUE(condition.wait([&] { return go_on; }));
  };
  std::thread runner([&] { actor->inbox.post(1); });
  ASSERT_TRUE(condition.wait([&] { return running; }));
  actor->inbox.post(2);  // would not come back if it ran anything
  actor->inbox.post(3);
  condition.update([&] { go_on = true; });
  runner.join();
  EXPECT_EQ(actor->batches, (std::vector<std::vector<int>>{{1}, {2, 3}}));
}

TEST(InboxTest, ManyThreadsLoseNothingAndKeepEachThreadsOrder) {
  constexpr int threads = 8;
  constexpr int each = 20'000;
  const auto actor = std::make_shared<Actor>();
  std::vector<std::thread> posters;
  for (int t = 0; t < threads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < each; ++i)
        actor->inbox.post(t * each + i);
    });
  }
  for (std::thread& poster : posters)
    poster.join();
  std::vector<int> next(threads, 0);
  const std::vector<int> all = actor->all();
  ASSERT_EQ(all.size(), static_cast<std::size_t>(threads * each));
  for (const int message : all) {
    ASSERT_EQ(message % each, next[static_cast<std::size_t>(message / each)]++);
  }
}

TEST(InboxTest, AThreadHandsABusyActorOnAfterSoManyBatches) {
  const auto actor = std::make_shared<Actor>();
  constexpr int messages = 3 * static_cast<int>(decltype(actor->inbox)::batches_in_a_row_max) + 1;
  // Each message leaves the next, so every batch is of one.
  actor->on_message = [&](int message) {
    if (message < messages) actor->inbox.post(message + 1);
  };
  ManualExecutor loop;
  {
    const OnThreadOf here(loop);
    actor->inbox.post(1);
    EXPECT_EQ(actor->batches.size(), decltype(actor->inbox)::batches_in_a_row_max);
    ASSERT_EQ(loop.tasks.size(), 1U);
    // Handed on, it is busy: a message is left, and nothing runs.
    actor->inbox.post(1'000);
    EXPECT_EQ(actor->batches.size(), decltype(actor->inbox)::batches_in_a_row_max);
    for (int turns = 1; turns <= 3; ++turns) {
      ASSERT_EQ(loop.tasks.size(), 1U) << turns;
      loop.run_next();
    }
    EXPECT_TRUE(loop.tasks.empty());
  }
  const std::vector<int> all = actor->all();
  EXPECT_EQ(all.size(), static_cast<std::size_t>(messages + 1));
  // Idle again: the next one runs on the spot.
  actor->on_message = nullptr;
  actor->inbox.post(2'000);
  EXPECT_EQ(actor->all().back(), 2'000);
}

TEST(InboxTest, AThreadThatIsNoLoopRunsToTheEnd) {
  const auto actor = std::make_shared<Actor>();
  actor->on_message = [&](int message) {
    if (message < 1'000) actor->inbox.post(message + 1);
  };
  actor->inbox.post(1);
  EXPECT_EQ(actor->all().size(), 1'000U);
}

TEST(InboxTest, TheActorLivesWhileItRunsAndWhileItIsHandedOn) {
  auto actor = std::make_shared<Actor>();
  const std::weak_ptr<Actor> alive = actor;
  Actor* const raw = actor.get();
  int handled = 0;
  raw->on_message = [&](int message) {
    actor.reset();
    ++handled;
    EXPECT_FALSE(alive.expired());
    if (message < 40) raw->inbox.post(message + 1);
  };
  ManualExecutor loop;
  {
    const OnThreadOf here(loop);
    raw->inbox.post(1);
    EXPECT_FALSE(alive.expired());
    while (!loop.tasks.empty())
      loop.run_next();
  }
  EXPECT_EQ(handled, 40);
  EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace millrace::shard
