// That no queue is without its test.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "app/queues.h"
#include "base/memory_budget.h"
#include "tests/queues/world.h"

namespace millrace::queues {
namespace {

// The tests of this program that fill a queue: those of suites whose names end so.
constexpr std::string_view suite_ending = "Queue";

std::set<std::string> tests_here() {
  std::set<std::string> names;
  const ::testing::UnitTest& program = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < program.total_test_suite_count(); ++i) {
    const ::testing::TestSuite& suite = *program.GetTestSuite(i);
    if (!std::string_view(suite.name()).ends_with(suite_ending)) continue;
    for (int j = 0; j < suite.total_test_count(); ++j)
      EXPECT_TRUE(names.insert(suite.GetTestInfo(j)->name()).second) << suite.GetTestInfo(j)->name();
  }
  return names;
}

TEST(Rows, EveryQueueAndEveryShareOfTheMemoryIsFilledByATest) {
  std::set<std::string> queues;
  for (const app::QueueRow& row : app::queue_rows())
    queues.insert(test_name(row.name));
  for (const base::MemoryShareRow& row : base::memory_shares)
    queues.insert(test_name("memory " + std::string(row.name)));
  EXPECT_EQ(tests_here(), queues);
}

TEST(Rows, TheTestOfAQueueIsNamedAfterIt) {
  EXPECT_EQ(test_name("shard appends"), "ShardAppends");
  EXPECT_EQ(test_name("memory small_bodies"), "MemorySmallBodies");
}

}  // namespace
}  // namespace millrace::queues
