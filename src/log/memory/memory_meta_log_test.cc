#include "log/memory/memory_meta_log.h"

#include "log/testing/meta_log_contract.h"

namespace millrace::log {
namespace {

using testing::await;
using testing::bytes_of;
using testing::Followed;

// What every command log does is in the contract, which memory_engine_test.cc instantiates; here is what is this one's.
class MemoryMetaLogTest : public ::testing::Test {
 protected:
  Position append(std::string_view command) {
    Position at = 0;
    meta_.append(bytes_of(command), [&](base::Result<Position> position) { at = position.value(); });
    return at;
  }
  void trim(Position before) {
    meta_.trim(before, [](base::Result<void> trimmed) { EXPECT_TRUE(trimmed.has_value()); });
  }

  MemoryMetaLog meta_;
};

TEST_F(MemoryMetaLogTest, PositionsAreDenseAndDoneBeforeTheCallReturns) {
  for (Position i = 1; i <= 5; ++i)
    EXPECT_EQ(append("c"), i);
}

TEST_F(MemoryMetaLogTest, WhatWasNotFollowedYetIsNotTrimmed) {
  for (int i = 1; i <= 5; ++i)
    append(std::to_string(i));
  trim(4);
  Followed followed;
  meta_.follow(1, followed.follower());
  EXPECT_EQ(followed.items().size(), 5U);
}

TEST_F(MemoryMetaLogTest, AfterATrimTheNextPositionIsAsIfNothingWasTrimmed) {
  Followed followed;
  meta_.follow(1, followed.follower());
  for (int i = 1; i <= 5; ++i)
    append(std::to_string(i));
  trim(100);
  meta_.barrier([](base::Result<Position> last) { EXPECT_EQ(last.value(), 5U); });
  EXPECT_EQ(append("6"), 6U);
  EXPECT_EQ(followed.items().back(), (Followed::Item{6, "6"}));
}

TEST_F(MemoryMetaLogTest, AppendsFromACallBackAndFromTheFollowerKeepOneOrder) {
  Followed followed;
  std::vector<Position> told;
  const auto note = [&](base::Result<Position> position) { told.push_back(position.value()); };
  meta_.follow(1, [&, record = followed.follower()](Position position, std::span<const std::byte> command) {
    record(position, command);
    // Nobody runs twice at once: the outer call delivers this one when it has come back.
    if (position == 1) {
      meta_.append(bytes_of("from the follower"), note);
      EXPECT_EQ(followed.items().size(), 1U);
    }
  });
  meta_.append(bytes_of("first"), [&](base::Result<Position> position) {
    note(position);
    meta_.append(bytes_of("from the call-back"), note);
    EXPECT_EQ(followed.items().size(), 1U);
  });
  EXPECT_EQ(told, (std::vector<Position>{1, 2, 3}));
  EXPECT_EQ(followed.items(),
            (std::vector<Followed::Item>{{1, "first"}, {2, "from the follower"}, {3, "from the call-back"}}));
}

TEST_F(MemoryMetaLogTest, CommandsBeforeTheFollowedOnesAreAnsweredAllTheSame) {
  Followed followed;
  meta_.follow(3, followed.follower());
  EXPECT_EQ(append("1"), 1U);
  EXPECT_EQ(append("2"), 2U);
  EXPECT_TRUE(followed.items().empty());
  EXPECT_EQ(append("3"), 3U);
  EXPECT_EQ(followed.items(), (std::vector<Followed::Item>{{3, "3"}}));
}

}  // namespace
}  // namespace millrace::log
