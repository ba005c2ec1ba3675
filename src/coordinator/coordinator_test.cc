#include "coordinator/coordinator.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "coordinator/testing/machine.h"
#include "log/testing/blocks.h"

namespace millrace::coordinator {
namespace {

using catalog::testing_keys::key;

using base::Errc;
using catalog::StreamStatus;
using testing::TestEngine;
using Call = TestEngine::Call;

class CoordinatorTest : public ::testing::Test {
 protected:
  CoordinatorTest() { start(); }
  ~CoordinatorTest() override { machine.engine.forget_held(); }

  void start(AccountLimits limits = {}) {
    auto opened = Coordinator::open(machine.shared, machine.random, limits);
    ASSERT_TRUE(opened) << base::describe(opened.error());
    coordinator = std::move(*opened);
  }
  // As after a loss of power: what the engine had not done is never done.
  void crash() {
    coordinator.reset();
    machine.engine.forget_held();
    machine.engine.mend();
  }

  struct Told {
    int times = 0;
    base::Result<void> outcome = base::fail(Errc::internal_failure, "not told");
  };
  // The machine answers at once unless it was told to hold calls.
  std::shared_ptr<Told> begin(std::move_only_function<void(base::Done<void>)> call) {
    auto told = std::make_shared<Told>();
    call([told](base::Result<void> outcome) {
      ++told->times;
      told->outcome = std::move(outcome);
    });
    return told;
  }
  std::shared_ptr<Told> begin_create(std::string name, std::uint32_t shards = 2) {
    catalog::CreateStream spec;
    spec.stream = key(std::move(name));
    spec.shard_count = shards;
    return begin([&](auto done) { coordinator->create_stream(spec, std::move(done)); });
  }
  std::shared_ptr<Told> begin_delete(const std::string& name, std::uint64_t uid) {
    return begin([&](auto done) { coordinator->delete_stream({key(name), uid}, std::move(done)); });
  }
  base::Result<void> create(const std::string& name, std::uint32_t shards = 2) {
    return ended(begin_create(name, shards));
  }
  base::Result<void> remove(const std::string& name) { return ended(begin_delete(name, uid_of(name))); }
  static base::Result<void> ended(const std::shared_ptr<Told>& told) {
    EXPECT_EQ(told->times, 1);
    return told->outcome;
  }

  const StreamEntry* entry(const std::string& name) { return coordinator->directory()->find(key(name)); }
  std::uint64_t uid_of(const std::string& name) { return entry(name)->stream->uid; }
  StreamStatus status_of(const std::string& name) { return entry(name)->stream->status; }

  base::Result<shard::Stored> put(const std::string& name, const std::string& data) {
    base::Result<shard::Stored> outcome = base::fail(Errc::internal_failure, "not told");
    entry(name)->shards[0]->append(log::testing::make_block({{"key", data}}, 0, &machine.budget),
                                   [&](auto stored) { outcome = std::move(stored); });
    return outcome;
  }
  std::vector<std::string> read(const std::string& name) {
    std::vector<std::string> data;
    entry(name)->shards[0]->read({}, [&](base::Result<shard::ReadPage> page) {
      ASSERT_TRUE(page) << base::describe(page.error());
      data = log::testing::data_of(page->page);
    });
    return data;
  }
  std::size_t used(base::MemoryShare share) const { return machine.budget.used(share); }

  testing::Machine machine;
  std::unique_ptr<Coordinator> coordinator;
};

TEST_F(CoordinatorTest, ACreatedStreamIsActiveAndWorks) {
  EXPECT_EQ(entry("orders"), nullptr);
  const auto before = coordinator->version();
  bool told = false;
  catalog::CreateStream spec;
  spec.stream = key("orders");
  spec.shard_count = 3;
  spec.record_kib_max = 2048;
  coordinator->create_stream(spec, [&](base::Result<void> outcome) {
    told = true;
    EXPECT_TRUE(outcome);
    EXPECT_GT(coordinator->version(), before);
    ASSERT_NE(entry("orders"), nullptr) << "the directory has moved before the answer";
    EXPECT_EQ(status_of("orders"), StreamStatus::active);
  });
  ASSERT_TRUE(told);
  EXPECT_EQ(entry("orders")->shards.size(), 3U);
  EXPECT_EQ(machine.engine.logs().size(), 3U);
  for (const auto& [id, config] : machine.engine.configs()) {
    EXPECT_EQ(id.stream_uid, uid_of("orders"));
    EXPECT_EQ(config.retention, std::chrono::hours(24));
    EXPECT_EQ(config.record_bytes_max, 2048U * 1024);
  }
  EXPECT_TRUE(put("orders", "hello"));
  EXPECT_EQ(read("orders"), std::vector<std::string>{"hello"});
}

TEST_F(CoordinatorTest, TheStreamIsThereAsCreatingWhileItsLogsAreMade) {
  machine.engine.hold(Call::create);
  const auto told = begin_create("orders", 200);
  EXPECT_EQ(told->times, 0);
  EXPECT_EQ(status_of("orders"), StreamStatus::creating);
  EXPECT_LE(machine.engine.held(), 64U);
  EXPECT_EQ(create("orders").error().code, Errc::exists);
  machine.engine.release();
  EXPECT_TRUE(ended(told));
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
  EXPECT_EQ(machine.engine.logs().size(), 200U);
}

TEST_F(CoordinatorTest, ALogThatCannotBeMadeUndoesTheStream) {
  const auto catalogue_bytes = used(base::MemoryShare::catalogue);
  machine.engine.fail(Call::create, 1);
  const auto outcome = create("orders", 4);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::unavailable);
  EXPECT_EQ(entry("orders"), nullptr);
  EXPECT_TRUE(machine.engine.logs().empty());
  EXPECT_EQ(used(base::MemoryShare::catalogue), catalogue_bytes);
  machine.engine.mend();
  EXPECT_TRUE(create("orders", 4));
}

TEST_F(CoordinatorTest, AnActivationThatCannotBeWrittenUndoesTheStream) {
  machine.engine.look_at_commands([](const catalog::Command& command) -> base::Result<void> {
    if (std::holds_alternative<catalog::ActivateStream>(command.body)) return base::fail(Errc::unavailable);
    return {};
  });
  EXPECT_EQ(create("orders").error().code, Errc::unavailable);
  EXPECT_EQ(entry("orders"), nullptr);
  EXPECT_TRUE(machine.engine.logs().empty());
}

TEST_F(CoordinatorTest, HoldsTheAccountsLimits) {
  coordinator.reset();
  start({.shards_max = 5, .on_demand_streams_max = 1});
  EXPECT_EQ(coordinator->limits().shards_max, 5U);
  EXPECT_TRUE(create("a", 3));
  EXPECT_EQ(create("b", 3).error(), base::Error(Errc::limit_exceeded, "shards"));
  catalog::CreateStream spec;
  spec.stream = key("c");
  spec.mode = catalog::StreamMode::on_demand;
  EXPECT_TRUE(ended(begin([&](auto done) { coordinator->create_stream(spec, std::move(done)); })));
  spec.stream = key("d");
  EXPECT_EQ(ended(begin([&](auto done) { coordinator->create_stream(spec, std::move(done)); })).error(),
            base::Error(Errc::limit_exceeded, "on_demand_streams"));
  EXPECT_TRUE(remove("a"));
  EXPECT_TRUE(create("b", 3));
}

// The memory of a stream is free before its name is: as its removal is about to be written.
TEST_F(CoordinatorTest, ADeletedStreamsMemoryIsFreeBeforeItsName) {
  const auto catalogue_bytes = used(base::MemoryShare::catalogue);
  ASSERT_TRUE(create("orders", 4));
  const auto old = coordinator->directory();
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(put("orders", std::string(20'000, 'x')));
  EXPECT_GT(used(base::MemoryShare::log), 1'000'000U);
  bool looked = false;
  machine.engine.look_at_commands([&](const catalog::Command& command) -> base::Result<void> {
    if (!std::holds_alternative<catalog::RemoveStream>(command.body)) return {};
    looked = true;
    EXPECT_EQ(used(base::MemoryShare::log), 0U);
    EXPECT_EQ(used(base::MemoryShare::append_queue), 0U);
    EXPECT_TRUE(machine.engine.logs().empty());
    EXPECT_EQ(status_of("orders"), StreamStatus::deleting);
    return {};
  });
  EXPECT_TRUE(remove("orders"));
  EXPECT_TRUE(looked);
  EXPECT_EQ(entry("orders"), nullptr);
  EXPECT_EQ(used(base::MemoryShare::catalogue), catalogue_bytes);
  // A request that still has the old directory is told that the stream is gone.
  base::Errc code = Errc::internal_failure;
  old->find(key("orders"))
      ->shards[0]
      ->append(log::testing::named_block("late", 1, 0, &machine.budget),
               [&](base::Result<shard::Stored> stored) { code = stored.error().code; });
  EXPECT_EQ(code, Errc::resource_not_found);
  EXPECT_EQ(used(base::MemoryShare::log), 0U);
}

TEST_F(CoordinatorTest, ANameCanBeUsedAgainAtOnce) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(create("orders"));
    EXPECT_TRUE(read("orders").empty());
    ASSERT_TRUE(put("orders", fmt::format("round {}", i)));
    ASSERT_TRUE(remove("orders"));
  }
  EXPECT_TRUE(machine.engine.logs().empty());
}

TEST_F(CoordinatorTest, ADeletionUnderWayRefusesAnother) {
  ASSERT_TRUE(create("orders"));
  const auto uid = uid_of("orders");
  machine.engine.hold(Call::drop);
  const auto first = begin_delete("orders", uid);
  EXPECT_EQ(status_of("orders"), StreamStatus::deleting);
  EXPECT_EQ(ended(begin_delete("orders", uid)).error(), base::Error(Errc::guard_failed, "status"));
  EXPECT_EQ(create("orders").error().code, Errc::exists);
  machine.engine.release();
  EXPECT_TRUE(ended(first));
  EXPECT_EQ(ended(begin_delete("orders", uid)).error().code, Errc::not_found);
}

TEST_F(CoordinatorTest, ADeletionThatFailedIsTakenUpAgain) {
  ASSERT_TRUE(create("orders", 3));
  machine.engine.fail(Call::drop, 2);
  EXPECT_EQ(remove("orders").error().code, Errc::unavailable);
  EXPECT_EQ(status_of("orders"), StreamStatus::deleting);
  machine.engine.mend();
  EXPECT_TRUE(remove("orders"));
  EXPECT_EQ(entry("orders"), nullptr);
  EXPECT_TRUE(machine.engine.logs().empty());
}

// The deletion passes the logs before some of them are made: they must not stay.
TEST_F(CoordinatorTest, AStreamDeletedWhileItIsCreatedLeavesNoLog) {
  machine.engine.hold(Call::create);
  const auto creation = begin_create("orders", 3);
  EXPECT_TRUE(remove("orders"));
  EXPECT_EQ(entry("orders"), nullptr);
  machine.engine.release();
  EXPECT_TRUE(ended(creation));
  EXPECT_EQ(entry("orders"), nullptr);
  EXPECT_TRUE(machine.engine.logs().empty());
  EXPECT_TRUE(create("orders"));
}

TEST_F(CoordinatorTest, ALateDeletionDoesNotTouchTheNextStreamOfTheName) {
  ASSERT_TRUE(create("orders"));
  const auto old = uid_of("orders");
  ASSERT_TRUE(remove("orders"));
  ASSERT_TRUE(create("orders"));
  EXPECT_EQ(ended(begin_delete("orders", old)).error().code, Errc::not_found);
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
}

TEST_F(CoordinatorTest, RetentionReachesReadsAndTheEngine) {
  ASSERT_TRUE(create("orders"));
  const auto shards = entry("orders")->shards;
  ASSERT_TRUE(put("orders", "old"));
  auto set = [&](std::uint32_t hours, bool increase) {
    return ended(begin([&](auto done) {
      coordinator->set_retention({key("orders"), uid_of("orders"), hours, increase}, std::move(done));
    }));
  };
  EXPECT_TRUE(set(48, true));
  EXPECT_EQ(entry("orders")->shards, shards) << "a change keeps the shards";
  EXPECT_EQ(entry("orders")->stream->retention_hours, 48U);
  for (const auto& [id, config] : machine.engine.configs())
    EXPECT_EQ(config.retention, std::chrono::hours(48));
  machine.clock.advance(std::chrono::hours(30));
  EXPECT_EQ(read("orders"), std::vector<std::string>{"old"});
  EXPECT_EQ(set(47, true).error(), base::Error(Errc::guard_failed, "retention"));
  EXPECT_TRUE(set(24, false));
  EXPECT_TRUE(read("orders").empty());
  for (const auto& [id, config] : machine.engine.configs())
    EXPECT_EQ(config.retention, std::chrono::hours(24));
}

TEST_F(CoordinatorTest, TheEngineIsLeftWithTheLastRetention) {
  ASSERT_TRUE(create("orders", 1));
  auto raise = [&](std::uint32_t hours) {
    return begin([&](auto done) {
      coordinator->set_retention({key("orders"), uid_of("orders"), hours, true}, std::move(done));
    });
  };
  machine.engine.hold(Call::configure);
  const auto first = raise(48);
  const auto second = raise(72);
  const auto third = raise(96);
  EXPECT_EQ(first->times + second->times + third->times, 0);
  EXPECT_EQ(machine.engine.held(), 1U) << "one at a time for a stream";
  machine.engine.release();
  EXPECT_TRUE(ended(first));
  EXPECT_TRUE(ended(second));
  EXPECT_TRUE(ended(third));
  EXPECT_EQ(machine.engine.configs().begin()->second.retention, std::chrono::hours(96));
  // A stream that is gone meanwhile, and an engine that refuses, are no error of the change.
  machine.engine.fail(Call::configure, 0);
  EXPECT_TRUE(ended(raise(120)));
  EXPECT_EQ(entry("orders")->stream->retention_hours, 120U);
}

TEST_F(CoordinatorTest, TagsChange) {
  ASSERT_TRUE(create("orders"));
  const auto uid = uid_of("orders");
  EXPECT_TRUE(ended(begin([&](auto done) {
    coordinator->change(catalog::AddTags{key("orders"), uid, {{"a", "1"}, {"b", "2"}}, 2}, std::move(done));
  })));
  EXPECT_EQ(ended(begin([&](auto done) {
              coordinator->change(catalog::AddTags{key("orders"), uid, {{"c", "3"}}, 2}, std::move(done));
            })).error(),
            base::Error(Errc::guard_failed, "tags"));
  EXPECT_TRUE(ended(
      begin([&](auto done) { coordinator->change(catalog::RemoveTags{key("orders"), uid, {"a"}}, std::move(done)); })));
  EXPECT_EQ(entry("orders")->stream->tags, (std::map<std::string, std::string>{{"b", "2"}}));
}

TEST_F(CoordinatorTest, OperationsUnderWayAreBounded) {
  machine.engine.hold(Call::create);
  std::vector<std::shared_ptr<Told>> under_way;
  for (std::size_t i = 0; i < Coordinator::operations_max; ++i) {
    under_way.push_back(begin_create(fmt::format("stream-{}", i), 1));
  }
  const base::Error too_many(Errc::limit_exceeded, "operations");
  EXPECT_EQ(create("one-more").error(), too_many);
  EXPECT_EQ(remove("stream-0").error(), too_many);
  const auto uid = uid_of("stream-0");
  EXPECT_EQ(ended(begin([&](auto done) {
              coordinator->set_retention({key("stream-0"), uid, 48, true}, std::move(done));
            })).error(),
            too_many);
  EXPECT_EQ(ended(begin([&](auto done) {
              coordinator->change(catalog::AddTags{key("stream-0"), uid, {}, 50}, std::move(done));
            })).error(),
            too_many);
  EXPECT_EQ(ended(begin([&](auto done) {
              coordinator->change(catalog::RemoveTags{key("stream-0"), uid, {}}, std::move(done));
            })).error(),
            too_many);
  machine.engine.release();
  for (const auto& told : under_way)
    EXPECT_TRUE(ended(told));
  EXPECT_TRUE(create("one-more"));
}

TEST_F(CoordinatorTest, AFullShareOfTheMemoryRefusesStreams) {
  coordinator.reset();
  testing::Machine small(std::size_t{1} << 20);
  auto opened = Coordinator::open(small.shared, small.random, {});
  ASSERT_TRUE(opened);
  base::Error refused;
  int made = 0;
  while (refused.message.empty() && made < 1'000) {
    catalog::CreateStream spec;
    spec.stream = key(fmt::format("stream-{}", made++));
    (*opened)->create_stream(spec, [&](base::Result<void> outcome) {
      if (!outcome) refused = outcome.error();
    });
  }
  EXPECT_EQ(refused, base::Error(Errc::limit_exceeded, "memory"));
  EXPECT_GT(made, 5);
}

// ---- Starts ----

TEST_F(CoordinatorTest, StreamsComeBackAfterAStart) {
  ASSERT_TRUE(create("a", 2));
  ASSERT_TRUE(create("b", 3));
  const auto a = entry("a")->stream;
  crash();
  start();
  EXPECT_EQ(*entry("a")->stream, *a);
  EXPECT_EQ(entry("b")->shards.size(), 3U);
  EXPECT_EQ(machine.engine.logs().size(), 5U);
  EXPECT_TRUE(put("a", "x"));
}

TEST_F(CoordinatorTest, AStartFinishesACreation) {
  machine.engine.hold(Call::create);
  const auto told = begin_create("orders", 3);
  crash();
  EXPECT_EQ(told->times, 0);
  EXPECT_TRUE(machine.engine.logs().empty());
  start();
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
  EXPECT_EQ(machine.engine.logs().size(), 3U);
  EXPECT_TRUE(put("orders", "x"));
}

TEST_F(CoordinatorTest, AStartFinishesADeletion) {
  ASSERT_TRUE(create("orders", 3));
  machine.engine.hold(Call::drop);
  const auto told = begin_delete("orders", uid_of("orders"));
  EXPECT_EQ(machine.engine.held(), 3U);
  crash();
  EXPECT_EQ(told->times, 0);
  start();
  EXPECT_EQ(entry("orders"), nullptr);
  EXPECT_TRUE(machine.engine.logs().empty());
  EXPECT_TRUE(create("orders"));
}

TEST_F(CoordinatorTest, AStartDropsLogsOfNoStreamAndMakesMissingOnes) {
  ASSERT_TRUE(create("orders", 3));
  const auto uid = uid_of("orders");
  crash();
  base::Result<void> outcome;
  machine.engine.drop({.stream_uid = uid, .shard_no = 1}, [&](auto dropped) { outcome = dropped; });
  machine.engine.create({.stream_uid = uid, .shard_no = 3}, {}, [&](auto created) { outcome = created; });
  machine.engine.create({.stream_uid = 99, .shard_no = 0}, {}, [&](auto created) { outcome = created; });
  ASSERT_TRUE(outcome);
  start();
  EXPECT_EQ(machine.engine.logs(), (std::vector<log::LogId>{{uid, 0}, {uid, 1}, {uid, 2}}));
}

TEST_F(CoordinatorTest, AStartCreatesTheLogsOfAllStreamsAgainWithTheirConfigurations) {
  ASSERT_TRUE(create("a", 70));
  ASSERT_TRUE(create("b", 70));
  ASSERT_TRUE(
      ended(begin([&](auto done) { coordinator->set_retention({key("b"), uid_of("b"), 48, true}, std::move(done)); })));
  const auto before = machine.engine.configs();
  crash();
  machine.engine.forget_configs();
  machine.engine.hold(Call::configure);
  start();
  EXPECT_EQ(machine.engine.held(), 0U) << "a creation says the configuration, too";
  EXPECT_EQ(machine.engine.configs(), before);
}

TEST_F(CoordinatorTest, AStartTellsTheEngineARetentionItMissed) {
  ASSERT_TRUE(create("orders", 1));
  machine.engine.hold(Call::configure);
  const auto told = begin(
      [&](auto done) { coordinator->set_retention({key("orders"), uid_of("orders"), 48, true}, std::move(done)); });
  EXPECT_EQ(told->times, 0);
  EXPECT_EQ(machine.engine.configs().begin()->second.retention, std::chrono::hours(24));
  crash();
  start();
  EXPECT_EQ(machine.engine.configs().begin()->second.retention, std::chrono::hours(48));
}

TEST_F(CoordinatorTest, AStartThatCannotReconcileFails) {
  ASSERT_TRUE(create("orders", 2));
  crash();
  machine.engine.fail(Call::create, 1);
  const auto opened = Coordinator::open(machine.shared, machine.random, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unavailable);
  machine.engine.mend();
  start();
  EXPECT_EQ(status_of("orders"), StreamStatus::active);
}

}  // namespace
}  // namespace millrace::coordinator
