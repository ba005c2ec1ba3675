#include "app/broker.h"

#include <fmt/format.h>

#include <array>
#include <future>
#include <utility>

#include "admin/admin.h"
#include "api/context.h"
#include "app/engines.h"
#include "app/front.h"
#include "app/gauges.h"
#include "app/machine.h"
#include "app/version.h"
#include "base/log.h"
#include "base/memory_budget.h"
#include "base/metrics.h"
#include "coordinator/coordinator.h"
#include "gateway/gateway.h"
#include "http/server.h"
#include "io/clock.h"
#include "io/random.h"
#include "io/system.h"
#include "model/arn.h"
#include "model/token.h"
#include "shard/shard.h"
#include "shard/tail_cache.h"

namespace millrace::app {
namespace {

std::unique_ptr<model::TokenSealer> make_sealer(const model::TokenSealer::Key& key, io::Random& random) {
  std::array<std::byte, model::TokenSealer::salt_bytes> salt{};
  random.fill(salt);
  return std::make_unique<model::TokenSealer>(key, salt);
}

coordinator::AccountLimits limits_of(const Options& options) {
  coordinator::AccountLimits limits;
  limits.take_from(options.limits);
  limits.shards_max = options.shards_max;
  limits.on_demand_streams_max = options.on_demand_streams_max;
  return limits;
}

coordinator::TransitionDelays delays_of(const Options& options) {
  const auto creating = options.create_delay.value_or(options.transition_delay);
  const auto deleting = options.delete_delay.value_or(options.transition_delay);
  const auto updating = options.update_delay.value_or(options.transition_delay);
  return {.create_stream = creating,
          .delete_stream = deleting,
          .reshard = updating,
          .update_stream = updating,
          .register_consumer = creating,
          .deregister_consumer = deleting};
}

std::string_view words_for(log::DurabilityClass durability) {
  switch (durability) {
    case log::DurabilityClass::none:
      return "nothing";
    case log::DurabilityClass::process:
      return "a kill";
    case log::DurabilityClass::local_fsync:
      return "a power cut";
    case log::DurabilityClass::quorum_memory:
      return "a node";
    case log::DurabilityClass::quorum_fsync:
      return "a power cut of every node";
    case log::DurabilityClass::object_store:
      return "the loss of every node";
  }
  return "unknown";
}

}  // namespace

// In the order of their making; each outlives those after it.
struct Broker::Parts {
  explicit Parts(const Options& options)
      : budget(options.memory_max),
        identity{.region = options.region, .account = options.account_id},
        network(io::system_network()) {}

  base::Result<void> open(const Options& options);
  base::Result<void> open_streams(const Options& options);
  base::Result<void> listen(const Options& options);
  void start_loops(unsigned count);
  void end(std::chrono::milliseconds grace);

  io::SystemWallClock wall_clock;
  io::SystemSteadyClock steady_clock;
  io::SystemRandom random;
  base::MemoryBudget budget;
  base::Metrics metrics;
  std::unique_ptr<EngineHost> host;
  std::unique_ptr<shard::TailCache> tail_cache;
  std::unique_ptr<shard::Shared> shared;
  std::unique_ptr<coordinator::Coordinator> coordinator;
  model::Identity identity;
  std::unique_ptr<model::TokenSealer> sealer;
  std::unique_ptr<api::Context> context;
  std::unique_ptr<gateway::Gateway> gateway;
  std::unique_ptr<admin::Admin> admin;
  std::unique_ptr<Front> front;
  std::unique_ptr<io::Network> network;
  std::vector<std::unique_ptr<io::ThreadLoop>> loops;
  std::unique_ptr<http::Server> server;
  bool ended = false;
};

void Broker::Parts::start_loops(unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    loops.push_back(io::start_thread_loop(fmt::format("loop-{}", i)));
}

base::Result<void> Broker::Parts::open(const Options& options) {
  auto opened = EngineHost::open(options, budget, wall_clock, steady_clock, random);
  if (!opened) return base::fail(opened.error());
  host = std::move(*opened);
  if (auto streams = open_streams(options); !streams) return streams;
  sealer = make_sealer(host->installation_key(), random);
  context = std::make_unique<api::Context>(api::Context{.coordinator = *coordinator,
                                                        .clock = wall_clock,
                                                        .identity = identity,
                                                        .sealer = *sealer,
                                                        .budget = budget,
                                                        .limits = options.limits,
                                                        .lenient_arns = options.lenient_arns});
  gateway = std::make_unique<gateway::Gateway>(*context, random, steady_clock, metrics, options.accounts);
  add_gauges(metrics, budget, host->engine(), *tail_cache, *coordinator);
  if (host->is_on_disk()) add_disk_gauges(metrics, *host);
  admin = std::make_unique<admin::Admin>(metrics, ready_checks(budget, host->engine(), *coordinator),
                                         fmt::format("\"engine\":\"{}\",\"version\":\"{}\"", options.engine, version));
  front = std::make_unique<Front>(*admin, *gateway);
  return listen(options);
}

base::Result<void> Broker::Parts::open_streams(const Options& options) {
  tail_cache = std::make_unique<shard::TailCache>(host->tail_cache_bytes());
  shared = std::make_unique<shard::Shared>(
      shard::Shared{.engine = host->engine(),
                    .clock = wall_clock,
                    .budget = budget,
                    .tail_cache = *tail_cache,
                    .commits = metrics.add_counter("millrace_commits_total", "Commits of shards."),
                    .commit_records = metrics.add_histogram("millrace_commit_records", "Records a commit.", 1),
                    .append_queue_full =
                        metrics.add_counter("millrace_append_queue_full_total", "Appends refused by a full queue.")});
  auto opened = coordinator::Coordinator::open(*shared, random, limits_of(options), delays_of(options));
  if (!opened) return base::fail(opened.error());
  coordinator = std::move(*opened);
  host->name_streams([this](std::uint64_t uid) {
    const auto directory = coordinator->directory();
    for (const auto& [name, entry] : directory->by_name) {
      if (entry->stream->uid == uid) return entry->stream->name;
    }
    return std::string();
  });
  return {};
}

base::Result<void> Broker::Parts::listen(const Options& options) {
  start_loops(options.threads == 0 ? processors() : options.threads);
  coordinator->run_on(*loops.front());
  std::vector<io::Loop*> targets;
  for (const auto& loop : loops)
    targets.push_back(loop.get());
  http::Server::Options listening{.addresses = options.hosts, .port = options.port, .limits = {}};
  listening.limits.connections_max = options.connections_max;
  listening.limits.body_bytes_max = options.body_max;
  auto started = http::Server::start(std::move(listening), *network, wall_clock, targets, *front, budget, metrics);
  if (!started) return base::fail(started.error());
  server = std::move(*started);
  return {};
}

void Broker::Parts::end(std::chrono::milliseconds grace) {
  if (std::exchange(ended, true)) return;
  if (server != nullptr) server->stop(grace);
  if (coordinator != nullptr) coordinator->leave_loop();
  if (host != nullptr) {
    std::promise<void> stopped;
    host->engine().stop([&stopped](base::Result<void> outcome) {
      if (!outcome) {
        base::log::error("the engine could not stop cleanly; the next start recovers what it holds",
                         {{"why", base::describe(outcome.error())}});
      }
      stopped.set_value();
    });
    stopped.get_future().wait();
  }
  server.reset();
  for (const auto& loop : loops)
    loop->stop();
  if (host != nullptr) host->end_threads();
}

base::Result<std::unique_ptr<Broker>> Broker::start(const Options& options) {
  auto parts = std::make_unique<Parts>(options);
  const auto opened = parts->open(options);
  // What was started of it ends with the broker that is not returned.
  std::unique_ptr<Broker> broker(new Broker(std::move(parts)));
  if (!opened) return base::fail(opened.error());
  return broker;
}

Broker::Broker(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Broker::~Broker() {
  parts_->end(std::chrono::milliseconds{0});
}

void Broker::stop(std::chrono::milliseconds grace) {
  parts_->end(grace);
}

void Broker::cut() {
  parts_->server->cut();
}

std::uint16_t Broker::port() const {
  return parts_->server->port();
}

std::vector<std::string> Broker::addresses() const {
  return parts_->server->addresses();
}

unsigned Broker::threads() const {
  return static_cast<unsigned>(parts_->loops.size());
}

std::string_view Broker::durability() const {
  return words_for(parts_->host->engine().durability());
}

}  // namespace millrace::app
