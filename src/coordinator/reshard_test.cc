#include "catalog/reshard_plan.h"
#include "coordinator/testing/coordinator_fixture.h"

namespace millrace::coordinator {
namespace {

using base::Errc;
using catalog::StreamStatus;
using testing::key;
using Call = testing::TestEngine::Call;
using namespace std::chrono_literals;

constexpr model::HashKey low = 5;
constexpr model::HashKey high = base::u128_max - 5;

class ReshardTest : public testing::CoordinatorFixture {
 protected:
  // The command is kept out of the log, as long as `failing` holds.
  template <class Command>
  void refuse_commands(const bool& failing) {
    machine.engine.look_at_commands([&failing](const catalog::Command& command) -> base::Result<void> {
      if (failing && std::holds_alternative<Command>(command.body)) return base::fail(Errc::unavailable, "as wanted");
      return {};
    });
  }
  std::size_t log_count() { return machine.engine.logs().size(); }
  std::vector<model::ShardNo> open_numbers(const std::string& name) {
    std::vector<model::ShardNo> numbers;
    for (const auto* shard : catalog::open_shards_by_range(stream(name)))
      numbers.push_back(shard->number);
    return numbers;
  }
  using Numbers = std::vector<model::ShardNo>;
};

TEST_F(ReshardTest, ASplitClosesItsShardAndOpensTwo) {
  start();
  ASSERT_TRUE(create("orders", 1));
  const auto before = put_at("orders", low, "before");
  ASSERT_TRUE(ended(begin_split("orders", 0)));
  const catalog::Stream& after = stream("orders");
  EXPECT_EQ(after.status, StreamStatus::active);
  EXPECT_EQ(open_numbers("orders"), (Numbers{1, 2}));
  ASSERT_FALSE(after.shards[0].is_open());
  EXPECT_EQ(after.shards[1].parent, 0U);
  EXPECT_EQ(after.shards[1].created_s, *after.shards[0].closed_s + 1);
  const auto lower = put_at("orders", low, "lower");
  const auto upper = put_at("orders", high, "upper");
  EXPECT_EQ(data_of("orders", 0), (Strings{"before"}));
  EXPECT_EQ(data_of("orders", 1), (Strings{"lower"}));
  EXPECT_EQ(data_of("orders", 2), (Strings{"upper"}));
  const auto number = [](const Put& put) {
    const shard::Place place = put.place();
    return model::to_text({place.created_s, place.shard, place.position, place.arrival_ms / 1000});
  };
  EXPECT_LT(number(*before), number(*lower)) << "numbers grow from parent to child";
  EXPECT_EQ(coordinator->directory()->state->open_shards, 2U);
  EXPECT_EQ(log_count(), 3U);
}

TEST_F(ReshardTest, AMergeHasTwoParents) {
  start();
  ASSERT_TRUE(create("orders", 2));
  ASSERT_TRUE(ended(begin_merge("orders", 0, 1)));
  EXPECT_EQ(open_numbers("orders"), (Numbers{2}));
  const catalog::ShardInfo& child = stream("orders").shards[2];
  EXPECT_EQ(child.parent, 0U);
  EXPECT_EQ(child.adjacent_parent, 1U);
  EXPECT_EQ(put_at("orders", high, "x")->place().shard, 2U);
}

TEST_F(ReshardTest, ARescaleEndsWithShardsOfEqualSize) {
  start();
  ASSERT_TRUE(create("orders", 5));
  ASSERT_TRUE(ended(begin_rescale("orders", 7)));
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
  EXPECT_EQ(stream("orders").open_shards(), 7U);
  EXPECT_FALSE(stream("orders").rescale_target);
  ASSERT_TRUE(ended(begin_rescale("orders", 7))) << "to what is there already";
  EXPECT_EQ(ended(begin_rescale("orders", 15)).error(), base::Error(Errc::limit_exceeded, "double"));
  EXPECT_EQ(ended(begin_rescale("orders", 3)).error(), base::Error(Errc::limit_exceeded, "half"));
  EXPECT_EQ(coordinator->directory()->state->open_shards, 7U);
}

TEST_F(ReshardTest, TheClockThatStandsStillOrGoesBackKeepsNumbersGrowing) {
  start();
  ASSERT_TRUE(create("orders", 1));
  static_cast<void>(put_at("orders", low, "a"));
  machine.clock.set_wall_ms(sim::SimClock::start_ms - 3'600'000);
  ASSERT_TRUE(ended(begin_split("orders", 0)));
  ASSERT_TRUE(ended(begin_merge("orders", 1, 2)));
  std::int64_t last = 0;
  for (const model::ShardNo number : {0U, 1U, 3U}) {
    EXPECT_GT(stream("orders").shard(number)->created_s, last);
    last = stream("orders").shard(number)->created_s;
  }
  EXPECT_GE(*stream("orders").shard(0)->closed_s, sim::SimClock::start_ms / 1000) << "not before its last record";
}

TEST_F(ReshardTest, PutsGoToTheParentUntilItIsClosedAndThenToItsChildren) {
  start();
  ASSERT_TRUE(create("orders", 1));
  machine.engine.hold(Call::create);
  const auto split = begin_split("orders", 0);
  EXPECT_EQ(status_of("orders"), StreamStatus::updating);
  EXPECT_EQ(put_at("orders", low, "early")->times, 1) << "nothing is closed yet";
  bool failing = true;
  refuse_commands<catalog::CommitReshard>(failing);
  const auto old = coordinator->directory();
  machine.engine.release();
  // Closed, but not committed: whoever comes is told to come again.
  EXPECT_EQ(ended(split).error().code, Errc::unavailable);
  EXPECT_EQ(put_at("orders", low, "refused")->stored.error().code, Errc::throughput_exceeded);
  failing = false;
  coordinator->tick();
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
  // A request that had looked its shard up before.
  const auto late = put_at("orders", high, "late", old->find(key("orders")));
  ASSERT_TRUE(late->stored);
  EXPECT_EQ(late->place().shard, 2U);
  EXPECT_EQ(data_of("orders", 0), (Strings{"early"}));
  EXPECT_EQ(data_of("orders", 2), (Strings{"late"}));
}

TEST_F(ReshardTest, WhereNoLogCanBeCreatedNothingChanges) {
  start();
  ASSERT_TRUE(create("orders", 1));
  machine.engine.fail(Call::create, 2);
  EXPECT_EQ(ended(begin_split("orders", 0)).error().code, Errc::unavailable);
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
  EXPECT_EQ(open_numbers("orders"), (Numbers{0}));
  EXPECT_EQ(log_count(), 1U);
  EXPECT_EQ(coordinator->directory()->state->open_shards, 1U);
  EXPECT_TRUE(put_at("orders", low, "x")->stored);
  machine.engine.mend();
  ASSERT_TRUE(ended(begin_split("orders", 0)));
  EXPECT_EQ(open_numbers("orders"), (Numbers{3, 4})) << "numbers are not used again";
}

TEST_F(ReshardTest, AFailedCommitIsTriedAgainByItself) {
  start_on_loop();
  ASSERT_TRUE(create("orders", 2));
  bool failing = true;
  refuse_commands<catalog::CommitReshard>(failing);
  EXPECT_FALSE(ended(begin_rescale("orders", 4)));
  EXPECT_EQ(status_of("orders"), StreamStatus::updating);
  advance(3s);
  EXPECT_EQ(status_of("orders"), StreamStatus::updating);
  failing = false;
  advance(3s);
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
  EXPECT_EQ(stream("orders").open_shards(), 4U);
}

TEST_F(ReshardTest, ManyThatFailAreTriedTogetherOnceASecond) {
  start_on_loop();
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  std::size_t commits = 0;
  for (const std::string& name : names)
    ASSERT_TRUE(create(name, 2));
  machine.engine.look_at_commands([&commits](const catalog::Command& command) -> base::Result<void> {
    if (!std::holds_alternative<catalog::CommitReshard>(command.body)) return {};
    ++commits;
    return base::fail(Errc::unavailable, "as wanted");
  });
  for (const std::string& name : names)
    EXPECT_FALSE(ended(begin_rescale(name, 4)));
  commits = 0;
  for (int second = 0; second < 10; ++second)
    advance(1s);
  EXPECT_GE(commits, 5 * names.size());
  EXPECT_LE(commits, 11 * names.size());
  machine.engine.look_at_commands({});
  advance(2s);
  for (const std::string& name : names)
    EXPECT_EQ(status_of(name), StreamStatus::active);
}

TEST_F(ReshardTest, WhatCannotBeFinishedAtAStartIsFinishedLater) {
  start();
  ASSERT_TRUE(create("orders", 2));
  bool failing = true;
  refuse_commands<catalog::CommitReshard>(failing);
  EXPECT_FALSE(ended(begin_rescale("orders", 4)));
  crash();
  refuse_commands<catalog::CommitReshard>(failing);
  start_on_loop();
  EXPECT_EQ(status_of("orders"), StreamStatus::updating);
  failing = false;
  advance(61s);
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
  EXPECT_EQ(stream("orders").open_shards(), 4U);
}

TEST_F(ReshardTest, ACrashBetweenAnyTwoStepsIsMendedAtTheNextStart) {
  start();
  int number = 0;
  const auto expect_finished = [&](const std::string& name, std::uint32_t shards) {
    EXPECT_EQ(status_of(name), StreamStatus::active);
    EXPECT_EQ(stream(name).open_shards(), shards);
    EXPECT_EQ(data_of(name, 0), (Strings{"kept"}));
    const auto put = put_at(name, low, "after");
    ASSERT_TRUE(put->stored);
    EXPECT_GT(put->place().shard, 1U);
  };
  const auto crash_in = [&](std::uint32_t target, auto hold) {
    const std::string name = "stream-" + std::to_string(++number);
    ASSERT_TRUE(create(name, 2));
    ASSERT_TRUE(put_at(name, low, "kept")->stored);
    hold();
    static_cast<void>(begin_rescale(name, target));
    EXPECT_EQ(status_of(name), StreamStatus::updating);
    crash();
    start();
    expect_finished(name, target);
  };
  const bool failing = true;
  // Planned only; some logs made; closed and not committed; between two steps of a rescale.
  crash_in(4, [&] { machine.engine.hold(Call::create); });
  crash_in(4, [&] { refuse_commands<catalog::CommitReshard>(failing); });
  crash_in(1, [&] { refuse_commands<catalog::CommitReshard>(failing); });
  int commits = 0;
  crash_in(3, [&] {
    machine.engine.look_at_commands([&](const catalog::Command& command) -> base::Result<void> {
      if (std::holds_alternative<catalog::CommitReshard>(command.body) && ++commits > 1) {
        return base::fail(Errc::unavailable, "as wanted");
      }
      return {};
    });
  });
  EXPECT_GT(commits, 1);
}

TEST_F(ReshardTest, AStartEndsLogsWhoseEndOnlyTheCatalogueRemembers) {
  start();
  ASSERT_TRUE(create("orders", 1));
  ASSERT_TRUE(ended(begin_split("orders", 0)));
  const log::LogId parent{uid_of("orders"), 0};
  crash();
  // As after a power cut that took the end marker with it.
  base::Result<void> outcome = base::fail(Errc::unavailable);
  machine.engine.drop(parent, [&](auto dropped) { outcome = dropped; });
  ASSERT_TRUE(outcome);
  machine.engine.create(parent, {}, [&](auto created) { outcome = created; });
  ASSERT_TRUE(outcome);
  start();
  base::Result<log::Page> page;
  machine.engine.read(parent, 1, {.records_max = 1, .bytes_max = 1, .arrival_min_ms = 0},
                      [&](auto read) { page = std::move(read); });
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->closed);
}

TEST_F(ReshardTest, ADeletionEndsAReshardAndLeavesNothing) {
  start();
  ASSERT_TRUE(create("orders", 1));
  machine.engine.hold(Call::create);
  const auto split = begin_split("orders", 0);
  const auto held = coordinator->directory();
  ASSERT_TRUE(ended(begin_delete("orders")));
  machine.engine.release();
  EXPECT_EQ(split->times, 1);
  EXPECT_FALSE(split->outcome);
  EXPECT_EQ(entry("orders"), nullptr);
  EXPECT_EQ(log_count(), 0U);
  EXPECT_EQ(coordinator->directory()->state->open_shards, 0U);
}

TEST_F(ReshardTest, TheAccountsLimitCountsWhatIsUnderWay) {
  start({.shards_max = 3});
  ASSERT_TRUE(create("orders", 1));
  ASSERT_TRUE(create("items", 1));
  machine.engine.hold(Call::create);
  const auto first = begin_split("orders", 0);
  EXPECT_EQ(coordinator->directory()->state->open_shards, 3U);
  EXPECT_EQ(ended(begin_split("items", 0)).error(), base::Error(Errc::limit_exceeded, "shards"));
  machine.engine.release();
  EXPECT_TRUE(ended(first));
  EXPECT_EQ(ended(begin_rescale("orders", 3)).error(), base::Error(Errc::limit_exceeded, "shards"));
  EXPECT_TRUE(ended(begin_merge("orders", 1, 2))) << "which needs none";
}

TEST_F(ReshardTest, ClosedShardsExpireWithTheRetention) {
  start_on_loop();
  ASSERT_TRUE(create("orders", 1));
  static_cast<void>(put_at("orders", low, "old"));
  ASSERT_TRUE(ended(begin_split("orders", 0)));
  const auto before = coordinator->directory();
  advance(23h);
  EXPECT_EQ(stream("orders").shards.size(), 3U);
  advance(61min);
  EXPECT_EQ(stream("orders").shards.size(), 2U);
  EXPECT_EQ(stream("orders").shards[0].parent, 0U) << "children keep the name of their parent";
  EXPECT_EQ(log_count(), 2U);
  base::Errc code = Errc::internal_failure;
  before->find(key("orders"))->shards[0]->read({}, [&](const base::Result<shard::ReadPage>& page) {
    ASSERT_FALSE(page);
    code = page.error().code;
  });
  EXPECT_EQ(code, Errc::resource_not_found);
  EXPECT_TRUE(put_at("orders", high, "new")->stored);
}

TEST_F(ReshardTest, ADelayKeepsTheStreamInItsState) {
  start_on_loop({.create_stream = 10s, .delete_stream = 20s, .reshard = 30s});
  ASSERT_TRUE(create("orders", 1)) << "told at once";
  EXPECT_EQ(status_of("orders"), StreamStatus::creating);
  advance(9s);
  EXPECT_EQ(status_of("orders"), StreamStatus::creating);
  advance(2s);
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
  ASSERT_TRUE(ended(begin_split("orders", 0)));
  EXPECT_EQ(status_of("orders"), StreamStatus::updating);
  EXPECT_EQ(ended(begin_split("orders", 0)).error(), base::Error(Errc::guard_failed, "status"));
  advance(29s);
  EXPECT_TRUE(put_at("orders", low, "x")->stored);
  EXPECT_EQ(data_of("orders", 0), (Strings{"x"})) << "the shards change at the end";
  advance(2s);
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
  EXPECT_EQ(open_numbers("orders"), (Numbers{1, 2}));
  ASSERT_TRUE(ended(begin_delete("orders")));
  EXPECT_EQ(status_of("orders"), StreamStatus::deleting);
  EXPECT_EQ(ended(begin_delete("orders")).error(), base::Error(Errc::guard_failed, "status"));
  advance(21s);
  EXPECT_EQ(entry("orders"), nullptr);
}

TEST_F(ReshardTest, AStartEndsWhateverIsDelayed) {
  const TransitionDelays delays{.create_stream = 1h, .delete_stream = 1h, .reshard = 1h, .update_stream = 1h};
  start();
  ASSERT_TRUE(create("split", 1));
  ASSERT_TRUE(create("sized", 1));
  ASSERT_TRUE(create("deleted", 1));
  crash();
  start_on_loop(delays);
  ASSERT_TRUE(create("created", 1));
  ASSERT_TRUE(ended(begin_split("split", 0)));
  ASSERT_TRUE(ended(begin_delete("deleted")));
  ASSERT_TRUE(ended(begin([&](auto done) {
    coordinator->set_record_size({.stream = key("sized"), .uid = uid_of("sized"), .record_kib_max = 2048},
                                 std::move(done));
  })));
  EXPECT_EQ(status_of("sized"), StreamStatus::updating);
  EXPECT_EQ(stream("sized").record_kib_max, 2048U) << "it holds from now on";
  crash();
  start();
  for (const char* name : {"created", "split", "sized"})
    EXPECT_EQ(status_of(name), StreamStatus::active) << name;
  EXPECT_EQ(stream("split").open_shards(), 2U);
  EXPECT_EQ(entry("deleted"), nullptr);
}

TEST_F(ReshardTest, UpdatesHoldTheStreamAsLongAsTheDelay) {
  start_on_loop({.update_stream = 10s});
  ASSERT_TRUE(create("orders", 1, true));
  const auto throughput = [&](std::uint32_t mibps) {
    return ended(begin([&](auto done) {
      coordinator->set_warm_throughput(
          {.stream = key("orders"), .uid = uid_of("orders"), .warm_throughput_mibps = mibps}, std::move(done));
    }));
  };
  ASSERT_TRUE(throughput(50));
  EXPECT_EQ(status_of("orders"), StreamStatus::updating);
  EXPECT_EQ(stream("orders").warm_throughput_mibps, 50U);
  EXPECT_FALSE(stream("orders").warm_current_mibps);
  EXPECT_EQ(throughput(60).error(), base::Error(Errc::guard_failed, "status"));
  advance(11s);
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
  EXPECT_EQ(stream("orders").warm_current_mibps, 50U);
}

TEST_F(ReshardTest, ConsumersGoThroughTheirStates) {
  start_on_loop({.register_consumer = 10s, .deregister_consumer = 10s});
  ASSERT_TRUE(create("orders", 1));
  catalog::Consumer made;
  coordinator->register_consumer({.stream = key("orders"), .uid = uid_of("orders"), .name = "reader", .tags = {}},
                                 [&](base::Result<catalog::Consumer> consumer) {
                                   ASSERT_TRUE(consumer);
                                   made = *consumer;
                                 });
  EXPECT_EQ(made.status, catalog::ConsumerStatus::creating);
  const auto status = [&] { return stream("orders").consumers.at("reader").status; };
  EXPECT_EQ(status(), catalog::ConsumerStatus::creating);
  advance(11s);
  EXPECT_EQ(status(), catalog::ConsumerStatus::active);
  const catalog::MarkConsumerDeleting removal{key("orders"), uid_of("orders"), {"reader", made.created_s}};
  ASSERT_TRUE(ended(begin([&](auto done) { coordinator->deregister_consumer(removal, std::move(done)); })));
  EXPECT_EQ(status(), catalog::ConsumerStatus::deleting);
  advance(11s);
  EXPECT_TRUE(stream("orders").consumers.empty());
  // The name again, within the same second: another ARN.
  machine.clock.set_wall_ms(made.created_s * 1000);
  coordinator->register_consumer({.stream = key("orders"), .uid = uid_of("orders"), .name = "reader", .tags = {}},
                                 [&](base::Result<catalog::Consumer> consumer) {
                                   ASSERT_TRUE(consumer);
                                   EXPECT_GT(consumer->created_s, made.created_s);
                                 });
}

// ---- On-demand streams ----

class ScalingTest : public ReshardTest {
 protected:
  // Stores that many bytes a second in the shard of each hash for so long.
  void put_for(std::chrono::minutes time, std::size_t bytes_per_second, const std::vector<model::HashKey>& hashes) {
    for (int minute = 0; minute < time.count(); ++minute) {
      for (const model::HashKey hash : hashes) {
        for (std::size_t bytes = 60 * bytes_per_second; bytes > 0;) {
          const std::size_t part = std::min<std::size_t>(bytes, 8 << 20);
          ASSERT_TRUE(put_at("orders", hash, std::string(part, 'x'))->stored);
          bytes -= part;
        }
      }
      advance(1min);
    }
  }
};

TEST_F(ScalingTest, AShardThatGetsTooMuchForAQuarterOfAnHourIsSplit) {
  start_on_loop();
  ASSERT_TRUE(create("orders", 4, true));
  advance(1min);
  put_for(14min, 520'000, {low});
  EXPECT_EQ(stream("orders").open_shards(), 4U);
  put_for(2min, 520'000, {low});
  EXPECT_EQ(open_numbers("orders"), (Numbers{4, 5, 1, 2, 3}));
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
  // Its child gets as much, and is split in its turn.
  put_for(17min, 520'000, {low});
  EXPECT_EQ(open_numbers("orders"), (Numbers{6, 7, 5, 1, 2, 3}));
}

TEST_F(ScalingTest, AllThatAreTooBusyAreSplitAtOnce) {
  start_on_loop();
  ASSERT_TRUE(create("orders", 4, true));
  advance(1min);
  put_for(16min, 520'000, {low, high});
  EXPECT_EQ(stream("orders").open_shards(), 6U);
}

TEST_F(ScalingTest, LessTrafficChangesNothing) {
  start_on_loop();
  ASSERT_TRUE(create("orders", 4, true));
  put_for(20min, 480'000, {low});
  EXPECT_EQ(stream("orders").open_shards(), 4U);
}

TEST_F(ScalingTest, ProvisionedStreamsStayAsTheyAre) {
  start_on_loop();
  ASSERT_TRUE(create("orders", 1));
  put_for(20min, 600'000, {low});
  advance(25h);
  EXPECT_EQ(stream("orders").open_shards(), 1U);
}

TEST_F(ScalingTest, QuietNeighboursAreMergedAfterADayAndFourAreLeft) {
  start_on_loop();
  ASSERT_TRUE(create("orders", 7, true));
  advance(23h);
  EXPECT_EQ(stream("orders").open_shards(), 7U);
  advance(2h);
  EXPECT_EQ(stream("orders").open_shards(), 4U);
  advance(48h);
  EXPECT_EQ(stream("orders").open_shards(), 4U);
  base::u128 next = 0;
  for (const auto* shard : catalog::open_shards_by_range(stream("orders"))) {
    EXPECT_EQ(shard->range.first, next);
    next = shard->range.last + 1;
  }
}

TEST_F(ScalingTest, AMovedClockIsAsGoodAsTime) {
  start();
  ASSERT_TRUE(create("orders", 5, true));
  coordinator->tick();
  machine.clock.advance(25h);
  coordinator->tick();
  EXPECT_EQ(stream("orders").open_shards(), 4U);
}

}  // namespace
}  // namespace millrace::coordinator
