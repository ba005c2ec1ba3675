#include "limits/table.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace millrace::limits {
namespace {

TEST(LimitTable, EveryRowSaysAllOfItself) {
  std::set<std::string> seen;
  for (const Row& row : table()) {
    EXPECT_TRUE(seen.insert(std::string(row.operation) + "/" + std::string(row.what)).second)
        << row.operation << " " << row.what << " is there twice";
    EXPECT_FALSE(row.what.empty());
    EXPECT_FALSE(row.source.empty()) << row.what;
    EXPECT_FALSE(name_of(row.scope).empty());
    EXPECT_GT(row.rate.tokens_per_second, 0) << row.what;
    EXPECT_GE(row.rate.burst, row.rate.tokens_per_second) << row.what;
    EXPECT_TRUE(row.holds_in(Profile::strict));
  }
}

TEST(LimitTable, RelaxedLiftsWhatATestWouldHaveToWaitFor) {
  for (const Row& row : table()) {
    if (row.per != Per::moment) EXPECT_FALSE(row.holds_in(Profile::relaxed)) << row.operation << " " << row.what;
  }
  EXPECT_EQ(number(Limit::rescales, Profile::strict), 10U);
  EXPECT_EQ(number(Limit::rescales, Profile::relaxed), 0U);
  EXPECT_EQ(number(Limit::creating_streams, Profile::relaxed), 0U);
  EXPECT_EQ(number(Limit::consumers, Profile::relaxed), 20U);
}

TEST(LimitTable, CallsAreFoundByTheirOperation) {
  for (std::size_t i = 0; i < calls; ++i)
    EXPECT_EQ(call_row(table()[i].operation), &table()[i]) << table()[i].operation;
  EXPECT_EQ(call_row("PutRecord"), nullptr);
  EXPECT_EQ(call_row("GetRecords"), nullptr) << "it is counted by shard";
  EXPECT_EQ(call_row(""), nullptr);
  EXPECT_EQ(call_row("ZZZ"), nullptr);
}

}  // namespace
}  // namespace millrace::limits
