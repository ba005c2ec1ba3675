// The catalogue is what its log adds up to: random logs of commands, cut anywhere, give the same state byte for byte
// whether they are replayed from the start or from a snapshot at the cut.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <vector>

#include "catalog/apply.h"
#include "catalog/codec.h"
#include "catalog/reshard_plan.h"
#include "sim/sim_clock.h"
#include "sim/sim_random.h"

namespace millrace::catalog {
namespace {

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
    // A day and more, now and then: what is limited for a day, and what expires.
    if (random_.below(40) == 0) time_ms_ += static_cast<std::int64_t>(random_.below(100'000'000));
    if (kind == 6) time_ms_ -= static_cast<std::int64_t>(random_.below(5'000));
    return time_ms_;
  }

  CommandBody body(const State& state) {
    const std::string name = fmt::format("stream-{}", random_.below(12));
    // Two places, in which names are used alike.
    const StreamKey key{{"000000000000", name.size() % 2 == 0 ? "us-east-1" : "eu-west-1"}, name};
    if (random_.below(50) == 0) return SetCommitment{key.place, random_.below(2) == 0};
    const auto* found = state.find(key);
    if (found == nullptr && random_.below(3) != 0) return creation(key);
    // A wrong uid now and then, as a late command has it.
    const std::uint64_t uid =
        found == nullptr || random_.below(10) == 0 ? random_.below(state.last_uid + 2) : (*found)->uid;
    if (found != nullptr && random_.below(3) != 0) return likely(key, uid, **found);
    switch (random_.below(8)) {
      case 0:
        return creation(key);
      case 1:
        return ActivateStream{key, uid};
      case 2:
        return MarkDeleting{key, uid, random_.below(2) == 0};
      case 3:
        return RemoveStream{key, uid};
      case 4:
        return SetRetention{key, uid, static_cast<std::uint32_t>(24 + random_.below(100)), random_.below(2) == 0};
      case 5:
        return AddTags{key, uid, tags(), 8};
      case 6:
        return RemoveTags{key, uid, {tag_key(), tag_key()}};
      default:
        return setting(key, uid);
    }
  }

  // What takes a stream on to where most commands can have an effect.
  CommandBody likely(const StreamKey& key, std::uint64_t uid, const Stream& stream) {
    if (stream.status == StreamStatus::creating) return ActivateStream{key, uid};
    if (stream.status == StreamStatus::deleting) return RemoveStream{key, uid};
    if (stream.reshard) {
      const model::ShardNo step = stream.reshard->children.front().number;
      if (random_.below(5) == 0) return AbortReshard{key, uid, step};
      return CommitReshard{key, uid, random_.below(10) == 0 ? step + 1 : step,
                           time_ms_ + static_cast<std::int64_t>(random_.below(3'000))};
    }
    if (stream.status == StreamStatus::updating) return EndUpdate{key, uid};
    switch (random_.below(4)) {
      case 0:
        return setting(key, uid);
      case 1:
        return consumer(key, uid, stream);
      default:
        return reshard(key, uid, stream);
    }
  }

  CommandBody setting(const StreamKey& key, std::uint64_t uid) {
    const bool hold = random_.below(2) == 0;
    const auto mode = random_.below(2) == 0 ? StreamMode::on_demand : StreamMode::provisioned;
    const auto number = static_cast<std::uint32_t>(random_.below(5));
    switch (random_.below(8)) {
      case 0:
        return SetMode{key, uid, mode, {}, 3, 0, hold};
      case 1:
        return SetRecordSize{key, uid, 1024 + number, hold};
      case 2:
        return SetWarmThroughput{key, uid, number, hold};
      case 3:
        return SetEncryption{key, uid, number == 0 ? "" : "key", number, hold};
      case 4:
        return SetDistribution{key, uid,
                               number == 0 ? RecordDistribution::automatic : RecordDistribution::user_partition_key};
      case 5:
        return SetShardMetrics{key, uid, {number}, number < 3};
      case 6:
        return SetPolicy{key, uid, number == 0 ? "" : "{}"};
      default:
        return EndUpdate{key, uid};
    }
  }

  CommandBody consumer(const StreamKey& key, std::uint64_t uid, const Stream& stream) {
    const std::string name = fmt::format("reader-{}", random_.below(4));
    const auto found = stream.consumers.find(name);
    if (found == stream.consumers.end()) return RegisterConsumer{key, uid, name, tags(), 3, 2};
    const ConsumerRef ref{name, found->second.created_s};
    switch (random_.below(6)) {
      case 0:
        return AddTags{key, uid, tags(), 8, ref};
      case 1:
        return RemoveTags{key, uid, {tag_key()}, ref};
      case 2:
        return SetPolicy{key, uid, "{}", ref};
      case 3:
        return MarkConsumerDeleting{key, uid, ref};
      case 4:
        return RemoveConsumer{key, uid, ref};
      default:
        return ActivateConsumer{key, uid, ref};
    }
  }

  CommandBody reshard(const StreamKey& key, std::uint64_t uid, const Stream& stream) {
    const auto open = open_shards_by_range(stream);
    const auto cause = stream.mode == StreamMode::on_demand ? ReshardCause::scaling : ReshardCause::request;
    const std::size_t at = random_.below(open.size());
    switch (random_.below(4)) {
      case 0: {
        const auto& range = open[at]->range;
        return SplitShard{key, uid, open[at]->number, range.first + (range.last - range.first) / 3, cause, 40};
      }
      case 1:
        return MergeShards{key, uid, open[at]->number, open[(at + 1) % open.size()]->number, cause};
      case 2:
        return RescaleStream{key, uid, static_cast<std::uint32_t>(1 + random_.below(2 * open.size())), 40, 0, 0};
      default:
        // Closed for a day already: the clock of the test goes on by far less.
        return ExpireShards{key, uid, time_ms_ / 1000};
    }
  }

  CreateStream creation(const StreamKey& key) {
    CreateStream command;
    command.stream = key;
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

// Children are above their parents in number and second; closed shards have children that cover them.
void expect_lineage(const Stream& stream) {
  for (const ShardInfo& shard : stream.shards) {
    ASSERT_LT(shard.number, stream.next_shard);
    if (shard.closed_s) {
      ASSERT_GE(*shard.closed_s, shard.created_s);
      ASSERT_FALSE(children_of(stream, shard.number).empty()) << "a child outlives its parents";
    }
    for (const auto parent : {shard.parent, shard.adjacent_parent}) {
      const ShardInfo* found = parent ? stream.shard(*parent) : nullptr;
      if (found == nullptr) continue;
      ASSERT_FALSE(found->is_open());
      ASSERT_GT(shard.number, found->number);
      ASSERT_GT(shard.created_s, *found->closed_s);
    }
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
    for (const ShardInfo* shard : open_shards_by_range(*stream)) {
      EXPECT_EQ(shard->range.first, next);
      next = shard->range.last + 1;
    }
    EXPECT_EQ(next, base::u128{0}) << "the last range ends where the key space does";
    expect_lineage(*stream);
    if (stream->status == StreamStatus::deleting) continue;
    open_shards += stream->open_shards();
    on_demand += stream->mode == StreamMode::on_demand ? 1 : 0;
  }
  // Reshards under way count what they will have.
  EXPECT_LE(open_shards, state.open_shards);
  EXPECT_LE(state.open_shards, 80U) << "40 in each place";
  EXPECT_EQ(on_demand, state.on_demand_streams);
  EXPECT_LE(on_demand, 6U);
  std::uint64_t by_account = 0;
  for (const auto& [place, account] : state.accounts)
    by_account += account.open_shards;
  EXPECT_EQ(by_account, state.open_shards);
}

// Each name's creation seconds and stamps only ever grow.
class GrowthWitness {
 public:
  void see(const State& state) {
    for (const auto& [name, stream] : state.streams) {
      auto& [uid, created_s, created_ms] = last_[name];
      if (stream->uid == uid) continue;
      EXPECT_GT(stream->uid, uid);
      std::int64_t newest_s = 0;
      for (const ShardInfo& shard : stream->shards)
        newest_s = std::max(newest_s, shard.created_s);
      EXPECT_GT(newest_s, created_s);
      EXPECT_GT(stream->created_ms, created_ms);
      uid = stream->uid;
      created_s = newest_s;
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
    const std::size_t length = round % 12 == 0 ? 2'500 : 1 + maker.below(250);
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
