#include "base/memory_budget.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
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

#ifndef MILLRACE_SANITIZED
// A sanitizer's allocator keeps to rules of its own.
TEST(MemoryBudget, WhatWasFreedGoesBackToTheSystem) {
  MemoryBudget budget(64 * 1024 * 1024);
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  // Too small to be a mapping of its own; what follows it keeps it from being the end of the heap.
  constexpr std::size_t bytes = 100 * 1024;
  // The compiler leaves out what is allocated, written and freed for nothing, unless it cannot see it.
  void* (*volatile const allocate)(std::size_t) = &std::malloc;
  auto* const piece = static_cast<volatile char*>(allocate(bytes));
  ASSERT_NE(piece, nullptr);
  void* const fence = allocate(bytes);
  std::fill_n(piece, bytes, 'x');
  const std::uintptr_t inside = (reinterpret_cast<std::uintptr_t>(piece) + bytes / 2) / page * page;
  std::free(const_cast<char*>(piece));
  const auto is_resident = [&] {
    unsigned char state = 0;
    EXPECT_EQ(mincore(reinterpret_cast<void*>(inside), page, &state), 0);
    return (state & 1) != 0;
  };
  budget.on_freed(budget.bytes_max() / MemoryBudget::freed_parts - 1);
  EXPECT_TRUE(is_resident());
  budget.on_freed(1);
  EXPECT_FALSE(is_resident());
  std::free(fence);
}
#endif

}  // namespace
}  // namespace millrace::base
