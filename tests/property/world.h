#pragma once

#include <string>
#include <vector>

#include "api/operations.h"
#include "api/testing/api_fixture.h"
#include "gateway/gateway.h"
#include "http/service.h"
#include "tests/property/random.h"
#include "wire/encoding.h"
#include "wire/value.h"

namespace millrace::property {

// A broker without sockets, seeded: two of them that are asked the same give the same answers, tokens included.
class World : public api::testing::Api {
 public:
  World() : Api({.shards_max = 24, .on_demand_streams_max = 3}, std::size_t{64} << 20) {}

  http::Response ask(const wire::OperationShape& operation, wire::Encoding encoding, const wire::Value& input);
  void advance(std::chrono::milliseconds by) { clock_.advance(by); }
  std::int64_t now_ms() const { return clock_.wall().now_ms(); }

 private:
  void TestBody() override {}

  gateway::Gateway gateway_{*context_, random_, clock_.steady(), metrics_};
};

// Turns a random request into one about things that exist, or just do not: names, shards, numbers, iterators and tokens
// that earlier answers showed.
class Adaptor {
 public:
  explicit Adaptor(Random& random) : random_(random) {}

  void adapt(wire::Value& input, std::int64_t now_ms);
  // Remembers what an answer shows.
  void learn(const wire::Value& output);

  static constexpr std::size_t remembered_max = 64;

 private:
  std::string name();
  std::string one_of(const std::vector<std::string>& known, std::string otherwise);
  void remember(std::vector<std::string>& known, std::string text);
  void adapt_member(wire::Member& member, std::int64_t now_ms);

  Random& random_;
  std::vector<std::string> numbers_;
  std::vector<std::string> iterators_;
  std::vector<std::string> tokens_;
};

}  // namespace millrace::property
