#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace millrace::base {
namespace {

constexpr std::size_t total = 1'000'000;

TEST(MemoryBudget, SharesAreThoseOfTheTable) {
  const MemoryBudget budget(total);
  std::size_t sum = 0;
  for (const MemoryShareRow& row : memory_shares) {
    EXPECT_EQ(budget.max(row.share), total / 100 * row.percent) << row.name;
    EXPECT_EQ(budget.used(row.share), 0U) << row.name;
    EXPECT_FALSE(budget.is_full(row.share)) << row.name;
    sum += budget.max(row.share);
  }
  EXPECT_EQ(sum, total);
}

TEST(MemoryBudget, EachShareGivesItsMaximumAndNoMore) {
  MemoryBudget budget(total);
  for (const MemoryShareRow& row : memory_shares) {
    const std::size_t max = budget.max(row.share);
    EXPECT_FALSE(budget.try_take(row.share, max + 1)) << row.name;
    EXPECT_EQ(budget.used(row.share), 0U) << row.name;
    EXPECT_TRUE(budget.try_take(row.share, max - 1)) << row.name;
    EXPECT_FALSE(budget.is_full(row.share)) << row.name;
    EXPECT_TRUE(budget.try_take(row.share, 1)) << row.name;
    EXPECT_TRUE(budget.is_full(row.share)) << row.name;
    EXPECT_FALSE(budget.try_take(row.share, 1)) << row.name;
    budget.give_back(row.share, 1);
    EXPECT_TRUE(budget.try_take(row.share, 1)) << row.name;
  }
}

TEST(MemoryBudget, HugeRequestsDoNotWrapAround) {
  MemoryBudget budget(total);
  EXPECT_TRUE(budget.try_take(MemoryShare::bodies, 1));
  EXPECT_FALSE(budget.try_take(MemoryShare::bodies, SIZE_MAX));
  EXPECT_EQ(budget.used(MemoryShare::bodies), 1U);
}

TEST(MemoryBudget, TakeMayGoOverAndThenTryTakeRefuses) {
  MemoryBudget budget(total);
  budget.take(MemoryShare::log, budget.max(MemoryShare::log) + 100);
  EXPECT_TRUE(budget.is_full(MemoryShare::log));
  EXPECT_FALSE(budget.try_take(MemoryShare::log, 1));
  budget.give_back(MemoryShare::log, 101);
  EXPECT_TRUE(budget.try_take(MemoryShare::log, 1));
}

TEST(MemoryBudget, ThreadsNeverTakeMoreThanTheMaximum) {
  MemoryBudget budget(total);
  constexpr std::size_t piece = 7;
  std::array<std::size_t, 4> taken{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < taken.size(); ++t) {
    threads.emplace_back([&budget, &taken, t] {
      while (budget.try_take(MemoryShare::catalogue, piece))
        ++taken[t];
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  std::size_t sum = 0;
  for (const std::size_t n : taken)
    sum += n;
  EXPECT_EQ(sum, budget.max(MemoryShare::catalogue) / piece);
  EXPECT_EQ(budget.used(MemoryShare::catalogue), sum * piece);
}

TEST(MemoryHold, GivesBackAtTheEndOfItsLife) {
  MemoryBudget budget(total);
  {
    MemoryHold hold(budget, MemoryShare::answers);
    EXPECT_TRUE(hold.try_grow(100));
    hold.grow(50);
    EXPECT_EQ(hold.bytes(), 150U);
    EXPECT_EQ(budget.used(MemoryShare::answers), 150U);
  }
  EXPECT_EQ(budget.used(MemoryShare::answers), 0U);
}

TEST(MemoryHold, ARefusedGrowthChangesNothing) {
  MemoryBudget budget(total);
  MemoryHold hold(budget, MemoryShare::answers);
  ASSERT_TRUE(hold.try_grow(100));
  EXPECT_FALSE(hold.try_grow(budget.max(MemoryShare::answers)));
  EXPECT_EQ(hold.bytes(), 100U);
  EXPECT_EQ(budget.used(MemoryShare::answers), 100U);
}

TEST(MemoryHold, MovesTakeTheBytesAlong) {
  MemoryBudget budget(total);
  MemoryHold first(budget, MemoryShare::answers);
  ASSERT_TRUE(first.try_grow(10));
  MemoryHold second(std::move(first));
  EXPECT_EQ(budget.used(MemoryShare::answers), 10U);
  MemoryHold third(budget, MemoryShare::bodies);
  ASSERT_TRUE(third.try_grow(20));
  third = std::move(second);
  EXPECT_EQ(budget.used(MemoryShare::bodies), 0U) << "what it held before is given back";
  EXPECT_EQ(budget.used(MemoryShare::answers), 10U);
  third.release();
  EXPECT_EQ(budget.used(MemoryShare::answers), 0U);
  EXPECT_EQ(third.bytes(), 0U);
}

TEST(MemoryHold, WithoutABudgetItHoldsNothing) {
  MemoryHold hold;
  EXPECT_FALSE(hold.try_grow(1));
  hold.grow(1);
  EXPECT_EQ(hold.bytes(), 0U);
}

}  // namespace
}  // namespace millrace::base
