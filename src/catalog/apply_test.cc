#include "catalog/apply.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "catalog/testing/keys.h"
#include "model/hash_range.h"

namespace millrace::catalog {
namespace {

using testing_keys::key;

using base::Errc;

constexpr std::int64_t noon_ms = 1'768'478'400'250;

// A catalogue that commands are applied to one after another, each with a new id.
class ApplyTest : public testing::Test {
 protected:
  base::Result<std::shared_ptr<const Stream>> run(CommandBody body) { return run_as(next_id(), std::move(body)); }

  base::Result<std::shared_ptr<const Stream>> run_as(CommandId id, CommandBody body) {
    Applied applied = apply(state, Command{.id = id, .time_ms = time_ms, .body = std::move(body)}, state->version + 1);
    EXPECT_EQ(applied.state->version, state->version + 1);
    state = applied.state;
    return std::move(applied.outcome);
  }

  // The code and message it was refused with; nothing else of the catalogue may have changed then.
  base::Error refused(CommandBody body) {
    const auto streams = state->streams;
    const auto counters = std::pair(state->open_shards, state->on_demand_streams);
    auto outcome = run(std::move(body));
    EXPECT_EQ(state->streams, streams);
    EXPECT_EQ(counters, std::pair(state->open_shards, state->on_demand_streams));
    return outcome ? base::Error(Errc::internal_failure, "it was not refused") : outcome.error();
  }

  CommandId next_id() {
    CommandId id{};
    ++last_id;
    for (std::size_t i = 0; i < 8; ++i)
      id[i] = static_cast<std::byte>(last_id >> (8 * i));
    return id;
  }

  static CreateStream creation(std::string name, std::uint32_t shards = 1) {
    CreateStream command;
    command.stream = key(std::move(name));
    command.shard_count = shards;
    command.shards_max = 100;
    command.on_demand_streams_max = 2;
    return command;
  }
  std::uint64_t create(const std::string& name, std::uint32_t shards = 1) {
    return run(creation(name, shards)).value()->uid;
  }
  std::uint64_t create_active(const std::string& name, std::uint32_t shards = 1) {
    const auto uid = create(name, shards);
    EXPECT_TRUE(run(ActivateStream{key(name), uid}));
    return uid;
  }
  void remove(const std::string& name, std::uint64_t uid) {
    EXPECT_TRUE(run(MarkDeleting{key(name), uid}));
    EXPECT_TRUE(run(RemoveStream{key(name), uid}));
  }
  const Stream& stream(const std::string& name) const { return **state->find(key(name)); }

  std::shared_ptr<const State> state = std::make_shared<State>();
  std::int64_t time_ms = noon_ms;
  std::uint64_t last_id = 0;
};

TEST_F(ApplyTest, CreatesAStreamWithUniformShards) {
  CreateStream command = creation("orders", 3);
  command.record_kib_max = 2048;
  command.warm_throughput_mibps = 10;
  command.tags = {{"team", "a"}};
  const auto made = run(command).value();
  EXPECT_EQ(made->uid, 1U);
  EXPECT_EQ(made->name, "orders");
  EXPECT_EQ(made->status, StreamStatus::creating);
  EXPECT_EQ(made->mode, StreamMode::provisioned);
  EXPECT_EQ(made->created_ms, noon_ms);
  EXPECT_EQ(made->retention_hours, 24U);
  EXPECT_EQ(made->record_kib_max, 2048U);
  EXPECT_EQ(made->warm_throughput_mibps, 10U);
  EXPECT_EQ(made->tags, command.tags);
  const auto ranges = model::uniform_ranges(3);
  ASSERT_EQ(made->shards.size(), 3U);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(made->shards[i].number, i);
    EXPECT_EQ(made->shards[i].range, ranges[i]);
    EXPECT_EQ(made->shards[i].created_s, noon_ms / 1000);
    EXPECT_TRUE(made->shards[i].is_open());
    EXPECT_FALSE(made->shards[i].parent);
  }
  EXPECT_EQ(state->open_shards, 3U);
  EXPECT_EQ(state->on_demand_streams, 0U);
  EXPECT_EQ(*state->find(key("orders")), made);
}

TEST_F(ApplyTest, RefusesATakenNameInEveryStatus) {
  const auto uid = create("orders");
  EXPECT_EQ(refused(creation("orders")), base::Error(Errc::exists));
  EXPECT_TRUE(run(ActivateStream{key("orders"), uid}));
  EXPECT_EQ(refused(creation("orders")), base::Error(Errc::exists));
  EXPECT_TRUE(run(MarkDeleting{key("orders"), uid}));
  EXPECT_EQ(refused(creation("orders")), base::Error(Errc::exists));
  EXPECT_TRUE(run(RemoveStream{key("orders"), uid}));
  EXPECT_TRUE(run(creation("orders")));
}

TEST_F(ApplyTest, RefusesAStreamWithoutShards) {
  EXPECT_EQ(refused(creation("orders", 0)), base::Error(Errc::guard_failed, "shard_count"));
}

TEST_F(ApplyTest, HoldsTheAccountsShardLimit) {
  create("a", 60);
  EXPECT_EQ(refused(creation("b", 41)), base::Error(Errc::limit_exceeded, "shards"));
  const auto uid = create("b", 40);
  EXPECT_EQ(state->open_shards, 100U);
  EXPECT_EQ(refused(creation("c", 1)), base::Error(Errc::limit_exceeded, "shards"));
  EXPECT_EQ(refused(creation("c", 4'294'967'295)), base::Error(Errc::limit_exceeded, "shards"));
  // One that is being deleted counts no longer.
  EXPECT_TRUE(run(MarkDeleting{key("b"), uid}));
  EXPECT_EQ(state->open_shards, 60U);
  EXPECT_TRUE(run(creation("c", 40)));
  EXPECT_TRUE(run(RemoveStream{key("b"), uid}));
  EXPECT_EQ(state->open_shards, 100U);
}

TEST_F(ApplyTest, HoldsTheAccountsOnDemandLimit) {
  CreateStream command = creation("a", 4);
  command.mode = StreamMode::on_demand;
  command.distribution = RecordDistribution::automatic;
  const auto made = run(command).value();
  EXPECT_EQ(made->mode, StreamMode::on_demand);
  EXPECT_EQ(made->distribution, RecordDistribution::automatic);
  command.stream = key("b");
  EXPECT_TRUE(run(command));
  command.stream = key("c");
  EXPECT_EQ(refused(command), base::Error(Errc::limit_exceeded, "on_demand_streams"));
  EXPECT_TRUE(run(creation("provisioned")));
  EXPECT_EQ(state->on_demand_streams, 2U);
  EXPECT_TRUE(run(MarkDeleting{key("a"), made->uid}));
  EXPECT_EQ(state->on_demand_streams, 1U);
  EXPECT_TRUE(run(command));
}

TEST_F(ApplyTest, StatusGoesOneWay) {
  const auto uid = create("orders");
  EXPECT_EQ(refused(RemoveStream{key("orders"), uid}), base::Error(Errc::guard_failed, "status"));
  EXPECT_EQ(run(ActivateStream{key("orders"), uid}).value()->status, StreamStatus::active);
  EXPECT_EQ(refused(ActivateStream{key("orders"), uid}), base::Error(Errc::guard_failed, "status"));
  EXPECT_EQ(refused(RemoveStream{key("orders"), uid}), base::Error(Errc::guard_failed, "status"));
  EXPECT_EQ(run(MarkDeleting{key("orders"), uid}).value()->status, StreamStatus::deleting);
  EXPECT_EQ(refused(MarkDeleting{key("orders"), uid}), base::Error(Errc::guard_failed, "status"));
  EXPECT_EQ(refused(ActivateStream{key("orders"), uid}), base::Error(Errc::guard_failed, "status"));
  EXPECT_EQ(run(RemoveStream{key("orders"), uid}).value(), nullptr);
  EXPECT_EQ(state->find(key("orders")), nullptr);
}

TEST_F(ApplyTest, AStreamCanBeDeletedWhileItIsCreated) {
  const auto uid = create("orders");
  remove("orders", uid);
  EXPECT_EQ(state->open_shards, 0U);
}

TEST_F(ApplyTest, LateCommandsDoNotTouchTheNextStreamOfTheName) {
  const auto old = create_active("orders");
  remove("orders", old);
  const auto uid = create_active("orders");
  EXPECT_NE(old, uid);
  const base::Error missing(Errc::not_found);
  EXPECT_EQ(refused(ActivateStream{key("orders"), old}), missing);
  EXPECT_EQ(refused(MarkDeleting{key("orders"), old}), missing);
  EXPECT_EQ(refused(RemoveStream{key("orders"), old}), missing);
  EXPECT_EQ(refused(SetRetention{key("orders"), old, 48, true}), missing);
  EXPECT_EQ(refused(AddTags{key("orders"), old, {{"a", "b"}}, 50}), missing);
  EXPECT_EQ(refused(RemoveTags{key("orders"), old, {"a"}}), missing);
  EXPECT_EQ(refused(MarkDeleting{key("nothing"), uid}), missing);
}

TEST_F(ApplyTest, RetentionMovesTheWayItWasAskedTo) {
  const auto uid = create("orders");
  EXPECT_EQ(refused(SetRetention{key("orders"), uid, 48, true}), base::Error(Errc::guard_failed, "status"));
  EXPECT_TRUE(run(ActivateStream{key("orders"), uid}));
  EXPECT_EQ(run(SetRetention{key("orders"), uid, 48, true}).value()->retention_hours, 48U);
  EXPECT_TRUE(run(SetRetention{key("orders"), uid, 48, true})) << "the same value is no error";
  EXPECT_EQ(refused(SetRetention{key("orders"), uid, 47, true}), base::Error(Errc::guard_failed, "retention"));
  EXPECT_EQ(refused(SetRetention{key("orders"), uid, 49, false}), base::Error(Errc::guard_failed, "retention"));
  EXPECT_TRUE(run(SetRetention{key("orders"), uid, 48, false}));
  EXPECT_EQ(run(SetRetention{key("orders"), uid, 24, false}).value()->retention_hours, 24U);
  EXPECT_TRUE(run(MarkDeleting{key("orders"), uid}));
  EXPECT_EQ(refused(SetRetention{key("orders"), uid, 48, true}), base::Error(Errc::guard_failed, "status"));
}

TEST_F(ApplyTest, TagsAreAddedReplacedAndRemovedWithinTheirNumber) {
  const auto uid = create("orders");
  EXPECT_EQ(refused(AddTags{key("orders"), uid, {{"a", "1"}}, 3}), base::Error(Errc::guard_failed, "status"));
  EXPECT_EQ(refused(RemoveTags{key("orders"), uid, {"a"}}), base::Error(Errc::guard_failed, "status"));
  EXPECT_TRUE(run(ActivateStream{key("orders"), uid}));
  EXPECT_TRUE(run(AddTags{key("orders"), uid, {{"a", "1"}, {"b", "2"}}, 3}));
  // One of them is there already: three result.
  EXPECT_TRUE(run(AddTags{key("orders"), uid, {{"b", "3"}, {"c", ""}}, 3}));
  const std::map<std::string, std::string> three = {{"a", "1"}, {"b", "3"}, {"c", ""}};
  EXPECT_EQ(stream("orders").tags, three);
  EXPECT_EQ(refused(AddTags{key("orders"), uid, {{"a", "9"}, {"d", "4"}}, 3}), base::Error(Errc::guard_failed, "tags"));
  EXPECT_EQ(stream("orders").tags, three);
  EXPECT_TRUE(run(RemoveTags{key("orders"), uid, {"a", "unknown", "c"}}));
  EXPECT_EQ(stream("orders").tags, (std::map<std::string, std::string>{{"b", "3"}}));
}

TEST_F(ApplyTest, ACommandWrittenTwiceCountsOnce) {
  const auto id = next_id();
  const auto uid = run_as(id, creation("orders")).value()->uid;
  remove("orders", uid);
  auto again = run_as(id, creation("orders"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error(), base::Error(Errc::guard_failed, "repeated"));
  EXPECT_EQ(state->find(key("orders")), nullptr);
}

TEST_F(ApplyTest, ARefusedCommandStaysRefusedWhenItsSecondCopyComes) {
  const auto uid = create("orders");
  const auto id = next_id();
  EXPECT_FALSE(run_as(id, creation("orders")));
  remove("orders", uid);
  EXPECT_FALSE(run_as(id, creation("orders")));
  EXPECT_EQ(state->find(key("orders")), nullptr);
}

TEST_F(ApplyTest, ANameUsedAgainGetsALaterSecondWhateverTheClockDoes) {
  std::int64_t last_ms = 0;
  std::int64_t last_s = 0;
  std::uint64_t last_uid = 0;
  // The clock stands still, then goes back by an hour, then before 1970, then a little forward.
  for (const std::int64_t at :
       {noon_ms, noon_ms, noon_ms, noon_ms - 3'600'000, std::int64_t{-5'000}, noon_ms + 999, noon_ms + 60'000}) {
    time_ms = at;
    const auto uid = create_active("orders", 2);
    const Stream& made = stream("orders");
    EXPECT_GT(made.uid, last_uid);
    EXPECT_GT(made.created_ms, last_ms);
    EXPECT_EQ(made.created_ms / 1000, made.shards[0].created_s);
    for (const ShardInfo& shard : made.shards)
      EXPECT_GT(shard.created_s, last_s);
    last_ms = made.created_ms;
    last_s = made.shards[0].created_s;
    last_uid = made.uid;
    remove("orders", uid);
  }
  EXPECT_EQ(last_s, (noon_ms + 60'000) / 1000) << "and the clock's own where that is later";
}

TEST_F(ApplyTest, ANameThatWasForgottenStillGetsALaterSecond) {
  const auto uid = create("orders");
  remove("orders", uid);
  const std::int64_t before_s = noon_ms / 1000;
  time_ms -= 10'000;
  for (std::size_t i = 0; i < History::removed_max; ++i) {
    const auto name = fmt::format("other-{}", i);
    remove(name, create(name));
  }
  EXPECT_FALSE(state->history.removed().contains(key("orders")));
  create("orders");
  EXPECT_GT(stream("orders").shards[0].created_s, before_s);
  EXPECT_LE(state->history.removed().size(), History::removed_max);
}

TEST_F(ApplyTest, SharesTheStreamsItDoesNotTouch) {
  create_active("a");
  const auto uid = create_active("b");
  const auto before = state;
  EXPECT_TRUE(run(SetRetention{key("b"), uid, 48, true}));
  EXPECT_EQ(*before->find(key("a")), *state->find(key("a")));
  EXPECT_NE(*before->find(key("b")), *state->find(key("b")));
  EXPECT_EQ((*before->find(key("b")))->retention_hours, 24U) << "a published state never changes";
}

TEST_F(ApplyTest, RefusalTellsWhatApplyWillDo) {
  create("orders");
  EXPECT_EQ(refusal(*state, creation("orders"), time_ms), base::Error(Errc::exists));
  EXPECT_EQ(refusal(*state, creation("other"), time_ms), std::nullopt);
}

}  // namespace
}  // namespace millrace::catalog
