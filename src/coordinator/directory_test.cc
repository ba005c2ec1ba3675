#include "coordinator/directory.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "coordinator/testing/machine.h"
#include "model/hash_range.h"

namespace millrace::coordinator {
namespace {

using catalog::testing_keys::key;

using catalog::ShardInfo;
using catalog::State;
using catalog::Stream;

class DirectoryTest : public ::testing::Test {
 protected:
  static std::shared_ptr<Stream> make_stream(std::string name, std::uint64_t uid, std::uint32_t shards) {
    auto stream = std::make_shared<Stream>();
    stream->place = key("").place;
    stream->name = std::move(name);
    stream->uid = uid;
    for (const auto& range : model::uniform_ranges(shards)) {
      stream->shards.push_back({.number = static_cast<model::ShardNo>(stream->shards.size()),
                                .range = range,
                                .parent = {},
                                .adjacent_parent = {},
                                .created_s = 5,
                                .closed_s = {}});
    }
    return stream;
  }
  std::shared_ptr<const State> make_state(std::vector<std::shared_ptr<const Stream>> streams) {
    auto state = std::make_shared<State>();
    state->version = ++version;
    for (auto& stream : streams)
      state->streams.set(stream->key(), stream);
    return state;
  }
  std::shared_ptr<const Directory> make(const Directory* before, std::vector<std::shared_ptr<const Stream>> streams) {
    return make_directory(before, make_state(std::move(streams)), machine.shared);
  }
  base::u128 random_hash() { return base::make_u128(machine.random.below(~0ULL), machine.random.below(~0ULL)); }

  static std::size_t owner_of(const Stream& stream, base::u128 hash) {
    for (std::size_t i = 0; i < stream.shards.size(); ++i) {
      if (stream.shards[i].is_open() && stream.shards[i].range.contains(hash)) return i;
    }
    ADD_FAILURE() << "no open shard owns the hash";
    return 0;
  }
  static void expect_routes_right(const StreamEntry& entry, base::u128 hash) {
    EXPECT_EQ(entry.route(hash), owner_of(*entry.stream, hash)) << base::to_decimal(hash);
  }

  testing::Machine machine;
  std::uint64_t version = 0;
};

TEST_F(DirectoryTest, RoutesToTheOwnerOfTheHash) {
  for (std::uint32_t shards = 1; shards <= 70; ++shards) {
    const auto directory = make(nullptr, {make_stream("orders", 1, shards)});
    const StreamEntry& entry = *directory->find(key("orders"));
    for (const ShardInfo& shard : entry.stream->shards) {
      expect_routes_right(entry, shard.range.first);
      expect_routes_right(entry, shard.range.last);
    }
    for (int i = 0; i < 50; ++i)
      expect_routes_right(entry, random_hash());
  }
}

TEST_F(DirectoryTest, ClosedShardsGetNothing) {
  // Shard 0 was split into 2 and 3, whose numbers are higher than that of shard 1 above them.
  auto stream = make_stream("orders", 1, 2);
  const auto whole = stream->shards[0].range;
  const base::u128 middle = whole.last / 2;
  stream->shards[0].closed_s = 9;
  stream->shards.push_back({.number = 2,
                            .range = {whole.first, middle},
                            .parent = 0,
                            .adjacent_parent = {},
                            .created_s = 9,
                            .closed_s = {}});
  stream->shards.push_back({.number = 3,
                            .range = {middle + 1, whole.last},
                            .parent = 0,
                            .adjacent_parent = {},
                            .created_s = 9,
                            .closed_s = {}});
  const auto directory = make(nullptr, {stream});
  const StreamEntry& entry = *directory->find(key("orders"));
  EXPECT_EQ(entry.route(0), 2U);
  EXPECT_EQ(entry.route(middle), 2U);
  EXPECT_EQ(entry.route(middle + 1), 3U);
  EXPECT_EQ(entry.route(whole.last), 3U);
  EXPECT_EQ(entry.route(whole.last + 1), 1U);
  EXPECT_EQ(entry.route(base::u128_max), 1U);
  for (int i = 0; i < 200; ++i)
    expect_routes_right(entry, random_hash());
}

TEST_F(DirectoryTest, FindsShardsByNumberWithGaps) {
  auto stream = make_stream("orders", 1, 4);
  stream->shards.erase(stream->shards.begin());  // 0 has expired
  stream->shards[2].number = 9;
  const auto directory = make(nullptr, {stream});
  const StreamEntry& entry = *directory->find(key("orders"));
  EXPECT_EQ(entry.find(0), nullptr);
  EXPECT_EQ(*entry.find(1), entry.shards[0]);
  EXPECT_EQ(*entry.find(2), entry.shards[1]);
  EXPECT_EQ(entry.find(3), nullptr);
  EXPECT_EQ(*entry.find(9), entry.shards[2]);
  EXPECT_EQ(entry.find(10), nullptr);
  EXPECT_EQ(entry.shards[2]->config().id, (log::LogId{.stream_uid = 1, .shard_no = 9}));
  EXPECT_EQ(entry.shards[2]->config().created_s, 5);
}

TEST_F(DirectoryTest, OnlyWhatChangedIsNew) {
  const auto a = make_stream("a", 1, 2);
  const auto b = make_stream("b", 2, 2);
  const auto c = make_stream("c", 3, 1);
  const auto before = make(nullptr, {a, b, c});
  EXPECT_EQ(before->version, 1U);
  EXPECT_EQ(before->find(key("d")), nullptr);

  // b is changed, c goes, and d, aa come.
  auto changed = std::make_shared<Stream>(*b);
  changed->status = catalog::StreamStatus::active;
  const auto after = make(before.get(), {a, make_stream("aa", 5, 1), changed, make_stream("d", 6, 1)});
  EXPECT_EQ(after->version, 2U);
  EXPECT_EQ(after->by_name.size(), 4U);
  EXPECT_EQ(after->find(key("a")), before->find(key("a")));
  EXPECT_NE(after->find(key("b")), before->find(key("b")));
  EXPECT_EQ(after->find(key("b"))->stream, changed);
  EXPECT_EQ(after->find(key("b"))->shards, before->find(key("b"))->shards) << "shards are taken over";
  EXPECT_EQ(after->find(key("c")), nullptr);
  EXPECT_EQ(after->find(key("d"))->shards.size(), 1U);
  EXPECT_EQ(after->find(key("aa"))->stream->uid, 5U);
  EXPECT_NE(before->find(key("c")), nullptr) << "a published directory never changes";

  const auto empty = make(after.get(), {});
  EXPECT_TRUE(empty->by_name.empty());
}

TEST_F(DirectoryTest, NewShardsJoinThoseThatRun) {
  const auto before = make(nullptr, {make_stream("orders", 1, 1)});
  auto split = std::make_shared<Stream>(*before->find(key("orders"))->stream);
  split->shards[0].closed_s = 7;
  for (const auto& range : model::uniform_ranges(2)) {
    split->shards.push_back({.number = static_cast<model::ShardNo>(split->shards.size()),
                             .range = range,
                             .parent = 0,
                             .adjacent_parent = {},
                             .created_s = 8,
                             .closed_s = {}});
  }
  const auto after = make(before.get(), {split});
  const StreamEntry& entry = *after->find(key("orders"));
  ASSERT_EQ(entry.shards.size(), 3U);
  EXPECT_EQ(entry.shards[0], before->find(key("orders"))->shards[0]);
  EXPECT_EQ(entry.open_indexes, (std::vector<std::uint32_t>{1, 2}));
}

TEST_F(DirectoryTest, AStreamMadeAgainSharesNothingWithTheOldOne) {
  const auto before = make(nullptr, {make_stream("orders", 1, 2)});
  const auto after = make(before.get(), {make_stream("orders", 2, 2)});
  EXPECT_NE(after->find(key("orders"))->shards[0], before->find(key("orders"))->shards[0]);
  EXPECT_EQ(after->find(key("orders"))->shards[0]->config().id.stream_uid, 2U);
}

TEST_F(DirectoryTest, CostsCountWhatIsThere) {
  EXPECT_GE(directory_costs().shard_bytes, sizeof(shard::Shard));
  EXPECT_GE(directory_costs().stream_bytes, sizeof(StreamEntry));
  EXPECT_GT(directory_costs(limits::Profile::strict).shard_bytes, directory_costs().shard_bytes);
  // With the default memory of 1 GiB an account's 20,000 shards fit into the catalogue's share as one stream.
  base::MemoryBudget budget(std::size_t{1} << 30);
  EXPECT_LT(directory_costs().of_stream(128, 20'000), budget.max(base::MemoryShare::catalogue));
}

TEST_F(DirectoryTest, OnlyStrictStreamsHaveSomethingCounted) {
  auto tagged = make_stream("tagged", 2, 3);
  tagged->tags[std::string(limits::profile_tag)] = "strict";
  const auto directory = make(nullptr, {make_stream("orders", 1, 3), tagged});
  EXPECT_EQ(directory->find(key("orders"))->calls, nullptr);
  EXPECT_TRUE(directory->find(key("orders"))->buckets.empty());
  EXPECT_NE(directory->find(key("tagged"))->calls, nullptr);
  EXPECT_EQ(directory->find(key("tagged"))->buckets.size(), 3U);

  const auto strict = make_directory(nullptr, directory->state, machine.shared, limits::Profile::strict);
  EXPECT_EQ(strict->find(key("orders"))->buckets.size(), 3U);
}

TEST_F(DirectoryTest, WhatIsCountedStaysWithItsShard) {
  const auto make_strict = [&](const Directory* before, const std::shared_ptr<const Stream>& stream) {
    return make_directory(before, make_state({stream}), machine.shared, limits::Profile::strict);
  };
  const auto before = make_strict(nullptr, make_stream("orders", 1, 3));
  // The first shard has expired, and there is one more.
  auto changed = make_stream("orders", 1, 4);
  changed->shards.erase(changed->shards.begin());
  const auto after = make_strict(before.get(), changed);
  const StreamEntry& was = *before->find(key("orders"));
  const StreamEntry& is = *after->find(key("orders"));
  EXPECT_EQ(is.calls, was.calls);
  ASSERT_EQ(is.buckets.size(), 3U);
  EXPECT_EQ(is.buckets[0], was.buckets[1]);
  EXPECT_EQ(is.buckets[1], was.buckets[2]);
  EXPECT_NE(is.buckets[2], was.buckets[0]);
  EXPECT_NE(is.buckets[2], nullptr);
  // A stream of the same name made since is another one.
  const auto again = make_strict(after.get(), make_stream("orders", 2, 3));
  EXPECT_NE(again->find(key("orders"))->calls, is.calls);
  EXPECT_NE(again->find(key("orders"))->buckets[0], is.buckets[0]);
}

}  // namespace
}  // namespace millrace::coordinator
