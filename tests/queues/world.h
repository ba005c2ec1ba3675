#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/admin.h"
#include "api/context.h"
#include "base/memory_budget.h"
#include "base/metrics.h"
#include "coordinator/coordinator.h"
#include "gateway/gateway.h"
#include "http/testing/fake_request.h"
#include "log/engine.h"
#include "model/arn.h"
#include "model/token.h"
#include "shard/shard.h"
#include "shard/tail_cache.h"
#include "sim/sim_clock.h"
#include "sim/sim_random.h"

namespace millrace::queues {

inline constexpr std::size_t mib = 1024 * 1024;

// A request on its way through the gateway, and what its client sees.
class Pending {
 public:
  explicit Pending(http::testing::FakeRequest request)
      : request_(std::make_unique<http::testing::FakeRequest>(std::move(request))) {}

  const http::testing::FakeRequest& request() const { return *request_; }
  http::Reply reply() { return http::Reply(kept_); }
  bool is_answered() const { return kept_->response.status != 0; }
  std::uint16_t status() const { return kept_->response.status; }
  const std::string& body() const { return kept_->response.body; }

 private:
  std::unique_ptr<http::testing::FakeRequest> request_;
  std::shared_ptr<http::testing::KeptReply> kept_ = std::make_shared<http::testing::KeptReply>();
};

// The headers of a JSON request for an operation, names in lower case.
http::testing::FakeRequest::Headers headers_for(std::string_view operation);

// A whole broker but for its sockets, over an engine that the test holds in its hand. Everything happens on the
// thread that calls.
class World {
 public:
  using MakeEngine = std::function<std::unique_ptr<log::Engine>(base::MemoryBudget&, const io::WallClock&)>;

  explicit World(const MakeEngine& make_engine, std::size_t memory_bytes = 256 * mib);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Sends a request; it may be answered already when this returns.
  Pending send(std::string_view operation, std::string json);
  // Creates a stream of that many shards, which must succeed.
  void create(std::string_view name, std::uint32_t shards = 1);
  // A request that puts `bytes` bytes; `hash` chooses the shard.
  Pending put(std::string_view stream, std::size_t bytes, std::string_view hash = "0");
  // An iterator at the oldest record of shard 0.
  std::string oldest(std::string_view stream);
  Pending get(std::string_view iterator);

  // What /metrics shows under that name and labels.
  double metric(std::string_view name) const;
  // The names of the ready checks that have a reason against.
  std::vector<std::string> not_ready() const;

  sim::SimClock clock;
  sim::SimRandom random{1};
  base::MemoryBudget budget;
  base::Metrics metrics;
  std::unique_ptr<log::Engine> engine;
  shard::TailCache tail_cache;
  shard::Shared shared;
  std::unique_ptr<coordinator::Coordinator> coordinator;
  model::Identity identity;
  std::unique_ptr<model::TokenSealer> sealer;
  std::unique_ptr<api::Context> context;
  std::unique_ptr<gateway::Gateway> gateway;
  std::vector<admin::ReadyCheck> checks;
};

// The body of an error answer in JSON.
std::string error_body(std::string_view type, std::string_view message);
// What a client is told that meets a full queue of a shard.
std::string shard_is_full(std::string_view stream, unsigned shard = 0);
// What one is told that manages streams and meets a full queue.
std::string stream_is_full(std::string_view stream);

// The value of `"name":"value"` in a JSON text that has no escapes there.
std::string member(std::string_view json, std::string_view name);

// "shard appends" is the queue, ShardAppends its test.
std::string test_name(std::string_view queue);

}  // namespace millrace::queues
