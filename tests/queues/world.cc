#include "tests/queues/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "app/gauges.h"
#include "base/base64.h"

namespace millrace::queues {

http::testing::FakeRequest::Headers headers_for(std::string_view operation) {
  return {{"content-type", "application/x-amz-json-1.1"},
          {"x-amz-target", fmt::format("Kinesis_20131202.{}", operation)},
          {"authorization",
           "AWS4-HMAC-SHA256 Credential=a/20260115/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=x"},
          {"x-amz-date", "20260115T093000Z"}};
}

World::World(const MakeEngine& make_engine, std::size_t memory_bytes)
    : budget(memory_bytes),
      engine(make_engine(budget, clock.wall())),
      tail_cache(shard::TailCache::bytes_max_of(budget)),
      shared{.engine = *engine,
             .clock = clock.wall(),
             .budget = budget,
             .tail_cache = tail_cache,
             .commits = metrics.add_counter("commits", ""),
             .commit_records = metrics.add_histogram("commit_records", "", 1),
             .append_queue_full = metrics.add_counter("append_queue_full", "")},
      identity{.region = "us-east-1", .account = "000000000000"} {
  auto opened = coordinator::Coordinator::open(shared, random, {});
  if (!opened) throw std::runtime_error(base::describe(opened.error()));
  coordinator = std::move(*opened);
  model::TokenSealer::Key key{};
  std::array<std::byte, model::TokenSealer::salt_bytes> salt{};
  random.fill(key);
  random.fill(salt);
  sealer = std::make_unique<model::TokenSealer>(key, salt);
  context = std::make_unique<api::Context>(api::Context{
      .coordinator = *coordinator, .clock = clock.wall(), .identity = identity, .sealer = *sealer, .budget = budget});
  gateway = std::make_unique<gateway::Gateway>(*context, random, clock.steady(), metrics);
  app::add_gauges(metrics, budget, *engine, tail_cache, *coordinator);
  checks = app::ready_checks(budget, *engine, *coordinator);
}

World::~World() {
  engine->stop([](base::Result<void>) {});
}

Pending World::send(std::string_view operation, std::string json) {
  Pending pending(http::testing::FakeRequest("POST", "/", headers_for(operation), std::move(json)));
  gateway->handle(pending.request(), pending.reply());
  return pending;
}

void World::create(std::string_view name, std::uint32_t shards) {
  const Pending created = send("CreateStream", fmt::format(R"({{"StreamName":"{}","ShardCount":{}}})", name, shards));
  ASSERT_EQ(created.status(), 200) << created.body();
}

Pending World::put(std::string_view stream, std::size_t bytes, std::string_view hash) {
  return send("PutRecord", fmt::format(R"({{"StreamName":"{}","PartitionKey":"k","ExplicitHashKey":"{}","Data":"{}"}})",
                                       stream, hash, base::base64_encode(std::string(bytes, 'x'))));
}

std::string World::oldest(std::string_view stream) {
  const Pending got =
      send("GetShardIterator",
           fmt::format(R"({{"StreamName":"{}","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}})",
                       stream));
  EXPECT_EQ(got.status(), 200) << got.body();
  return member(got.body(), "ShardIterator");
}

Pending World::get(std::string_view iterator) {
  return send("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator));
}

double World::metric(std::string_view name) const {
  const std::string text = metrics.render();
  const std::size_t at = text.find(fmt::format("\n{} ", name));
  EXPECT_NE(at, std::string::npos) << name;
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

std::vector<std::string> World::not_ready() const {
  std::vector<std::string> names;
  for (const admin::ReadyCheck& check : checks) {
    if (!check.why_not().empty()) names.push_back(check.name);
  }
  return names;
}

std::string error_body(std::string_view type, std::string_view message) {
  return fmt::format(R"({{"__type":"{}","message":"{}"}})", type, message);
}

std::string shard_is_full(std::string_view stream, unsigned shard) {
  return error_body(
      "ProvisionedThroughputExceededException",
      fmt::format("Rate exceeded for shard shardId-{:012} in stream {} under account 000000000000.", shard, stream));
}

std::string stream_is_full(std::string_view stream) {
  return error_body("LimitExceededException",
                    fmt::format("Rate exceeded for stream {} under account 000000000000.", stream));
}

std::string member(std::string_view json, std::string_view name) {
  const std::string before = fmt::format(R"("{}":")", name);
  const std::size_t at = json.find(before);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + before.size();
  return std::string(json.substr(begin, json.find('"', begin) - begin));
}

std::string test_name(std::string_view queue) {
  std::string name;
  bool begins = true;
  for (const char c : queue) {
    if (c == ' ' || c == '_') {
      begins = true;
      continue;
    }
    name += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    begins = false;
  }
  return name;
}

}  // namespace millrace::queues
