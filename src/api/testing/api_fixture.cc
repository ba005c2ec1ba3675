#include "api/testing/api_fixture.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "log/memory/memory_engine.h"
#include "wire/codec.h"
#include "wire/validate.h"

namespace millrace::api::testing {

Api::Api(coordinator::AccountLimits limits, std::size_t memory_bytes)
    : budget_(memory_bytes),
      engine_(log::make_memory_engine(budget_, clock_.wall())),
      tail_cache_(budget_.max(base::MemoryShare::log) / 2),
      shared_{.engine = *engine_,
              .clock = clock_.wall(),
              .budget = budget_,
              .tail_cache = tail_cache_,
              .commits = metrics_.add_counter("commits", ""),
              .commit_records = metrics_.add_histogram("commit_records", "", 1),
              .append_queue_full = metrics_.add_counter("append_queue_full", "")} {
  auto opened = coordinator::Coordinator::open(shared_, random_, limits);
  if (!opened) throw std::runtime_error(base::describe(opened.error()));
  coordinator_ = std::move(*opened);
  model::TokenSealer::Key key{};
  std::array<std::byte, model::TokenSealer::salt_bytes> salt{};
  random_.fill(key);
  random_.fill(salt);
  sealer_ = std::make_unique<model::TokenSealer>(key, salt);
  context_ = std::make_unique<Context>(Context{.coordinator = *coordinator_,
                                               .clock = clock_.wall(),
                                               .identity = identity_,
                                               .sealer = *sealer_,
                                               .budget = budget_});
}

Api::~Api() = default;

base::Result<std::string> Api::call(std::string_view operation, std::string_view json) {
  const Operation* row = find_operation(operation);
  if (row == nullptr) return base::fail(base::Errc::unknown_operation);
  std::optional<base::Result<std::string>> answer;
  Answered done = [&answer](base::Result<std::string> body) { answer = std::move(body); };
  // The hot path first, as the gateway does; it leaves whatever is wrong to the general one.
  if (row->hot_handler == nullptr || !row->hot_handler(*context_, json, wire::Encoding::json, done)) {
    auto input = wire::decode(wire::Encoding::json, json, *row->shape->input);
    if (!input) return base::fail(input.error());
    if (auto violated = wire::validate(*input, *row->shape->input)) return base::fail(std::move(*violated));
    run(*row, *context_, *input, wire::Encoding::json, std::move(done));
  }
  if (!answer) return base::fail(base::Errc::internal_failure, "no answer came");
  return *answer;
}

wire::Value Api::ok(std::string_view operation, std::string_view json) {
  const auto body = call(operation, json);
  if (!body) {
    ADD_FAILURE() << operation << " " << json << ": " << base::describe(body.error());
    return {};
  }
  const wire::Shape* shape = find_operation(operation)->shape->output;
  if (shape == nullptr) {
    EXPECT_EQ(*body, "") << operation;
    return {};
  }
  auto value = wire::decode(wire::Encoding::json, *body, *shape);
  if (!value) {
    ADD_FAILURE() << operation << " answered what is not JSON: " << *body;
    return {};
  }
  return std::move(*value);
}

base::Error Api::refused(std::string_view operation, std::string_view json) {
  auto body = call(operation, json);
  if (body) {
    ADD_FAILURE() << operation << " " << json << " succeeded: " << *body;
    return {};
  }
  return body.error();
}

void Api::create(std::string_view name, int shards) {
  ok("CreateStream", fmt::format(R"({{"StreamName":"{}","ShardCount":{}}})", name, shards));
}

std::string Api::put(std::string_view stream, std::string_view key, std::string_view text) {
  const wire::Value answer = ok("PutRecord", fmt::format(R"({{"StreamName":"{}","PartitionKey":"{}","Data":"{}"}})",
                                                         stream, key, base::base64_encode(text)));
  return std::string(answer.view("SequenceNumber"));
}

std::string Api::iterator(std::string_view stream, std::string_view type, std::string_view shard) {
  const wire::Value answer =
      ok("GetShardIterator",
         fmt::format(R"({{"StreamName":"{}","ShardId":"{}","ShardIteratorType":"{}"}})", stream, shard, type));
  return std::string(answer.view("ShardIterator"));
}

std::string Api::register_consumer(std::string_view stream, std::string_view name) {
  const wire::Value answer =
      ok("RegisterStreamConsumer", fmt::format(R"({{"StreamARN":"{}","ConsumerName":"{}"}})", arn(stream), name));
  return std::string(answer.find("Consumer")->view("ConsumerARN"));
}

const catalog::Stream& Api::stream(std::string_view name) const {
  const auto directory = coordinator_->directory();
  // The coordinator's own state holds it as long as it is the newest.
  return *directory->find({{identity_.account, identity_.region}, name})->stream;
}

void Api::apply(catalog::CommandBody command) {
  coordinator_->change(std::move(command), [](const base::Result<void>& applied) {
    EXPECT_TRUE(applied) << base::describe(applied.error());
  });
}

std::vector<std::string> Api::data_of(const wire::Value& page) {
  std::vector<std::string> texts;
  if (const wire::List* records = page.list("Records")) {
    for (const wire::Value& record : *records)
      texts.push_back(record.blob("Data")->bytes);
  }
  return texts;
}

}  // namespace millrace::api::testing
