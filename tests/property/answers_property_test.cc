// Random requests, half of them wrong, at two whole brokers without sockets: one is asked in JSON, the other the same
// in CBOR. Every answer must mean the same, and over the run every error that an operation can give must have been met.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>

#include "tests/property/generator.h"
#include "tests/property/world.h"
#include "wire/codec.h"
#include "wire/errors.h"

namespace millrace::property {
namespace {

using base::Errc;
using wire::Encoding;
using wire::OperationShape;
using wire::Value;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// An error that the model lists and no request over this test's brokers can meet, with the reason.
struct Unmet {
  std::string_view operation;  // empty: of every operation
  Errc code;
  std::string_view reason;
};
constexpr Unmet unmet[] = {
    {"", Errc::access_denied, "no policies yet"},
    {"", Errc::kms_access_denied, "no keys yet"},
    {"", Errc::kms_disabled, "no keys yet"},
    {"", Errc::kms_invalid_state, "no keys yet"},
    {"", Errc::kms_not_found, "no keys yet"},
    {"", Errc::kms_opt_in_required, "no keys yet"},
    {"", Errc::kms_throttling, "no keys yet"},
    {"", Errc::internal_failure, "the memory engine does not fail; the scripted one does, in the shard's tests"},
    {"", Errc::throughput_exceeded, "needs a full queue: tests/queues fills each"},
    {"", Errc::expired_next_token, "time moves too little between pages; list_streams_test moves it"},
    {"AddTagsToStream", Errc::limit_exceeded, "call rates are not limited"},
    {"DecreaseStreamRetentionPeriod", Errc::limit_exceeded, "call rates are not limited"},
    {"DeleteStream", Errc::limit_exceeded, "call rates are not limited"},
    {"DescribeLimits", Errc::limit_exceeded, "call rates are not limited"},
    {"DescribeStream", Errc::limit_exceeded, "call rates are not limited"},
    {"DescribeStreamSummary", Errc::limit_exceeded, "call rates are not limited"},
    {"IncreaseStreamRetentionPeriod", Errc::limit_exceeded, "call rates are not limited"},
    {"ListShards", Errc::limit_exceeded, "call rates are not limited"},
    {"ListStreams", Errc::limit_exceeded, "call rates are not limited"},
    {"ListTagsForStream", Errc::limit_exceeded, "call rates are not limited"},
    {"RemoveTagsFromStream", Errc::limit_exceeded, "call rates are not limited"},
    {"DeleteResourcePolicy", Errc::limit_exceeded, "call rates are not limited"},
    {"DeregisterStreamConsumer", Errc::limit_exceeded, "call rates are not limited"},
    {"DescribeAccountSettings", Errc::limit_exceeded, "call rates are not limited"},
    {"DescribeStreamConsumer", Errc::limit_exceeded, "call rates are not limited"},
    {"DisableEnhancedMonitoring", Errc::limit_exceeded, "call rates are not limited"},
    {"EnableEnhancedMonitoring", Errc::limit_exceeded, "call rates are not limited"},
    {"GetResourcePolicy", Errc::limit_exceeded, "call rates are not limited"},
    {"ListStreamConsumers", Errc::limit_exceeded, "call rates are not limited"},
    {"ListTagsForResource", Errc::limit_exceeded, "call rates are not limited"},
    {"MergeShards", Errc::limit_exceeded, "call rates are not limited"},
    {"PutResourcePolicy", Errc::limit_exceeded, "call rates are not limited"},
    {"StartStreamEncryption", Errc::limit_exceeded, "call rates are not limited"},
    {"StopStreamEncryption", Errc::limit_exceeded, "call rates are not limited"},
    {"SubscribeToShard", Errc::limit_exceeded, "call rates are not limited"},
    {"TagResource", Errc::limit_exceeded, "call rates are not limited"},
    {"UntagResource", Errc::limit_exceeded, "call rates are not limited"},
    {"UpdateAccountSettings", Errc::limit_exceeded, "call rates are not limited"},
    {"UpdateMaxRecordSize", Errc::limit_exceeded, "call rates are not limited"},
    {"UpdateStreamRecordDistributionStrategy", Errc::limit_exceeded, "call rates are not limited"},
    {"UpdateStreamWarmThroughput", Errc::limit_exceeded, "call rates are not limited"},
    {"AddTagsToStream", Errc::resource_in_use, "streams are ACTIVE as soon as they can be found"},
    {"DecreaseStreamRetentionPeriod", Errc::resource_in_use, "streams are ACTIVE as soon as they can be found"},
    {"IncreaseStreamRetentionPeriod", Errc::resource_in_use, "streams are ACTIVE as soon as they can be found"},
    {"ListShards", Errc::resource_in_use, "streams are ACTIVE as soon as they can be found"},
    {"RemoveTagsFromStream", Errc::resource_in_use, "streams are ACTIVE as soon as they can be found"},
    {"DeleteResourcePolicy", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"DisableEnhancedMonitoring", Errc::resource_in_use,
     "streams and consumers are ACTIVE as soon as they can be found"},
    {"EnableEnhancedMonitoring", Errc::resource_in_use,
     "streams and consumers are ACTIVE as soon as they can be found"},
    {"GetResourcePolicy", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"ListStreamConsumers", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"ListTagsForResource", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"MergeShards", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"PutResourcePolicy", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"SplitShard", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"StartStreamEncryption", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"StopStreamEncryption", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"SubscribeToShard", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"TagResource", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"UntagResource", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"UpdateMaxRecordSize", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"UpdateShardCount", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"UpdateStreamMode", Errc::resource_in_use, "streams and consumers are ACTIVE as soon as they can be found"},
    {"UpdateStreamRecordDistributionStrategy", Errc::resource_in_use,
     "streams and consumers are ACTIVE as soon as they can be found"},
    {"UpdateStreamWarmThroughput", Errc::resource_in_use,
     "streams and consumers are ACTIVE as soon as they can be found"},
    {"DeleteResourcePolicy", Errc::invalid_argument, "nothing of it can be wrong beyond its constraints"},
    {"GetResourcePolicy", Errc::invalid_argument, "nothing of it can be wrong beyond its constraints"},
    {"ListTagsForResource", Errc::invalid_argument, "nothing of it can be wrong beyond its constraints"},
    {"UpdateAccountSettings", Errc::invalid_argument, "nothing of it can be wrong beyond its constraints"},
};

// The checks are all there is of it yet; what passes them is told so.
constexpr std::string_view never_succeeds = "SubscribeToShard";

bool is_unmet(std::string_view operation, Errc code) {
  for (const Unmet& row : unmet) {
    if (row.code == code && (row.operation.empty() || row.operation == operation)) return true;
  }
  return false;
}

// __type and message of an error body.
constexpr wire::Shape text_shape{
    .type = wire::Type::text, .name = "Text", .min = {}, .max = {}, .enumeration = {}, .members = {}};
constexpr wire::MemberShape error_members[] = {
    {"__type", &text_shape}, {"message", &text_shape}, {"Message", &text_shape}};
constexpr wire::Shape error_shape{
    .type = wire::Type::structure, .name = "Error", .min = {}, .max = {}, .enumeration = {}, .members = error_members};

Value meaning(const OperationShape& operation, Encoding encoding, const http::Response& answer) {
  if (answer.status == 200 && operation.output == nullptr) {
    EXPECT_EQ(answer.body, "");
    return {};
  }
  auto decoded = wire::decode(encoding, answer.body, answer.status == 200 ? *operation.output : error_shape);
  EXPECT_TRUE(decoded.has_value()) << operation.name << " " << answer.status;
  return decoded ? std::move(*decoded) : Value();
}

class Answers : public testing::Test {
 protected:
  void run_one(std::size_t index);
  void expect_every_error_met() const;

  const std::uint64_t seed_ = from_environment("MILLRACE_PROPERTY_SEED", std::random_device{}());
  Generator generator_{seed_};
  Adaptor adaptor_{generator_.random()};
  World by_json_;
  World by_cbor_;
  std::map<std::string_view, std::set<std::string>> met_;
  std::map<std::string_view, std::size_t> succeeded_;
};

void Answers::run_one(std::size_t index) {
  const auto rows = api::operations();
  const OperationShape& operation = *rows[index % rows.size()].shape;
  // Deletions empty the world, so they are rarer than the rest.
  if (operation.name == "DeleteStream" && !generator_.random().once_in(4)) return;
  Request request =
      generator_.random().once_in(2) ? generator_.valid(*operation.input) : generator_.invalid(*operation.input);
  if (request.broken.empty()) adaptor_.adapt(request.value, by_json_.now_ms());
  // Iterators and tokens live long enough to be used after what they are about has gone.
  if (generator_.random().once_in(16 * rows.size())) {
    const std::chrono::milliseconds step(generator_.random().between(1, 60'000));
    by_json_.advance(step);
    by_cbor_.advance(step);
  }
  const http::Response json = by_json_.ask(operation, Encoding::json, request.value);
  const http::Response cbor = by_cbor_.ask(operation, Encoding::cbor, request.value);
  ASSERT_EQ(json.status, cbor.status) << operation.name << ": " << json.body.substr(0, 500);
  const Value meant = meaning(operation, Encoding::json, json);
  ASSERT_TRUE(meant == meaning(operation, Encoding::cbor, cbor)) << operation.name << ": " << json.body.substr(0, 500);
  if (json.status == 200) {
    ++succeeded_[operation.name];
    adaptor_.learn(meant);
  } else {
    ASSERT_EQ(json.status, 400) << json.body;
    met_[operation.name].insert(std::string(meant.view("__type")));
  }
}

void Answers::expect_every_error_met() const {
  for (const api::Operation& row : api::operations()) {
    const OperationShape& operation = *row.shape;
    if (operation.name == never_succeeds) {
      const std::string unknown(wire::wire_error(Errc::unknown_operation).type);
      EXPECT_TRUE(met_.contains(operation.name) && met_.at(operation.name).contains(unknown));
    } else {
      EXPECT_GT(succeeded_.contains(operation.name) ? succeeded_.at(operation.name) : 0, 0U) << operation.name;
    }
    for (const Errc code : operation.errors) {
      if (is_unmet(operation.name, code)) continue;
      const std::string type(wire::wire_error(code).type);
      EXPECT_TRUE(met_.contains(operation.name) && met_.at(operation.name).contains(type))
          << operation.name << " never answered " << type;
    }
  }
}

TEST_F(Answers, MeanTheSameInJsonAndCborAndCoverEveryError) {
  std::printf("MILLRACE_PROPERTY_SEED=%llu\n", static_cast<unsigned long long>(seed_));
  const std::size_t requests = from_environment("MILLRACE_PROPERTY_REQUESTS", 5'000);
  for (std::size_t i = 0; i < requests * api::operations().size(); ++i) {
    SCOPED_TRACE("request " + std::to_string(i));
    run_one(i);
    if (HasFatalFailure()) return;
  }
  if (requests >= 5'000) expect_every_error_met();
}

}  // namespace
}  // namespace millrace::property
