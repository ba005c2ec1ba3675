// What each command of the whole stream API changes, and what it is refused for.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "catalog/apply.h"
#include "catalog/reshard_plan.h"
#include "catalog/testing/keys.h"
#include "io/clock.h"

namespace millrace::catalog {
namespace {

using base::Errc;
using base::Error;
using testing_keys::key;

constexpr std::int64_t noon_ms = 1'768'478'400'250;
constexpr std::int64_t day_ms = 24 * 3'600'000;

class RulesTest : public testing::Test {
 protected:
  base::Result<std::shared_ptr<const Stream>> run(CommandBody body) {
    Command command{.id = {}, .time_ms = time_ms, .body = std::move(body)};
    ++last_id;
    for (std::size_t i = 0; i < 8; ++i)
      command.id[i] = static_cast<std::byte>(last_id >> (8 * i));
    Applied applied = apply(state, command, state->version + 1);
    state = applied.state;
    return std::move(applied.outcome);
  }
  void ok(CommandBody body) {
    const auto outcome = run(std::move(body));
    EXPECT_TRUE(outcome) << base::describe(outcome.error());
  }
  // Nothing may have changed.
  Error refused(CommandBody body) {
    const State before = *state;
    const auto outcome = run(std::move(body));
    EXPECT_TRUE(before.streams == state->streams && before.accounts == state->accounts);
    return outcome ? Error(Errc::internal_failure, "it was not refused") : outcome.error();
  }
  static Error guard(const char* which) { return {Errc::guard_failed, which}; }
  static Error limit(const char* which) { return {Errc::limit_exceeded, which}; }

  void create(std::uint32_t shards = 1, StreamMode mode = StreamMode::provisioned, const StreamKey& name = orders) {
    CreateStream command;
    command.stream = name;
    command.mode = mode;
    command.shard_count = shards;
    command.shards_max = 20;
    command.on_demand_streams_max = 2;
    ok(std::move(command));
    ok(ActivateStream{name, state->last_uid});
    uid = state->last_uid;
  }
  const Stream& stream() const { return **state->find(orders); }
  const Account& account() const { return state->account(orders.place); }

  SplitShard split(model::ShardNo shard, model::HashKey at) const { return {orders, uid, shard, at, {}, 20}; }
  MergeShards merge(model::ShardNo shard, model::ShardNo adjacent) const { return {orders, uid, shard, adjacent}; }
  RescaleStream rescale(std::uint32_t target, std::uint32_t per_day_max = 0) const {
    return {orders, uid, target, 20, 0, per_day_max};
  }
  model::ShardNo step() const { return stream().reshard ? stream().reshard->children.front().number : 0; }
  CommitReshard commit(std::int64_t last_arrival_ms = 0) const { return {orders, uid, step(), last_arrival_ms}; }
  ConsumerRef reader() const { return {"reader", stream().consumers.at("reader").created_s}; }

  inline static const StreamKey orders = key("orders");
  std::shared_ptr<const State> state = std::make_shared<State>();
  std::int64_t time_ms = noon_ms;
  std::uint64_t last_id = 0;
  std::uint64_t uid = 0;
};

// ---- Reshards ----

TEST_F(RulesTest, AStepHappensWhenItIsCommitted) {
  create();
  ok(split(0, 1000));
  EXPECT_EQ(stream().status, StreamStatus::updating);
  EXPECT_EQ(stream().shards.size(), 1U);
  EXPECT_TRUE(stream().shards[0].is_open());
  EXPECT_EQ(stream().next_shard, 3U);
  EXPECT_EQ(account().open_shards, 2U) << "what it will have";
  EXPECT_EQ(refused(split(0, 1000)), guard("status"));
  EXPECT_EQ(refused(CommitReshard{orders, uid, step() + 1, 0}), guard("reshard")) << "another step is meant";
  EXPECT_EQ(refused(AbortReshard{orders, uid, step() + 1}), guard("reshard"));
  ok(commit(noon_ms + 5'000));
  EXPECT_EQ(stream().status, StreamStatus::active);
  EXPECT_EQ(stream().shards[0].closed_s, (noon_ms + 5'000) / 1000) << "not before its last record";
  EXPECT_EQ(stream().shards[1].created_s, (noon_ms + 5'000) / 1000 + 1);
  EXPECT_EQ(refused(commit()), guard("status"));
  EXPECT_EQ(account().open_shards, 2U);
}

TEST_F(RulesTest, AStepThatIsGivenUpLeavesTheShardsAlone) {
  create(3);
  ok(rescale(5));
  const auto reserved = account().open_shards;
  EXPECT_GE(reserved, 5U);
  ok(AbortReshard{orders, uid, step()});
  EXPECT_EQ(stream().status, StreamStatus::active);
  EXPECT_EQ(stream().open_shards(), 3U);
  EXPECT_FALSE(stream().reshard);
  EXPECT_FALSE(stream().rescale_target);
  EXPECT_EQ(account().open_shards, 3U);
  EXPECT_EQ(refused(AbortReshard{orders, uid, step()}), guard("status"));
}

TEST_F(RulesTest, ARescaleGoesOnUntilItsTarget) {
  create(5);
  ok(rescale(7));
  int steps = 0;
  for (; stream().status == StreamStatus::updating; ++steps)
    ok(commit());
  EXPECT_GT(steps, 1);
  EXPECT_EQ(stream().open_shards(), 7U);
  EXPECT_FALSE(stream().rescale_target);
  EXPECT_EQ(account().open_shards, 7U);
  EXPECT_EQ(state->open_shards, 7U);
}

TEST_F(RulesTest, WhatReshardsAreRefusedFor) {
  create(4);
  const base::u128 last = stream().shards[0].range.last;
  EXPECT_EQ(refused(split(9, 1000)), Error(Errc::not_found, "shard"));
  for (const base::u128 at : {base::u128{0}, base::u128{1}, last, last + 1})
    EXPECT_EQ(refused(split(0, at)), guard("range"));
  EXPECT_EQ(refused(merge(1, 0)), guard("adjacent"));
  EXPECT_EQ(refused(merge(3, 0)), guard("adjacent"));
  EXPECT_EQ(refused(rescale(9)), limit("double"));
  EXPECT_EQ(refused(rescale(1)), limit("half"));
  EXPECT_EQ(refused(rescale(0)), guard("shard_count"));
  EXPECT_EQ(refused(RescaleStream{orders, uid, 8, 20, 7, 0}), limit("stream_shards"));
  EXPECT_EQ(refused(RescaleStream{orders, uid, 8, 7, 0, 0}), limit("shards"));
  EXPECT_EQ(refused(SplitShard{orders, uid, 0, 1000, {}, 4}), limit("shards"));
  EXPECT_EQ(refused(SplitShard{orders, uid, 0, 1000, ReshardCause::scaling, 20}), guard("mode"));
  EXPECT_EQ(refused(SplitShard{orders, uid + 1, 0, 1000, {}, 20}).code, Errc::not_found);
  ok(split(0, 1000));
  ok(commit());
  EXPECT_EQ(refused(split(0, 1000)), guard("closed"));
  EXPECT_EQ(refused(merge(0, 1)), guard("closed"));
}

TEST_F(RulesTest, OnDemandStreamsAreReshardedByTheBrokerAlone) {
  create(4, StreamMode::on_demand);
  EXPECT_EQ(refused(split(0, 1000)), guard("mode"));
  EXPECT_EQ(refused(rescale(8)), guard("mode"));
  ok(SplitShard{orders, uid, 0, 1000, ReshardCause::scaling, 20});
}

TEST_F(RulesTest, RescalesAreCountedByTheDay) {
  create(2);
  for (const std::uint32_t target : {4U, 2U}) {
    ok(rescale(target, 2));
    ok(commit());
    time_ms += 3'600'000;
  }
  EXPECT_EQ(refused(rescale(4, 2)), limit("rescales"));
  time_ms = noon_ms + day_ms;
  ok(rescale(4, 2));
}

TEST_F(RulesTest, ShardsExpireWhenTheirRecordsHave) {
  create();
  ok(split(0, 1000));
  ok(commit());
  const std::int64_t closed_s = *stream().shards[0].closed_s;
  time_ms += day_ms - 1'000;
  ok(ExpireShards{orders, uid, closed_s + 1});
  EXPECT_EQ(stream().shards.size(), 3U) << "whoever asks, the retention decides";
  time_ms += 2'000;
  ok(ExpireShards{orders, uid, closed_s});
  EXPECT_EQ(stream().shards.size(), 3U);
  ok(ExpireShards{orders, uid, closed_s + 1});
  EXPECT_EQ(stream().shards.size(), 2U);
  EXPECT_EQ(stream().open_shards(), 2U);
}

TEST_F(RulesTest, AStreamThatIsDeletedAmidAReshardCountsNothing) {
  create(2);
  ok(rescale(4));
  ok(MarkDeleting{orders, uid});
  EXPECT_EQ(account().open_shards, 0U);
  EXPECT_EQ(refused(commit()), guard("status"));
  ok(RemoveStream{orders, uid});
  EXPECT_TRUE(state->accounts.empty());
}

// ---- Settings ----

TEST_F(RulesTest, ModesSwitchWithinTheirLimits) {
  create(2);
  create(4, StreamMode::on_demand, key("other"));
  uid = 1;
  const auto mode = [&](StreamMode to, std::uint32_t per_day_max = 0) {
    return SetMode{orders, uid, to, {}, 2, per_day_max, false};
  };
  ok(mode(StreamMode::on_demand));
  EXPECT_EQ(account().on_demand_streams, 2U);
  ok(SetDistribution{orders, uid, RecordDistribution::automatic});
  EXPECT_EQ(refused(mode(StreamMode::provisioned)), guard("distribution"));
  ok(SetDistribution{orders, uid, RecordDistribution::user_partition_key});
  ok(mode(StreamMode::provisioned));
  EXPECT_EQ(refused(SetDistribution{orders, uid, RecordDistribution::automatic}), guard("mode"));
  EXPECT_EQ(refused(mode(StreamMode::on_demand, 2)), limit("mode_switches"));
  ok(mode(StreamMode::provisioned, 2));
  time_ms += day_ms;
  ok(mode(StreamMode::on_demand, 2));
  ok(SetMode{key("other"), 2, StreamMode::on_demand, {}, 0, 0, false});  // the mode it has needs no room
  EXPECT_EQ(stream().open_shards(), 2U);
}

TEST_F(RulesTest, AHeldChangeHoldsAtOnceAndTheStatusUntilItsEnd) {
  create(4, StreamMode::on_demand);
  ok(SetWarmThroughput{orders, uid, 10, false});
  EXPECT_EQ(stream().warm_current_mibps, 10U);
  ok(SetWarmThroughput{orders, uid, 20, true});
  EXPECT_EQ(stream().status, StreamStatus::updating);
  EXPECT_EQ(stream().warm_throughput_mibps, 20U);
  EXPECT_EQ(stream().warm_current_mibps, 10U);
  EXPECT_EQ(refused(SetRecordSize{orders, uid, 2048, false}), guard("status"));
  ok(EndUpdate{orders, uid});
  EXPECT_EQ(stream().warm_current_mibps, 20U);
  EXPECT_EQ(refused(EndUpdate{orders, uid}), guard("status"));
  ok(SetRecordSize{orders, uid, 2048, false});
  EXPECT_EQ(stream().record_kib_max, 2048U);
  ok(SetMode{orders, uid, StreamMode::provisioned, {}, 2, 0, false});
  EXPECT_FALSE(stream().warm_throughput_mibps);
  EXPECT_EQ(refused(SetWarmThroughput{orders, uid, 20, false}), guard("mode"));
}

TEST_F(RulesTest, EncryptionStartsAndStopsAreCountedApart) {
  create();
  ok(SetEncryption{orders, uid, "alias/a", 1, false});
  EXPECT_TRUE(stream().is_encrypted());
  EXPECT_EQ(refused(SetEncryption{orders, uid, "alias/b", 1, false}), limit("encryption_changes"));
  ok(SetEncryption{orders, uid, "", 1, false});
  EXPECT_FALSE(stream().is_encrypted());
  EXPECT_EQ(refused(SetEncryption{orders, uid, "", 1, false}), limit("encryption_changes"));
  for (int i = 0; i < 60; ++i)
    ok(SetEncryption{orders, uid, "alias/a", 0, false});
  EXPECT_EQ(stream().times.encryption_starts_ms.size(), 25U) << "no more than the limits can need";
}

TEST_F(RulesTest, MetricsAreSwitchedOneByOne) {
  create();
  const auto bytes = *ShardMetricSet::named("IncomingBytes");
  ok(SetShardMetrics{orders, uid, ShardMetricSet::all(), true});
  ok(SetShardMetrics{orders, uid, bytes, false});
  EXPECT_EQ(stream().shard_metrics, ShardMetricSet::all().without(bytes));
  EXPECT_FALSE(ShardMetricSet::named("Incoming"));
  EXPECT_EQ(ShardMetricSet::named("ALL"), ShardMetricSet::all());
}

TEST_F(RulesTest, ACommitmentIsForADayAtLeast) {
  const auto commitment = [&]() -> const Commitment& { return account().commitment; };
  ok(SetCommitment{orders.place, false});
  EXPECT_TRUE(state->accounts.empty());
  ok(SetCommitment{orders.place, true});
  EXPECT_EQ(commitment().status, Commitment::Status::enabled);
  EXPECT_EQ(commitment().started_ms, noon_ms);
  EXPECT_EQ(commitment().earliest_end_ms, noon_ms + day_ms);
  time_ms += 1'000;
  ok(SetCommitment{orders.place, false});
  EXPECT_EQ(commitment().status, Commitment::Status::enabled_until_earliest_end);
  ok(SetCommitment{orders.place, true});
  EXPECT_EQ(commitment().status, Commitment::Status::enabled);
  EXPECT_EQ(commitment().started_ms, noon_ms);
  time_ms = noon_ms + day_ms;
  ok(SetCommitment{orders.place, false});
  EXPECT_EQ(commitment().status, Commitment::Status::disabled);
  EXPECT_EQ(commitment().ended_ms, time_ms);
  EXPECT_EQ(state->account({orders.place.account, "eu-west-1"}), Account()) << "each region has its own";
}

// ---- Consumers, tags, policies ----

TEST_F(RulesTest, ConsumersComeAndGo) {
  create();
  ok(RegisterConsumer{orders, uid, "reader", {{"a", "b"}}, 2, 1});
  const std::int64_t created_s = reader().created_s;
  EXPECT_EQ(created_s, noon_ms / 1000);
  EXPECT_EQ(refused(RegisterConsumer{orders, uid, "reader", {}, 2, 0}), Error(Errc::exists, "consumer"));
  EXPECT_EQ(refused(RegisterConsumer{orders, uid, "second", {}, 2, 1}), limit("creating_consumers"));
  ok(ActivateConsumer{orders, uid, reader()});
  ok(RegisterConsumer{orders, uid, "second", {}, 2, 1});
  EXPECT_EQ(refused(RegisterConsumer{orders, uid, "third", {}, 2, 0}), limit("consumers"));
  EXPECT_EQ(refused(ActivateConsumer{orders, uid, reader()}), guard("consumer_status"));
  EXPECT_EQ(refused(RemoveConsumer{orders, uid, reader()}), guard("consumer_status"));
  EXPECT_EQ(refused(MarkConsumerDeleting{orders, uid, {"reader", created_s + 1}}), Error(Errc::not_found, "consumer"));
  EXPECT_EQ(refused(MarkDeleting{orders, uid, true}), guard("consumers"));
  ok(MarkConsumerDeleting{orders, uid, reader()});
  EXPECT_EQ(refused(MarkConsumerDeleting{orders, uid, reader()}), guard("consumer_status"));
  ok(RemoveConsumer{orders, uid, reader()});
  ok(RegisterConsumer{orders, uid, "reader", {}, 0, 0});
  EXPECT_GT(reader().created_s, created_s) << "another ARN, within the same second";
  ok(MarkDeleting{orders, uid, false});
}

TEST_F(RulesTest, TagsAndPoliciesAreTheStreamsOrTheConsumers) {
  create();
  ok(RegisterConsumer{orders, uid, "reader", {}, 0, 0});
  ok(AddTags{orders, uid, {{"a", "1"}}, 1});
  ok(AddTags{orders, uid, {{"b", "2"}}, 1, reader()});
  EXPECT_EQ(refused(AddTags{orders, uid, {{"c", "2"}}, 1, reader()}), guard("tags"));
  EXPECT_EQ(stream().tags, (std::map<std::string, std::string>{{"a", "1"}}));
  EXPECT_EQ(stream().consumers.at("reader").tags, (std::map<std::string, std::string>{{"b", "2"}}));
  ok(RemoveTags{orders, uid, {"b"}, reader()});
  EXPECT_TRUE(stream().consumers.at("reader").tags.empty());
  EXPECT_EQ(refused(SetPolicy{orders, uid, "{}", reader()}), guard("consumer_status"));
  ok(ActivateConsumer{orders, uid, reader()});
  ok(SetPolicy{orders, uid, "{ }", reader()});
  ok(SetPolicy{orders, uid, "{}"});
  EXPECT_EQ(stream().policy, "{}");
  EXPECT_EQ(stream().consumers.at("reader").policy, "{ }");
  ok(SetPolicy{orders, uid, ""});
  EXPECT_EQ(refused(SetPolicy{orders, uid, ""}), guard("policy"));
}

// ---- Places and sizes ----

TEST_F(RulesTest, AccountsAndRegionsHaveLimitsOfTheirOwn) {
  const StreamKey elsewhere{{"000000000000", "eu-west-1"}, "orders"};
  const StreamKey others{{"111111111111", "us-east-1"}, "orders"};
  for (const StreamKey& name : {orders, elsewhere, others}) {
    CreateStream command;
    command.stream = name;
    command.shard_count = 2;
    command.shards_max = 3;
    ok(command);
    command.stream.name = "second";
    EXPECT_EQ(refused(command), limit("shards"));
  }
  EXPECT_EQ(state->streams.size(), 3U);
  EXPECT_EQ(state->open_shards, 6U);
  EXPECT_EQ(state->account(others.place).open_shards, 2U);
  EXPECT_NE((*state->find(orders))->uid, (*state->find(others))->uid);
}

TEST_F(RulesTest, OnlySoManyStreamsAreMadeAtOnce) {
  CreateStream command;
  command.shards_max = 20;
  command.creating_max = 2;
  for (const char* name : {"a", "b"}) {
    command.stream = key(name);
    ok(command);
  }
  command.stream = key("c");
  EXPECT_EQ(refused(command), limit("creating_streams"));
  ok(ActivateStream{key("a"), 1});
  ok(command);
}

// A change copies what it falls into, not the other ten thousand.
TEST_F(RulesTest, AChangeAmongTenThousandStreamsTakesMicroseconds) {
  for (int i = 0; i < 10'000; ++i) {
    CreateStream command;
    command.stream = key(fmt::format("stream-{:05}", i * 7919 % 10'000));
    command.shards_max = 100'000;
    Command made{.id = {}, .time_ms = time_ms, .body = std::move(command)};
    made.id[0] = static_cast<std::byte>(i);
    made.id[1] = static_cast<std::byte>(i >> 8);
    made.id[2] = std::byte{1};
    State& building = const_cast<State&>(*state);
    ASSERT_TRUE(apply_to(building, made, building.version + 1));
  }
  constexpr int changes = 500;
  const io::SystemSteadyClock clock;
  const std::int64_t begin_us = clock.now_us();
  for (int i = 0; i < changes; ++i) {
    CreateStream command;
    command.stream = key(fmt::format("more-{}", i));
    command.shards_max = 100'000;
    ok(std::move(command));
  }
  const std::int64_t took_us = clock.now_us() - begin_us;
  std::printf("a create among 10,000 streams: %.1f us\n", static_cast<double>(took_us) / changes);
  EXPECT_EQ(state->streams.size(), 10'500U);
}

}  // namespace
}  // namespace millrace::catalog
