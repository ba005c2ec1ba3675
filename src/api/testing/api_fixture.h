#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"
#include "api/operations.h"
#include "base/metrics.h"
#include "coordinator/coordinator.h"
#include "log/engine.h"
#include "shard/shard.h"
#include "shard/tail_cache.h"
#include "sim/sim_clock.h"
#include "sim/sim_random.h"

namespace millrace::api::testing {

// The operations over a memory engine, a clock that the test moves and seeded randomness; no network. Requests and
// answers are JSON text, as a client would write them.
class Api : public ::testing::Test {
 public:
  ~Api() override;

 protected:
  explicit Api(coordinator::AccountLimits limits = {}, std::size_t memory_bytes = 256 << 20);

  // The answer of a request that must succeed.
  wire::Value ok(std::string_view operation, std::string_view json);
  // The error of one that must not.
  base::Error refused(std::string_view operation, std::string_view json);

  // Of both paths where the operation has two; they must agree.
  base::Result<std::string> call(std::string_view operation, std::string_view json);

  // Shorthands for what most tests need first.
  void create(std::string_view name, int shards = 1);
  // Puts text under a key; gives its sequence number.
  std::string put(std::string_view stream, std::string_view key, std::string_view text);
  // An iterator of a type that needs nothing else.
  std::string iterator(std::string_view stream, std::string_view type, std::string_view shard = "shardId-000000000000");
  // Registers a consumer; gives its ARN.
  std::string register_consumer(std::string_view stream, std::string_view name);
  std::string arn(std::string_view stream) const { return model::stream_arn(identity_, stream); }
  // The stream as it is now; it must be there.
  const catalog::Stream& stream(std::string_view name) const;
  // Applies a command as it is, without the work that an operation does around it: how a test comes by a state that is
  // otherwise over at once. It must succeed.
  void apply(catalog::CommandBody command);
  // The data of the records a page holds.
  static std::vector<std::string> data_of(const wire::Value& page);

  sim::SimClock clock_;
  sim::SimRandom random_{1};
  base::MemoryBudget budget_;
  base::Metrics metrics_;
  std::unique_ptr<log::Engine> engine_;
  shard::TailCache tail_cache_;
  shard::Shared shared_;
  std::unique_ptr<coordinator::Coordinator> coordinator_;
  model::Identity identity_;
  std::unique_ptr<model::TokenSealer> sealer_;
  std::unique_ptr<Context> context_;
};

}  // namespace millrace::api::testing
