#include <fmt/format.h>

#include "model/hash_range.h"
#include "shard/testing/shard_fixture.h"

namespace millrace::shard {
namespace {

using base::Errc;
using testing::ShardFixture;

class EndingTest : public ShardFixture {
 protected:
  static constexpr base::u128 half = base::u128{1} << 127;

  Outcome<Ending> start_close() {
    Outcome<Ending> outcome;
    shard_->close(outcome.done());
    return outcome;
  }
  std::shared_ptr<Shard> make_child(std::uint32_t number, std::int64_t created_s) {
    const log::LogId child{9, number};
    engine_.create(child, {}, [](base::Result<void> created) { ASSERT_TRUE(created.has_value()); });
    return std::make_shared<Shard>(
        shared_, ShardConfig{.id = child, .created_s = created_s, .retention = std::chrono::hours(24)});
  }
  void split() {
    lower_ = make_child(3, 50);
    upper_ = make_child(4, 50);
    shard_->go_on_in({{{0, half - 1}, lower_}, {{half, base::u128_max}, upper_}});
  }
  // Records whose explicit hash keys are given, with their place in the list as data.
  log::Block block_at(const std::vector<base::u128>& hashes) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < hashes.size(); ++i)
      bytes += log::BlockBuilder::encoded_size(1, 1, true);
    log::BlockBuilder builder(&budget_, bytes);
    for (std::size_t i = 0; i < hashes.size(); ++i)
      *builder.add("k", hashes[i], 1) = static_cast<char>('0' + i);
    return builder.finish();
  }
  static Strings data_of(Shard& shard) {
    Outcome<ReadPage> outcome;
    shard.read({}, outcome.done());
    return log::testing::data_of(outcome.get().value().page);
  }

  std::shared_ptr<Shard> lower_;
  std::shared_ptr<Shard> upper_;
};

TEST_F(EndingTest, AClosedShardEndsBehindItsLastRecord) {
  ASSERT_TRUE(append("a", 2));
  auto closed = start_close();
  const Ending ending = closed.get().value();
  EXPECT_EQ(ending.last, 2U);
  EXPECT_EQ(ending.last_arrival_ms, sim::SimClock::start_ms);
  EXPECT_TRUE(start_positions().get().value().closed);
  EXPECT_TRUE(read(3).closed);
  EXPECT_EQ(data(1), (Strings{"a-0", "a-1"})) << "what is in it can still be read";
  EXPECT_EQ(start_close().get().value().last, 2U) << "closing again changes nothing";
}

TEST_F(EndingTest, AnEmptyShardCanBeClosed) {
  EXPECT_EQ(start_close().get().value().last, 0U);
  EXPECT_TRUE(read(1).closed);
}

TEST_F(EndingTest, WhatIsInFlightIsStoredAndWhatComesLaterWaitsForTheChildren) {
  ASSERT_TRUE(append("first"));
  engine_.hold(Call::append);
  auto in_flight = start_append(block("in flight"));
  auto closed = start_close();
  auto late = start_append(block_at({5, base::u128_max, 6}));
  EXPECT_FALSE(closed.is_there());
  EXPECT_FALSE(late.is_there());
  engine_.release_all(Call::append);
  EXPECT_TRUE(in_flight.get());
  EXPECT_EQ(closed.get().value().last, 2U);
  EXPECT_FALSE(late.is_there()) << "the children are not there yet";
  EXPECT_EQ(shard_->queued(), 1U);
  split();
  const Stored stored = late.get().value();
  EXPECT_EQ(data_of(*lower_), (Strings{"0", "2"}));
  EXPECT_EQ(data_of(*upper_), (Strings{"1"}));
  EXPECT_EQ(data().size(), 2U) << "nothing is added to a closed shard";
  EXPECT_EQ(shard_->queued(), 0U);
  const ShardConfig& given_to = shard_->config();
  EXPECT_EQ(stored.place(0, given_to).shard, 3U);
  EXPECT_EQ(stored.place(0, given_to).position, 1U);
  EXPECT_EQ(stored.place(0, given_to).created_s, 50);
  EXPECT_EQ(stored.place(1, given_to).shard, 4U);
  EXPECT_EQ(stored.place(1, given_to).position, 1U);
  EXPECT_EQ(stored.place(2, given_to).shard, 3U);
  EXPECT_EQ(stored.place(2, given_to).position, 2U);
  EXPECT_EQ(stored.place(2, given_to).arrival_ms, sim::SimClock::start_ms);
}

TEST_F(EndingTest, AClosedShardPassesOnWhateverStillComes) {
  ASSERT_TRUE(start_close().get());
  split();
  const Stored stored = start_append(block_at({half})).get().value();
  EXPECT_EQ(stored.place(0, shard_->config()).shard, 4U);
  // And so do its children, once they are closed.
  Outcome<Ending> outcome;
  upper_->close(outcome.done());
  ASSERT_TRUE(outcome.get());
  const auto grandchild = make_child(5, 60);
  upper_->go_on_in({{{half, base::u128_max}, grandchild}});
  const Stored again = start_append(block_at({half, 1})).get().value();
  EXPECT_EQ(again.place(0, shard_->config()).shard, 5U);
  EXPECT_EQ(again.place(0, shard_->config()).created_s, 60);
  EXPECT_EQ(again.place(1, shard_->config()).shard, 3U);
  EXPECT_EQ(data_of(*grandchild), (Strings{"0"}));
}

TEST_F(EndingTest, WhatOneChildStoresIsToldWhereTheOtherRefuses) {
  ASSERT_TRUE(start_close().get());
  split();
  engine_.fail_append(log::testing::ScriptedEngine::Fault::unavailable);
  const Stored stored = start_append(block_at({5, half, 6})).get().value();
  const ShardConfig& given_to = shard_->config();
  EXPECT_TRUE(stored.place(0, given_to).failed) << "the lower child is the first";
  EXPECT_TRUE(stored.place(2, given_to).failed);
  EXPECT_FALSE(stored.place(1, given_to).failed);
  EXPECT_EQ(stored.place(1, given_to).shard, 4U);
  EXPECT_EQ(data_of(*lower_), Strings());
  EXPECT_EQ(data_of(*upper_), (Strings{"1"}));
}

TEST_F(EndingTest, KeysGoWhereTheirHashesBelong) {
  ASSERT_TRUE(start_close().get());
  split();
  std::vector<log::testing::TestRecord> records;
  for (int i = 0; i < 40; ++i)
    records.push_back({fmt::format("key-{}", i), fmt::format("{}", i)});
  const Stored stored = start_append(log::testing::make_block(records, 0, &budget_)).get().value();
  for (std::uint32_t i = 0; i < 40; ++i) {
    const bool is_upper = model::hash_of(fmt::format("key-{}", i)) >= half;
    EXPECT_EQ(stored.place(i, shard_->config()).shard, is_upper ? 4U : 3U);
  }
  EXPECT_EQ(data_of(*lower_).size() + data_of(*upper_).size(), 40U);
}

TEST_F(EndingTest, HeldAppendsAreLetGoWhereTheChildrenDoNotCome) {
  ASSERT_TRUE(start_close().get());
  auto held = start_append(block("held"));
  EXPECT_FALSE(held.is_there());
  shard_->let_go();
  EXPECT_EQ(held.get().error().code, Errc::throughput_exceeded);
  EXPECT_EQ(append("another").error().code, Errc::throughput_exceeded);
  EXPECT_EQ(shard_->queued(), 0U);
  split();
  EXPECT_TRUE(append("third"));
}

TEST_F(EndingTest, ADropAnswersWhatIsHeld) {
  ASSERT_TRUE(start_close().get());
  auto held = start_append(block("held"));
  Outcome<void> dropped;
  shard_->drop(dropped.done());
  EXPECT_TRUE(dropped.get());
  EXPECT_EQ(held.get().error().code, Errc::resource_not_found);
  EXPECT_EQ(start_close().get().error().code, Errc::resource_not_found);
  EXPECT_EQ(budget_.used(base::MemoryShare::append_queue), 0U);
}

TEST_F(EndingTest, AFailedCloseIsTriedAgain) {
  ASSERT_TRUE(append("a"));
  restart();
  engine_.fail_acquires(1, Errc::unavailable);
  EXPECT_EQ(start_close().get().error().code, Errc::internal_failure);
  auto held = start_append(block("held"));
  EXPECT_FALSE(held.is_there()) << "nobody knows whether the log has its end";
  EXPECT_EQ(start_close().get().value().last, 1U);
  split();
  EXPECT_TRUE(held.get());
}

TEST_F(EndingTest, AnAppendOfUnknownOutcomeIsInFrontOfTheEndOrNowhere) {
  engine_.hold(Call::append);
  engine_.fail_append(Fault::unknown_stored);
  auto in_flight = start_append(block("unknown"));
  auto closed = start_close();
  engine_.release_all(Call::append);
  EXPECT_FALSE(in_flight.get());
  EXPECT_EQ(closed.get().value().last, 1U);
  EXPECT_EQ(data(), (Strings{"unknown-0"}));
}

TEST_F(EndingTest, CountsTheBytesItStores) {
  EXPECT_EQ(shard_->bytes_stored(), 0U);
  ASSERT_TRUE(start_append(block_of_bytes(999)).get());
  EXPECT_EQ(shard_->bytes_stored(), 1'000U);
}

}  // namespace
}  // namespace millrace::shard
