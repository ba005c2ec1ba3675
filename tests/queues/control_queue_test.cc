// What the coordinator, the catalogue and the log for operators may hold.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "api/streams.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "catalog/history.h"
#include "coordinator/fan_out.h"
#include "coordinator/testing/machine.h"
#include "log/memory/memory_engine.h"
#include "log/memory/memory_meta_log.h"
#include "tests/queues/world.h"

namespace millrace::queues {
namespace {

using base::Errc;
using catalog::Catalog;
using catalog::History;
using coordinator::Coordinator;
using coordinator::testing::TestEngine;
using Names = std::vector<std::string>;

// A broker over an engine whose creation of logs is held.
class ControlQueue : public ::testing::Test {
 protected:
  Pending create(std::string_view name, int shards = 1) {
    return world_.send("CreateStream", fmt::format(R"({{"StreamName":"{}","ShardCount":{}}})", name, shards));
  }

  TestEngine* engine_ = nullptr;
  World world_{[this](base::MemoryBudget& budget, const io::WallClock& clock) {
    auto made = std::make_unique<TestEngine>(budget, clock);
    engine_ = made.get();
    return made;
  }};
};

TEST_F(ControlQueue, ControlOperations) {
  world_.create("there");
  engine_->hold(TestEngine::Call::create);
  std::vector<Pending> waiting;
  for (std::size_t i = 0; i < Coordinator::operations_max; ++i)
    waiting.push_back(create(fmt::format("s{}", i)));
  EXPECT_FALSE(waiting.back().is_answered());
  EXPECT_EQ(world_.metric("millrace_control_operations"), static_cast<double>(Coordinator::operations_max));
  EXPECT_EQ(world_.not_ready(), Names{"control_operations"});

  const std::vector<std::pair<std::string_view, std::string>> further = {
      {"AddTagsToStream", R"({"StreamName":"there","Tags":{"a":"b"}})"},
      {"RemoveTagsFromStream", R"({"StreamName":"there","TagKeys":["a"]})"},
      {"IncreaseStreamRetentionPeriod", R"({"StreamName":"there","RetentionPeriodHours":48})"},
      {"DeleteStream", R"({"StreamName":"there"})"},
  };
  for (const auto& [operation, json] : further) {
    const Pending over = world_.send(operation, json);
    EXPECT_EQ(over.status(), 400) << operation;
    EXPECT_EQ(over.body(), stream_is_full("there")) << operation;
  }
  EXPECT_EQ(create("over").body(), stream_is_full("over"));
  // What changes nothing is no such operation.
  EXPECT_EQ(world_.put("there", 1).status(), 200);

  engine_->release();
  for (const Pending& one : waiting)
    ASSERT_EQ(one.status(), 200) << one.body();
  EXPECT_EQ(world_.metric("millrace_control_operations"), 0);
  EXPECT_EQ(world_.not_ready(), Names{});
  for (const auto& [operation, json] : further)
    EXPECT_EQ(world_.send(operation, json).status(), 200) << operation;
  EXPECT_EQ(create("over").status(), 200);
}

TEST_F(ControlQueue, EngineCallsOfAnOperation) {
  engine_->hold(TestEngine::Call::create);
  const Pending created = create("s", 1'000);
  EXPECT_FALSE(created.is_answered());
  EXPECT_EQ(engine_->held(), coordinator::parallel_calls_max);
  engine_->release();
  EXPECT_EQ(created.status(), 200) << created.body();
  EXPECT_EQ(engine_->logs().size(), 1'000U);
}

// A command log that keeps what is appended until the test lets it through.
class HeldLog final : public log::MetaLog {
 public:
  void append(std::span<const std::byte> command, base::Done<log::Position> done) override {
    held_.push_back({std::vector<std::byte>(command.begin(), command.end()), std::move(done)});
  }
  void follow(log::Position from, Follower follower) override { inner_.follow(from, std::move(follower)); }
  void barrier(base::Done<log::Position> done) override { inner_.barrier(std::move(done)); }
  void save_snapshot(log::Position position, std::span<const std::byte> bytes, base::Done<void> done) override {
    inner_.save_snapshot(position, bytes, std::move(done));
  }
  std::optional<log::Snapshot> load_snapshot() override { return inner_.load_snapshot(); }
  void trim(log::Position before, base::Done<void> done) override { inner_.trim(before, std::move(done)); }

  void release(std::size_t count) {
    for (; count > 0 && !held_.empty(); --count) {
      Held oldest = std::move(held_.front());
      held_.pop_front();
      inner_.append(oldest.command, std::move(oldest.done));
    }
  }
  std::size_t held() const { return held_.size(); }

 private:
  struct Held {
    std::vector<std::byte> command;
    base::Done<log::Position> done;
  };
  log::MemoryMetaLog inner_;
  std::deque<Held> held_;
};

catalog::CreateStream creation(std::string name) {
  catalog::CreateStream command;
  command.name = std::move(name);
  command.shard_count = 1;
  command.shards_max = 100'000;
  return command;
}

TEST_F(ControlQueue, CatalogueProposals) {
  // Through a coordinator its own maximum comes first, so that this one is a second line.
  static_assert(Coordinator::operations_max <= Catalog::proposals_max);
  HeldLog meta;
  const auto catalog = Catalog::open(meta, world_.clock.wall(), world_.random).value();
  std::size_t told = 0;
  const auto propose = [&](std::size_t i) {
    catalog->propose(creation(fmt::format("s{}", i)), [&told](const base::Result<catalog::Outcome>& outcome) {
      EXPECT_TRUE(outcome.has_value());
      ++told;
    });
  };
  for (std::size_t i = 0; i < Catalog::proposals_max; ++i)
    propose(i);
  EXPECT_EQ(catalog->proposals(), Catalog::proposals_max);
  EXPECT_EQ(meta.held(), Catalog::proposals_max);
  base::Error over;
  catalog->propose(creation("over"),
                   [&over](const base::Result<catalog::Outcome>& outcome) { over = outcome.error(); });
  EXPECT_EQ(over.code, Errc::full);
  EXPECT_EQ(meta.held(), Catalog::proposals_max) << "what is refused is not written";
  EXPECT_EQ(api::told(*world_.context, "over", over),
            base::Error(Errc::limit_exceeded, "Rate exceeded for stream over under account 000000000000."));

  meta.release(1);
  EXPECT_EQ(told, 1U);
  propose(Catalog::proposals_max);
  EXPECT_EQ(catalog->proposals(), Catalog::proposals_max);
  meta.release(SIZE_MAX);
  EXPECT_EQ(told, Catalog::proposals_max + 1);
  EXPECT_EQ(catalog->proposals(), 0U);
  EXPECT_EQ(world_.metric("millrace_catalogue_proposals"), 0) << "those of the world's own catalogue";
}

TEST(CatalogueQueue, CatalogueLog) {
  constexpr std::uint32_t max = catalog::CatalogOptions{}.commands_per_snapshot;
  sim::SimClock clock;
  sim::SimRandom random{1};
  log::MemoryMetaLog meta;
  auto catalog = Catalog::open(meta, clock.wall(), random).value();
  std::uint64_t uid = 0;
  const auto propose = [&](catalog::CommandBody body) {
    catalog->propose(std::move(body), [&uid](const base::Result<catalog::Outcome>& outcome) {
      ASSERT_TRUE(outcome.has_value());
      uid = outcome->stream->uid;
    });
  };
  propose(creation("s"));
  propose(catalog::ActivateStream{"s", uid});
  for (std::uint32_t i = 2; i < max - 1; ++i)
    propose(catalog::AddTags{"s", uid, {{"tag", std::to_string(i)}}, 50});
  EXPECT_FALSE(meta.load_snapshot().has_value()) << "one less than the maximum";
  for (std::uint32_t i = 0; i < 2 * max + max / 2; ++i)
    propose(catalog::AddTags{"s", uid, {{"tag", std::to_string(i)}}, 50});
  const log::Position last = catalog->version();
  ASSERT_TRUE(meta.load_snapshot().has_value());
  EXPECT_EQ(meta.load_snapshot()->position, 3 * max);

  // What a start finds: the snapshot, and no more than that behind it.
  catalog.reset();
  std::size_t kept = 0;
  meta.follow(1, [&kept](log::Position, std::span<const std::byte>) { ++kept; });
  EXPECT_EQ(kept, last - 3 * max);
  EXPECT_LT(kept, max);
  catalog = Catalog::open(meta, clock.wall(), random).value();
  EXPECT_EQ(catalog->version(), last);
  EXPECT_TRUE(catalog->state()->find("s") != nullptr);
}

TEST(CatalogueQueue, RememberedCommands) {
  const auto id = [](std::size_t i) {
    catalog::CommandId made{};
    made[0] = static_cast<std::byte>(i % 256);
    made[1] = static_cast<std::byte>(i / 256);
    return made;
  };
  History history;
  for (std::size_t i = 0; i < History::recent_ids_max; ++i)
    history.add(id(i));
  EXPECT_TRUE(history.has_seen(id(0)));
  for (const std::size_t i : {History::recent_ids_max, History::recent_ids_max + 1}) {
    history.add(id(i));
    EXPECT_EQ(history.recent_ids().size(), History::recent_ids_max);
    EXPECT_TRUE(history.has_seen(id(i)));
    EXPECT_FALSE(history.has_seen(id(i - History::recent_ids_max)));
    EXPECT_TRUE(history.has_seen(id(i - History::recent_ids_max + 1)));
  }
}

TEST(CatalogueQueue, RememberedStreams) {
  History history;
  const auto remove = [&history](std::size_t i) {
    history.add_removed(fmt::format("s{}", i),
                        {.removed_at = i + 1, .created_s = static_cast<std::int64_t>(1'000 + i)});
  };
  for (std::size_t i = 0; i < History::removed_max; ++i)
    remove(i);
  EXPECT_EQ(history.removed().size(), History::removed_max);
  EXPECT_EQ(history.last_created_s("s1"), 1'001);
  EXPECT_LT(history.last_created_s("never there"), 1'000);
  remove(History::removed_max);
  EXPECT_EQ(history.removed().size(), History::removed_max);
  EXPECT_FALSE(history.removed().contains("s0"));
  // A stream made again under the forgotten name is still younger than it was.
  EXPECT_GE(history.last_created_s("s0"), 1'000);
  EXPECT_GE(history.last_created_s("never there"), 1'000);
  history.forget_removed("s1");
  remove(History::removed_max + 1);
  EXPECT_TRUE(history.removed().contains("s2")) << "there was room again";
}

TEST(OperatorsQueue, LimitedLogLines) {
  using base::log::Level;
  // What is written for that key at that time.
  const auto lines = [](std::string_view key, std::int64_t now_ms) {
    ::testing::internal::CaptureStderr();
    base::log::write_limited(key, now_ms, Level::warn, key);
    return ::testing::internal::GetCapturedStderr();
  };
  std::int64_t now_ms = 1'000'000;
  for (std::size_t i = 0; i < base::log::repeat_keys_max; ++i)
    lines(fmt::format("kind-{}", i), now_ms);
  // Whatever other tests have left behind has passed by now.
  now_ms += 2 * base::log::repeat_interval_ms;
  EXPECT_NE(lines("over-1", now_ms), "");
  EXPECT_EQ(lines("over-2", now_ms), "") << "it shares a limit with the one before";
  EXPECT_NE(lines("kind-0", now_ms), "") << "a kind that is told apart has a limit of its own";
  EXPECT_EQ(lines("kind-0", now_ms), "");
  now_ms += base::log::repeat_interval_ms;
  const std::string again = lines("over-2", now_ms);
  EXPECT_NE(again.find("over-2 (1 more like this were not shown)"), std::string::npos) << again;
}

}  // namespace
}  // namespace millrace::queues
