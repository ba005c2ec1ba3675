#include "catalog/codec.h"
#include "catalog/testing/keys.h"

#include <gtest/gtest.h>

namespace millrace::catalog {
namespace {

using testing_keys::key;

using base::Errc;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

CommandId some_id() {
  CommandId id;
  for (std::size_t i = 0; i < id.size(); ++i)
    id[i] = static_cast<std::byte>(0xf0 + i);
  return id;
}

// What decoding gives is encoded to the same bytes, so that equal bytes mean equal commands.
void expect_round_trip(CommandBody body) {
  const Command command{.id = some_id(), .time_ms = 1'768'469'400'123, .body = std::move(body)};
  const std::string bytes = encode(command);
  EXPECT_EQ(encode(command), bytes);
  const auto decoded = decode_command(bytes_of(bytes));
  ASSERT_TRUE(decoded) << base::describe(decoded.error());
  EXPECT_EQ(decoded->id, command.id);
  EXPECT_EQ(decoded->time_ms, command.time_ms);
  EXPECT_EQ(decoded->body.index(), command.body.index());
  EXPECT_EQ(encode(*decoded), bytes);
}

CreateStream full_creation() {
  return {.stream = key("orders"),
          .mode = StreamMode::on_demand,
          .shard_count = 4,
          .distribution = RecordDistribution::automatic,
          .record_kib_max = 2048,
          .warm_throughput_mibps = 0,
          .tags = {{"a", "1"}, {"b", ""}, {"é", "ü"}},
          .shards_max = 20'000,
          .on_demand_streams_max = 7,
          .creating_max = 5};
}

TEST(CodecTest, EveryCommandComesBack) {
  expect_round_trip(full_creation());
  expect_round_trip(CreateStream{.stream = key("plain"), .warm_throughput_mibps = {}, .tags = {}});
  expect_round_trip(ActivateStream{key("orders"), 17});
  expect_round_trip(MarkDeleting{key("orders"), 17});
  expect_round_trip(RemoveStream{key("orders"), 1ULL << 63});
  expect_round_trip(SetRetention{key("orders"), 17, 48, true});
  expect_round_trip(SetRetention{key("orders"), 17, 24, false});
  expect_round_trip(MarkDeleting{key("orders"), 17, true});
  expect_round_trip(AddTags{key("orders"), 17, {{"k", "v"}}, 50});
  expect_round_trip(AddTags{key("orders"), 17, {{"k", "v"}}, 50, {"reader", 99}});
  expect_round_trip(RemoveTags{key("orders"), 17, {"z", "a", "z"}});
  expect_round_trip(RemoveTags{key("orders"), 17, {"z"}, {"reader", 99}});
  expect_round_trip(SetMode{key("orders"), 17, StreamMode::on_demand, 0, 1'000, 2, true});
  expect_round_trip(SetMode{key("orders"), 17, StreamMode::provisioned, {}, 1'000, 2, false});
  expect_round_trip(SetRecordSize{key("orders"), 17, 10'240, true});
  expect_round_trip(SetWarmThroughput{key("orders"), 17, 100, true});
  expect_round_trip(SetEncryption{key("orders"), 17, "alias/aws/kinesis", 25, true});
  expect_round_trip(EndUpdate{key("orders"), 17});
  expect_round_trip(SetDistribution{key("orders"), 17, RecordDistribution::automatic});
  expect_round_trip(SetShardMetrics{key("orders"), 17, ShardMetricSet::all(), false});
  expect_round_trip(SetPolicy{key("orders"), 17, "{}", {"reader", 99}});
  expect_round_trip(RegisterConsumer{key("orders"), 17, "reader", {{"a", "b"}}, 20, 5});
  expect_round_trip(ActivateConsumer{key("orders"), 17, {"reader", 99}});
  expect_round_trip(MarkConsumerDeleting{key("orders"), 17, {"reader", 99}});
  expect_round_trip(RemoveConsumer{key("orders"), 17, {"reader", 99}});
  expect_round_trip(SplitShard{key("orders"), 17, 3, base::make_u128(5, 7), ReshardCause::scaling, 20'000});
  expect_round_trip(MergeShards{key("orders"), 17, 3, 4, ReshardCause::request});
  expect_round_trip(RescaleStream{key("orders"), 17, 8, 20'000, 10'000, 10});
  expect_round_trip(CommitReshard{key("orders"), 17, 5, 1'768'469'400'123});
  expect_round_trip(AbortReshard{key("orders"), 17, 5});
  expect_round_trip(ExpireShards{key("orders"), 17, 1'768'469'400});
  expect_round_trip(SetCommitment{key("orders").place, true});
}

TEST(CodecTest, ACreationKeepsEveryMember) {
  const std::string bytes = encode(Command{.id = some_id(), .time_ms = -5, .body = full_creation()});
  const auto decoded = decode_command(bytes_of(bytes)).value();
  EXPECT_EQ(decoded.time_ms, -5);
  const auto& command = std::get<CreateStream>(decoded.body);
  EXPECT_EQ(command.stream, key("orders"));
  EXPECT_EQ(command.mode, StreamMode::on_demand);
  EXPECT_EQ(command.shard_count, 4U);
  EXPECT_EQ(command.distribution, RecordDistribution::automatic);
  EXPECT_EQ(command.record_kib_max, 2048U);
  EXPECT_EQ(command.warm_throughput_mibps, 0U);
  EXPECT_EQ(command.tags, full_creation().tags);
  EXPECT_EQ(command.shards_max, 20'000U);
  EXPECT_EQ(command.on_demand_streams_max, 7U);
  EXPECT_EQ(command.creating_max, 5U);
}

// The format on disk, byte by byte: this test fails where a field changes its number or its kind.
TEST(CodecTest, TheBytesOfACommandAreFixed) {
  Command command{.id = {}, .time_ms = 5, .body = SetRetention{{{}, "s"}, 3, 48, true}};
  command.id.fill(std::byte{'i'});
  const std::string expected = std::string("\x0a\x10") + std::string(16, 'i') + std::string("\x10\x05") +
                               std::string("\xa2\x01\x0b") + "\x0a\x05" + "\x0a\x01s\x10\x03" + "\x10\x30\x18\x01";
  EXPECT_EQ(encode(command), expected);
}

State full_state() {
  State state;
  auto stream = std::make_shared<Stream>();
  stream->uid = 9;
  stream->name = "orders";
  stream->status = StreamStatus::updating;
  stream->created_ms = 1'768'469'400'123;
  stream->retention_hours = 8'760;
  stream->record_kib_max = 10'240;
  stream->warm_throughput_mibps = 5;
  stream->tags = {{"a", "1"}, {"b", "2"}};
  stream->shards = {
      {.number = 0, .range = {0, base::u128_max}, .parent = {}, .adjacent_parent = {}, .created_s = 10, .closed_s = 20},
      {.number = 1, .range = {0, 99}, .parent = 0, .adjacent_parent = {}, .created_s = 21, .closed_s = {}},
      {.number = 2,
       .range = {100, base::u128_max},
       .parent = 0,
       .adjacent_parent = 0,
       .created_s = 21,
       .closed_s = {}}};
  stream->place = key("").place;
  stream->next_shard = 5;
  stream->reshard = Reshard{
      .parents = {1, 2},
      .children = {{.number = 4, .range = {}, .parent = 1, .adjacent_parent = 2, .created_s = 0, .closed_s = {}}}};
  stream->rescale_target = 1;
  stream->warm_current_mibps = 3;
  stream->key_id = "alias/aws/kinesis";
  stream->shard_metrics = ShardMetricSet::all();
  stream->policy = "{}";
  stream->consumers["reader"] = {
      .name = "reader", .created_s = 55, .status = ConsumerStatus::deleting, .tags = {{"x", "y"}}, .policy = "{ }"};
  stream->consumer_floor_s = 54;
  stream->times = {
      .rescales_ms = {1, 2}, .mode_switches_ms = {3}, .encryption_starts_ms = {4}, .encryption_stops_ms = {5}};
  auto other = std::make_shared<Stream>();
  other->uid = 4;
  other->name = "other";
  other->place = key("").place;
  other->next_shard = 1;
  other->status = StreamStatus::deleting;
  other->mode = StreamMode::on_demand;
  other->distribution = RecordDistribution::automatic;
  other->shards.resize(1);
  auto third = std::make_shared<Stream>(*other);
  third->uid = 5;
  third->name = "third";
  third->status = StreamStatus::active;
  third->place = {"111111111111", "eu-west-1"};
  for (const auto& added : {stream, other, third})
    state.streams.set(added->key(), added);
  Account account;
  account.commitment = {
      .status = Commitment::Status::enabled_until_earliest_end, .started_ms = 1, .ended_ms = 2, .earliest_end_ms = 3};
  state.accounts.set({"222222222222", "eu-west-1"}, account);
  state.version = 1234;
  state.last_uid = 11;
  state.history.add(some_id());
  state.history.add_removed(key("gone"), {.removed_at = 77, .created_s = 88});
  return state;
}

TEST(CodecTest, AStateComesBackWithItsCounters) {
  const State state = full_state();
  const std::string bytes = encode(state);
  const auto decoded = decode_state(bytes_of(bytes));
  ASSERT_TRUE(decoded) << base::describe(decoded.error());
  const State& loaded = **decoded;
  EXPECT_EQ(encode(loaded), bytes);
  EXPECT_EQ(loaded.version, 1234U);
  EXPECT_EQ(loaded.last_uid, 11U);
  EXPECT_EQ(loaded.open_shards, 3U) << "two of orders, none of what is being deleted, one of third";
  EXPECT_EQ(loaded.on_demand_streams, 1U);
  for (const auto& [name, stream] : state.streams)
    EXPECT_EQ(**loaded.find(stream->key()), *stream) << name;
  EXPECT_EQ(loaded.account({"000000000000", "us-east-1"}).open_shards, 2U);
  EXPECT_EQ(loaded.account({"111111111111", "eu-west-1"}).open_shards, 1U);
  EXPECT_EQ(loaded.account({"111111111111", "eu-west-1"}).on_demand_streams, 1U);
  EXPECT_EQ(loaded.account({"222222222222", "eu-west-1"}), state.account({"222222222222", "eu-west-1"}));
  EXPECT_TRUE(loaded.history.has_seen(some_id()));
  EXPECT_EQ(loaded.history.removed(), state.history.removed());
}

TEST(CodecTest, TheEmptyStateComesBack) {
  const auto decoded = decode_state({});
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode(**decoded), "");
}

TEST(CodecTest, ANewerKindOfCommandIsNamedAsSuch) {
  // Field 99 with an empty message, which no version so far has.
  const std::string bytes = std::string("\x0a\x10") + std::string(16, 'i') + std::string("\x10\x05\x9a\x06\x00", 5);
  const auto decoded = decode_command(bytes_of(bytes));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::bad_config);
  EXPECT_NE(decoded.error().message.find("newer version"), std::string::npos) << decoded.error().message;
}

TEST(CodecTest, ANewerMemberAnywhereIsRefused) {
  Command command{.id = {}, .time_ms = 5, .body = SetRetention{{{}, "s"}, 3, 48, true}};
  command.id.fill(std::byte{'i'});
  std::string bytes = encode(command);
  // The same with one more member (number 15, value 1) inside set_retention, whose length is the byte after its tag.
  const std::size_t length_at = bytes.find("\xa2\x01\x0b") + 2;
  bytes[length_at] = '\x0d';
  bytes += "\x78\x01";
  const auto decoded = decode_command(bytes_of(bytes));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::bad_config);

  const std::string snapshot = encode(full_state()) + "\xf8\x06\x01";  // number 111
  const auto state = decode_state(bytes_of(snapshot));
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Errc::bad_config);
}

TEST(CodecTest, ANewerValueOfAnEnumerationIsRefused) {
  CreateStream creation = full_creation();
  creation.stream = {{}, "m"};
  std::string bytes = encode(Command{.id = some_id(), .time_ms = 5, .body = creation});
  const std::string mode("\x0a\x01m\x10\x02", 5);
  const std::size_t at = bytes.find(mode);
  ASSERT_NE(at, std::string::npos);
  bytes[at + 4] = '\x09';
  const auto decoded = decode_command(bytes_of(bytes));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::bad_config);
  EXPECT_NE(decoded.error().message.find("mode"), std::string::npos);
}

// Whatever comes in: an error, or a value that is written as it was read. Never a crash.
TEST(CodecTest, DamagedBytesAreErrors) {
  const std::string command = encode(Command{.id = some_id(), .time_ms = 5, .body = full_creation()});
  const std::string state = encode(full_state());
  for (const std::string& whole : {command, state}) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        if (const auto decoded = decode_command(bytes_of(damaged))) EXPECT_EQ(encode(*decoded), damaged);
        if (const auto decoded = decode_state(bytes_of(damaged))) EXPECT_EQ(encode(**decoded), damaged);
      }
      const std::string cut = whole.substr(0, i);
      if (const auto decoded = decode_command(bytes_of(cut))) EXPECT_EQ(encode(*decoded), cut);
      if (const auto decoded = decode_state(bytes_of(cut))) EXPECT_EQ(encode(**decoded), cut);
    }
  }
  const auto garbage = decode_command(bytes_of("\xff\xff\xff"));
  ASSERT_FALSE(garbage);
  EXPECT_EQ(garbage.error().code, Errc::data_loss);
  const std::string short_id =
      encode(Command{.id = some_id(), .time_ms = 5, .body = MarkDeleting{key("a"), 1}}).substr(18);
  const auto nameless = decode_command(bytes_of(short_id));
  ASSERT_FALSE(nameless);
  EXPECT_EQ(nameless.error().code, Errc::data_loss);
}

}  // namespace
}  // namespace millrace::catalog
