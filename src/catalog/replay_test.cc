// The catalogue is what its log adds up to: random logs of commands, cut anywhere, give the same state byte for byte
// whether they are replayed from the start or from a snapshot at the cut.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <vector>

#include "catalog/apply.h"
#include "catalog/codec.h"
#include "catalog/testing/keys.h"
#include "sim/sim_clock.h"
#include "sim/sim_random.h"

namespace millrace::catalog {
namespace {

using testing_keys::key;

std::uint64_t seed_of_run() {
  const char* given = std::getenv("MILLRACE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

// Makes commands that mostly fit the state they are made for, some that come late, and some that come twice.
class CommandMaker {
 public:
  explicit CommandMaker(std::uint64_t seed) : random_(seed) {}

  Command next(const State& state) {
    if (!made_.empty() && random_.below(20) == 0) return made_[random_.below(made_.size())];
    Command command{.id = {}, .time_ms = next_time_ms(), .body = body(state)};
    random_.fill(command.id);
    made_.push_back(command);
    return command;
  }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

 private:
  // Stands still often, and goes back at times.
  std::int64_t next_time_ms() {
    const auto kind = random_.below(10);
    if (kind < 6) time_ms_ += static_cast<std::int64_t>(random_.below(900));
    if (kind == 6) time_ms_ -= static_cast<std::int64_t>(random_.below(5'000));
    return time_ms_;
  }

  CommandBody body(const State& state) {
    const std::string name = fmt::format("stream-{}", random_.below(12));
    const auto* found = state.find(key(name));
    // A wrong uid now and then, as a late command has it.
    const std::uint64_t uid =
        found == nullptr || random_.below(10) == 0 ? random_.below(state.last_uid + 2) : (*found)->uid;
    switch (random_.below(found == nullptr ? 3 : 10)) {
      case 0:
      case 1:
        return creation(name);
      case 2:
      case 3:
        return ActivateStream{key(name), uid};
      case 4:
        return MarkDeleting{key(name), uid};
      case 5:
      case 6:
        return RemoveStream{key(name), uid};
      case 7:
        return SetRetention{key(name), uid, static_cast<std::uint32_t>(24 + random_.below(100)), random_.below(2) == 0};
      case 8:
        return AddTags{key(name), uid, tags(), 8};
      default:
        return RemoveTags{key(name), uid, {tag_key(), tag_key()}};
    }
  }

  CreateStream creation(const std::string& name) {
    CreateStream command;
    command.stream = key(name);
    command.mode = random_.below(3) == 0 ? StreamMode::on_demand : StreamMode::provisioned;
    command.shard_count = static_cast<std::uint32_t>(random_.below(9));
    command.tags = tags();
    command.shards_max = 40;
    command.on_demand_streams_max = 3;
    if (random_.below(4) == 0) command.warm_throughput_mibps = static_cast<std::uint32_t>(random_.below(9));
    return command;
  }

  std::string tag_key() { return fmt::format("tag-{}", random_.below(12)); }
  std::map<std::string, std::string> tags() {
    std::map<std::string, std::string> tags;
    for (auto n = random_.below(4); n > 0; --n)
      tags[tag_key()] = std::string(random_.below(30), 'v');
    return tags;
  }

  sim::SimRandom random_;
  std::int64_t time_ms_ = sim::SimClock::start_ms;
  std::vector<Command> made_;
};

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

void replay(State& state, const std::vector<std::string>& log, std::size_t first) {
  for (std::size_t i = first; i < log.size(); ++i) {
    const auto command = decode_command(bytes_of(log[i]));
    ASSERT_TRUE(command) << base::describe(command.error());
    static_cast<void>(apply_to(state, *command, i + 1));
  }
}

// The counters of a state are what its streams add up to, and its shards cover the key space.
void expect_consistent(const State& state) {
  std::uint64_t open_shards = 0;
  std::uint64_t on_demand = 0;
  for (const auto& [name, stream] : state.streams) {
    EXPECT_EQ(name, stream->name);
    EXPECT_LE(stream->uid, state.last_uid);
    base::u128 next = 0;
    for (const ShardInfo& shard : stream->shards) {
      EXPECT_EQ(shard.range.first, next);
      next = shard.range.last + 1;
    }
    EXPECT_EQ(next, base::u128{0}) << "the last range ends where the key space does";
    if (stream->status == StreamStatus::deleting) continue;
    open_shards += stream->shards.size();
    on_demand += stream->mode == StreamMode::on_demand ? 1 : 0;
  }
  EXPECT_EQ(open_shards, state.open_shards);
  EXPECT_EQ(on_demand, state.on_demand_streams);
  EXPECT_LE(open_shards, 40U);
  EXPECT_LE(on_demand, 3U);
}

// Each name's creation seconds and stamps only ever grow.
class GrowthWitness {
 public:
  void see(const State& state) {
    for (const auto& [name, stream] : state.streams) {
      auto& [uid, created_s, created_ms] = last_[name];
      if (stream->uid == uid) continue;
      EXPECT_GT(stream->uid, uid);
      EXPECT_GT(stream->shards.front().created_s, created_s);
      EXPECT_GT(stream->created_ms, created_ms);
      uid = stream->uid;
      created_s = stream->shards.front().created_s;
      created_ms = stream->created_ms;
    }
  }

 private:
  struct Last {
    std::uint64_t uid = 0;
    std::int64_t created_s = 0;
    std::int64_t created_ms = 0;
  };
  std::map<std::string, Last> last_;
};

TEST(ReplayTest, SnapshotAndRestEqualTheFullReplay) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE(fmt::format("MILLRACE_SEED={}", seed));
  std::printf("MILLRACE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  CommandMaker maker(seed);
  std::map<std::size_t, std::size_t> applied_by_kind;
  std::size_t refused = 0;

  for (int round = 0; round < 24; ++round) {
    // Some logs are longer than the window of ids, so that it turns over.
    const std::size_t length = round % 12 == 0 ? 1'500 : 1 + maker.below(250);
    std::vector<std::string> log;
    GrowthWitness witness;
    auto state = std::make_shared<const State>();
    for (std::size_t i = 0; i < length; ++i) {
      const Command command = maker.next(*state);
      log.push_back(encode(command));
      Applied applied = apply(state, command, i + 1);
      state = applied.state;
      if (applied.outcome) {
        ++applied_by_kind[command.body.index()];
      } else {
        ++refused;
      }
      witness.see(*state);
    }
    expect_consistent(*state);
    const std::string expected = encode(*state);

    State replayed;
    replay(replayed, log, 0);
    ASSERT_EQ(encode(replayed), expected);

    for (int cuts = 0; cuts < 8; ++cuts) {
      const std::size_t cut = maker.below(length + 1);
      State head;
      replay(head, {log.begin(), log.begin() + static_cast<std::ptrdiff_t>(cut)}, 0);
      const std::string snapshot = encode(head);
      auto restored = decode_state(bytes_of(snapshot));
      ASSERT_TRUE(restored) << base::describe(restored.error());
      ASSERT_EQ(encode(**restored), snapshot);
      replay(**restored, log, cut);
      ASSERT_EQ(encode(**restored), expected) << "cut at " << cut << " of " << length;
      ASSERT_EQ((*restored)->open_shards, state->open_shards);
      ASSERT_EQ((*restored)->on_demand_streams, state->on_demand_streams);
    }
  }
  // The logs were about something: each kind of command had its effect, and some were refused.
  EXPECT_EQ(applied_by_kind.size(), std::variant_size_v<CommandBody>);
  EXPECT_GT(refused, 0U);
}

}  // namespace
}  // namespace millrace::catalog
