#include "catalog/catalog.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <thread>

#include "base/mutex.h"
#include "catalog/codec.h"
#include "catalog/testing/keys.h"
#include "log/memory/memory_meta_log.h"
#include "sim/sim_clock.h"
#include "sim/sim_random.h"

namespace millrace::catalog {
namespace {

using testing_keys::key;

using base::Errc;
using log::Position;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// A log whose every step the test takes by hand.
class HandLog final : public log::MetaLog {
 public:
  void append(std::span<const std::byte> command, base::Done<Position> done) override {
    appends.push_back({std::string(reinterpret_cast<const char*>(command.data()), command.size()), std::move(done)});
  }
  void follow(Position from, Follower f) override {
    follower = std::move(f);
    for (Position at = from; at <= commands.size(); ++at)
      follower(at, bytes_of(commands[at - 1]));
  }
  void barrier(base::Done<Position> done) override { barriers.push_back(std::move(done)); }
  void save_snapshot(Position position, std::span<const std::byte> bytes, base::Done<void> done) override {
    saved = log::Snapshot{position, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())};
    saves.push_back(std::move(done));
  }
  std::optional<log::Snapshot> load_snapshot() override { return saved; }
  void trim(Position before, base::Done<void> done) override {
    trimmed_before = before;
    trims.push_back(std::move(done));
  }

  struct Append {
    std::string command;
    base::Done<Position> done;
  };
  // The oldest append's command enters the log and is followed; its `done` is left to the test.
  void deliver(std::size_t index = 0) {
    commands.push_back(appends[index].command);
    follower(commands.size(), bytes_of(commands.back()));
  }
  void answer(base::Result<Position> written) {
    auto append = std::move(appends.front());
    appends.pop_front();
    append.done(std::move(written));
  }

  std::vector<std::string> commands;
  std::deque<Append> appends;
  std::deque<base::Done<Position>> barriers;
  std::deque<base::Done<void>> saves;
  std::deque<base::Done<void>> trims;
  std::optional<log::Snapshot> saved;
  Position trimmed_before = 0;
  Follower follower;
};

CreateStream creation(std::string name, std::uint32_t shards = 1) {
  CreateStream command;
  command.stream = key(std::move(name));
  command.shard_count = shards;
  command.shards_max = 100'000;
  command.on_demand_streams_max = 10;
  return command;
}

// Keeps what a call-back was given.
struct Seen {
  int calls = 0;
  base::Result<Outcome> outcome = base::fail(Errc::cancelled, "not called");
  base::Done<Outcome> done() {
    return [this](base::Result<Outcome> result) {
      ++calls;
      outcome = std::move(result);
    };
  }
  Errc code() const { return outcome ? Errc::internal_failure : outcome.error().code; }
};

class CatalogTest : public testing::Test {
 protected:
  std::unique_ptr<Catalog> open(log::MetaLog& meta, CatalogOptions options = {}) {
    auto opened = Catalog::open(meta, clock.wall(), random, options);
    EXPECT_TRUE(opened) << base::describe(opened.error());
    return std::move(*opened);
  }
  // For a log that answers at once.
  base::Result<Outcome> run(Catalog& catalog, CommandBody body) {
    Seen seen;
    catalog.propose(std::move(body), seen.done());
    EXPECT_EQ(seen.calls, 1);
    return std::move(seen.outcome);
  }

  sim::SimClock clock;
  sim::SimRandom random{7};
};

TEST_F(CatalogTest, PublishesBeforeItAnswers) {
  log::MemoryMetaLog meta;
  const auto catalog = open(meta);
  EXPECT_EQ(catalog->version(), 0U);
  std::vector<std::string> order;
  catalog->on_change([&](const std::shared_ptr<const State>& state) {
    EXPECT_EQ(state, catalog->state());
    EXPECT_EQ(state->version, catalog->version());
    order.push_back(fmt::format("changed {}", state->version));
  });
  catalog->propose(creation("orders"), [&](base::Result<Outcome> outcome) {
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->stream->name, "orders");
    EXPECT_EQ(outcome->stream->created_ms, clock.wall().now_ms());
    EXPECT_EQ(outcome->state, catalog->state());
    EXPECT_NE(catalog->state()->find(key("orders")), nullptr);
    order.push_back("answered");
  });
  EXPECT_EQ(order, (std::vector<std::string>{"changed 1", "answered"}));
}

TEST_F(CatalogTest, ACallBackMayProposeAgain) {
  log::MemoryMetaLog meta;
  const auto catalog = open(meta);
  Seen activated;
  catalog->propose(creation("orders"), [&](base::Result<Outcome> outcome) {
    catalog->propose(ActivateStream{key("orders"), outcome.value().stream->uid}, activated.done());
  });
  EXPECT_EQ(activated.calls, 1);
  EXPECT_EQ((*catalog->state()->find(key("orders")))->status, StreamStatus::active);
}

TEST_F(CatalogTest, WhatIsRefusedNowIsNotWritten) {
  HandLog meta;
  const auto catalog = open(meta);
  Seen seen;
  catalog->propose(MarkDeleting{key("nothing"), 1}, seen.done());
  EXPECT_EQ(seen.calls, 1);
  EXPECT_EQ(seen.code(), Errc::not_found);
  EXPECT_TRUE(meta.appends.empty());
}

TEST_F(CatalogTest, WhatIsRefusedOnlyInItsPlaceOfTheLogIsTold) {
  HandLog meta;
  const auto catalog = open(meta);
  Seen first;
  Seen second;
  catalog->propose(creation("orders"), first.done());
  catalog->propose(creation("orders"), second.done());
  ASSERT_EQ(meta.appends.size(), 2U);
  // The second one wins the race to the log.
  meta.deliver(1);
  EXPECT_TRUE(second.outcome);
  meta.deliver(0);
  EXPECT_EQ(first.calls, 1);
  EXPECT_EQ(first.code(), Errc::exists);
  EXPECT_EQ(catalog->version(), 2U);
}

TEST_F(CatalogTest, ACommandThatIsSurelyNotWrittenFails) {
  HandLog meta;
  const auto catalog = open(meta);
  Seen seen;
  catalog->propose(creation("orders"), seen.done());
  meta.answer(base::fail(Errc::unavailable));
  EXPECT_EQ(seen.calls, 1);
  EXPECT_EQ(seen.code(), Errc::unavailable);
}

TEST_F(CatalogTest, AnUnknownOutcomeIsClearedUpByTheCommandItself) {
  HandLog meta;
  const auto catalog = open(meta);
  Seen seen;
  catalog->propose(creation("orders"), seen.done());
  const HandLog::Append& append = meta.appends.front();
  const std::string command = append.command;
  meta.answer(base::fail(Errc::unknown_outcome));
  EXPECT_EQ(seen.calls, 0);
  ASSERT_EQ(meta.barriers.size(), 1U);
  meta.commands.push_back(command);
  meta.follower(1, bytes_of(command));
  EXPECT_EQ(seen.calls, 1);
  EXPECT_TRUE(seen.outcome);
  meta.barriers.front()(1);
  EXPECT_EQ(seen.calls, 1);
}

TEST_F(CatalogTest, AnUnknownOutcomeStaysOneOnceTheBarrierIsPassed) {
  HandLog meta;
  const auto catalog = open(meta);
  Seen lost;
  Seen other;
  catalog->propose(creation("lost"), lost.done());
  const std::string late = meta.appends.front().command;
  meta.answer(base::fail(Errc::unknown_outcome));
  catalog->propose(creation("other"), other.done());
  // The barrier stands behind the other command, which has not been followed yet.
  meta.barriers.front()(1);
  EXPECT_EQ(lost.calls, 0);
  meta.deliver();
  EXPECT_TRUE(other.outcome);
  EXPECT_EQ(lost.calls, 1);
  EXPECT_EQ(lost.code(), Errc::unknown_outcome);
  // It comes after all: applied, and nobody is told twice.
  meta.follower(2, bytes_of(late));
  EXPECT_EQ(lost.calls, 1);
  EXPECT_NE(catalog->state()->find(key("lost")), nullptr);
}

TEST_F(CatalogTest, AnUnknownOutcomeStaysOneWhereTheBarrierIsBehindOrFails) {
  HandLog meta;
  const auto catalog = open(meta);
  Seen first;
  catalog->propose(creation("a"), first.done());
  meta.answer(base::fail(Errc::unknown_outcome));
  meta.barriers.front()(Position{0});
  EXPECT_EQ(first.calls, 1);
  EXPECT_EQ(first.code(), Errc::unknown_outcome);
  Seen second;
  catalog->propose(creation("b"), second.done());
  meta.answer(base::fail(Errc::unknown_outcome));
  meta.barriers.back()(base::fail(Errc::unavailable));
  EXPECT_EQ(second.calls, 1);
  EXPECT_EQ(second.code(), Errc::unknown_outcome);
}

TEST_F(CatalogTest, ProposalsThatWaitAreBounded) {
  HandLog meta;
  std::vector<Seen> waiting(Catalog::proposals_max);  // outlives the catalogue, which answers them at its end
  Seen admitted;
  const auto catalog = open(meta);
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    catalog->propose(creation(fmt::format("s{}", i)), waiting[i].done());
  }
  Seen refused;
  catalog->propose(creation("one-more"), refused.done());
  EXPECT_EQ(refused.calls, 1);
  EXPECT_EQ(refused.code(), Errc::full);
  meta.deliver();
  catalog->propose(creation("one-more"), admitted.done());
  EXPECT_EQ(admitted.calls, 0);
  EXPECT_EQ(meta.appends.size(), Catalog::proposals_max + 1);
}

TEST_F(CatalogTest, ClosingAnswersWhatWaits) {
  HandLog meta;
  auto catalog = open(meta);
  Seen seen;
  catalog->propose(creation("orders"), seen.done());
  catalog.reset();
  EXPECT_EQ(seen.calls, 1);
  EXPECT_EQ(seen.code(), Errc::cancelled);
  // What the log still does reaches nobody.
  meta.deliver();
  meta.answer(1);
  EXPECT_EQ(seen.calls, 1);
}

TEST_F(CatalogTest, OpensWhereItLeftOff) {
  log::MemoryMetaLog meta;
  std::string before;
  {
    const auto catalog = open(meta, {.commands_per_snapshot = 7});
    for (int i = 0; i < 40; ++i) {
      const auto made = run(*catalog, creation(fmt::format("s{}", i))).value().stream;
      if (i % 3 == 0) ASSERT_TRUE(run(*catalog, ActivateStream{made->key(), made->uid}));
      clock.advance(std::chrono::milliseconds(300));
    }
    before = encode(*catalog->state());
  }
  ASSERT_TRUE(meta.load_snapshot());
  EXPECT_GT(meta.load_snapshot()->position, 40U);
  const auto catalog = open(meta);
  EXPECT_EQ(encode(*catalog->state()), before);
  EXPECT_EQ(catalog->version(), 54U);
}

TEST_F(CatalogTest, SavesASnapshotThenTrimsOneAtATime) {
  HandLog meta;
  const auto catalog = open(meta, {.commands_per_snapshot = 2});
  auto add = [&](const char* name) {
    Seen seen;
    catalog->propose(creation(name), seen.done());
    meta.deliver();
    meta.answer(meta.commands.size());
    EXPECT_TRUE(seen.outcome);
  };
  add("a");
  EXPECT_TRUE(meta.saves.empty());
  add("b");
  ASSERT_EQ(meta.saves.size(), 1U);
  EXPECT_EQ(meta.saved->position, 2U);
  EXPECT_TRUE(meta.trims.empty()) << "nothing is trimmed before the snapshot is durable";
  add("c");
  add("d");
  EXPECT_EQ(meta.saves.size(), 1U) << "one is on its way";
  meta.saves.front()({});
  ASSERT_EQ(meta.trims.size(), 1U);
  EXPECT_EQ(meta.trimmed_before, 3U);
  add("e");
  EXPECT_EQ(meta.saves.size(), 1U);
  meta.trims.front()({});
  add("f");
  ASSERT_EQ(meta.saves.size(), 2U);
  EXPECT_EQ(meta.saved->position, 6U);
  // One that fails is no end of anything: the log stays, and the next one comes in its time.
  meta.saves.back()(base::fail(Errc::io));
  EXPECT_EQ(meta.trims.size(), 1U);
  add("g");
  EXPECT_EQ(meta.saves.size(), 2U);
  add("h");
  EXPECT_EQ(meta.saves.size(), 3U);
}

TEST_F(CatalogTest, SavesASnapshotWhenOpenedFarBehind) {
  HandLog meta;
  State state;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    Command command{.id = {}, .time_ms = 1, .body = creation(fmt::format("s{}", i))};
    random.fill(command.id);
    meta.commands.push_back(encode(command));
    static_cast<void>(apply_to(state, command, i));
  }
  const auto catalog = open(meta, {.commands_per_snapshot = 5});
  ASSERT_EQ(meta.saves.size(), 1U);
  EXPECT_EQ(meta.saved->position, 5U);
  EXPECT_EQ(meta.saved->bytes, encode(state));
  EXPECT_EQ(encode(*catalog->state()), encode(state));
}

TEST_F(CatalogTest, ALogOfANewerVersionIsAClearErrorAtOpen) {
  HandLog meta;
  meta.commands.push_back(std::string("\x0a\x10") + std::string(16, 'i') + std::string("\x10\x05\x9a\x06\x00", 5));
  const auto opened = Catalog::open(meta, clock.wall(), random);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::bad_config);
  EXPECT_NE(opened.error().message.find("command 1 of the log"), std::string::npos) << opened.error().message;
  EXPECT_NE(opened.error().message.find("newer version"), std::string::npos) << opened.error().message;
}

TEST_F(CatalogTest, ADamagedLogOrSnapshotIsAClearErrorAtOpen) {
  HandLog damaged;
  damaged.commands.push_back("\xff\xff\xff");
  EXPECT_EQ(Catalog::open(damaged, clock.wall(), random).error().code, Errc::data_loss);
  HandLog snapshot;
  snapshot.saved = log::Snapshot{3, "\xff\xff\xff"};
  EXPECT_EQ(Catalog::open(snapshot, clock.wall(), random).error().code, Errc::data_loss);
  HandLog elsewhere;
  State state;
  state.version = 2;
  elsewhere.saved = log::Snapshot{3, encode(state)};
  EXPECT_EQ(Catalog::open(elsewhere, clock.wall(), random).error().code, Errc::data_loss);
}

TEST_F(CatalogTest, ACommandThatCannotBeReadStopsTheCatalogue) {
  HandLog meta;
  const auto catalog = open(meta);
  Seen waiting;
  catalog->propose(creation("orders"), waiting.done());
  meta.follower(1, bytes_of("\xff\xff\xff"));
  EXPECT_EQ(waiting.calls, 1);
  EXPECT_EQ(waiting.code(), Errc::data_loss);
  Seen later;
  catalog->propose(creation("orders"), later.done());
  EXPECT_EQ(later.code(), Errc::data_loss);
  meta.follower(2, bytes_of(meta.appends.front().command));
  EXPECT_EQ(catalog->version(), 0U);
}

TEST_F(CatalogTest, TheStateCountsInItsShareOfTheMemory) {
  base::MemoryBudget budget(std::size_t{1} << 20);
  constexpr auto share = base::MemoryShare::catalogue;
  log::MemoryMetaLog meta;
  const CatalogOptions options{.budget = &budget, .costs = {.stream_bytes = 100, .shard_bytes = 50}};
  {
    const auto catalog = open(meta, options);
    EXPECT_EQ(budget.used(share), 0U);
    const auto made = run(*catalog, creation("orders", 4)).value().stream;
    const std::size_t with_stream = budget.used(share);
    EXPECT_EQ(with_stream, options.costs.of(*made));
    ASSERT_TRUE(run(*catalog, ActivateStream{key("orders"), made->uid}));
    ASSERT_TRUE(run(*catalog, AddTags{key("orders"), made->uid, {{"key", std::string(100, 'v')}}, 50}));
    EXPECT_EQ(budget.used(share), with_stream + options.costs.of_tag("key", std::string(100, 'v')));
    ASSERT_TRUE(run(*catalog, RemoveTags{key("orders"), made->uid, {"key"}}));
    EXPECT_EQ(budget.used(share), with_stream);
    EXPECT_EQ(run(*catalog, creation("orders", 4)).error().code, Errc::exists);
    EXPECT_EQ(budget.used(share), with_stream) << "what was refused holds nothing";
  }
  EXPECT_EQ(budget.used(share), 0U);
  const auto catalog = open(meta, options);
  EXPECT_GT(budget.used(share), 0U) << "what was loaded counts";
  const auto uid = (*catalog->state()->find(key("orders")))->uid;
  ASSERT_TRUE(run(*catalog, MarkDeleting{key("orders"), uid}));
  ASSERT_TRUE(run(*catalog, RemoveStream{key("orders"), uid}));
  EXPECT_EQ(budget.used(share), 0U);
}

TEST_F(CatalogTest, AFullShareRefusesWhatGrows) {
  base::MemoryBudget budget(std::size_t{1} << 20);  // 20 KiB for the catalogue
  constexpr auto share = base::MemoryShare::catalogue;
  log::MemoryMetaLog meta;
  const auto catalog = open(meta, {.budget = &budget, .costs = {}});
  const auto orders = run(*catalog, creation("orders")).value().stream;
  ASSERT_TRUE(run(*catalog, ActivateStream{key("orders"), orders->uid}));
  std::vector<std::shared_ptr<const Stream>> made;
  for (;;) {
    auto outcome = run(*catalog, creation(fmt::format("stream-{}", made.size())));
    if (!outcome) {
      EXPECT_EQ(outcome.error(), base::Error(Errc::limit_exceeded, "memory"));
      break;
    }
    made.push_back(outcome->stream);
  }
  EXPECT_GT(made.size(), 5U);
  EXPECT_LE(budget.used(share), budget.max(share));
  std::map<std::string, std::string> tags;
  for (int i = 0; i < 20; ++i)
    tags[fmt::format("key-{}", i)] = std::string(256, 'v');
  EXPECT_EQ(run(*catalog, AddTags{key("orders"), orders->uid, tags, 50}).error(),
            base::Error(Errc::limit_exceeded, "memory"));
  // What does not grow goes on, and frees it.
  for (const auto& stream : made) {
    ASSERT_TRUE(run(*catalog, MarkDeleting{stream->key(), stream->uid}));
    ASSERT_TRUE(run(*catalog, RemoveStream{stream->key(), stream->uid}));
  }
  EXPECT_TRUE(run(*catalog, AddTags{key("orders"), orders->uid, tags, 50}));
}

TEST_F(CatalogTest, APendingProposalHoldsItsMemory) {
  base::MemoryBudget budget(std::size_t{1} << 20);
  constexpr auto share = base::MemoryShare::catalogue;
  HandLog meta;
  const auto catalog = open(meta, {.budget = &budget, .costs = {}});
  Seen failed;
  catalog->propose(creation("orders", 10), failed.done());
  EXPECT_GT(budget.used(share), 0U);
  meta.answer(base::fail(Errc::unavailable));
  EXPECT_EQ(budget.used(share), 0U);
}

// Several threads create, activate, tag and delete streams of their own and fight for common ones.
TEST_F(CatalogTest, ProposalsFromManyThreadsAreOneOrder) {
  base::MemoryBudget budget(std::size_t{64} << 20);
  log::MemoryMetaLog meta;
  constexpr int threads = 4;
  constexpr int rounds = 100;
  std::string after;
  {
    const auto catalog = open(meta, {.budget = &budget, .costs = {}, .commands_per_snapshot = 50});
    std::uint64_t last_version = 0;
    catalog->on_change([&](const std::shared_ptr<const State>& state) {
      EXPECT_EQ(state->version, last_version + 1);
      last_version = state->version;
    });
    std::atomic<int> answers{0};
    std::atomic<int> common_made{0};
    std::atomic<int> common_removed{0};
    auto work = [&](int thread) {
      for (int i = 0; i < rounds; ++i) {
        const auto name = fmt::format("own-{}-{}", thread, i);
        catalog->propose(creation(name), [&, name](base::Result<Outcome> made) {
          ++answers;
          ASSERT_TRUE(made);
          const auto uid = made->stream->uid;
          catalog->propose(ActivateStream{key(name), uid}, [&](base::Result<Outcome> active) {
            ++answers;
            EXPECT_TRUE(active);
          });
        });
        catalog->propose(creation("common"), [&](base::Result<Outcome> made) {
          ++answers;
          if (made) {
            ++common_made;
          } else {
            EXPECT_EQ(made.error().code, Errc::exists);
          }
        });
        const auto state = catalog->state();
        if (const auto* common = state->find(key("common"))) {
          const auto uid = (*common)->uid;
          catalog->propose(MarkDeleting{key("common"), uid}, [&, uid](base::Result<Outcome> marked) {
            if (!marked) return;
            catalog->propose(RemoveStream{key("common"), uid}, [&](base::Result<Outcome> removed) {
              EXPECT_TRUE(removed);
              ++common_removed;
            });
          });
        }
      }
    };
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t)
      running.emplace_back(work, t);
    for (std::thread& thread : running)
      thread.join();

    EXPECT_EQ(answers, threads * rounds * 3);
    const auto state = catalog->state();
    const int common_left = state->find(key("common")) != nullptr ? 1 : 0;
    EXPECT_EQ(common_made, common_removed + common_left);
    EXPECT_EQ(state->streams.size(), static_cast<std::size_t>(threads * rounds + common_left));
    after = encode(*state);
  }
  EXPECT_EQ(budget.used(base::MemoryShare::catalogue), 0U);
  const auto again = open(meta);
  EXPECT_EQ(encode(*again->state()), after);
}

}  // namespace
}  // namespace millrace::catalog
