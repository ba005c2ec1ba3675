#include "app/gauges.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace millrace::app {
namespace {

using base::MemoryShare;

// The shares that are queues of requests: full, each refuses or stops reading some of them.
constexpr std::array queue_shares = {MemoryShare::append_queue, MemoryShare::bodies, MemoryShare::small_bodies,
                                     MemoryShare::answers};

// Appends that wait or are being committed, over all shards.
double appends_queued(const coordinator::Coordinator& coordinator) {
  std::size_t queued = 0;
  for (const auto& [name, entry] : coordinator.directory()->by_name) {
    for (const auto& shard : entry->shards)
      queued += shard->queued();
  }
  return static_cast<double>(queued);
}

double open_shards(const coordinator::Coordinator& coordinator) {
  return static_cast<double>(coordinator.directory()->state->open_shards);
}

void add_memory_gauges(base::Metrics& metrics, const base::MemoryBudget& budget) {
  for (const base::MemoryShareRow& row : base::memory_shares) {
    const std::string labels = fmt::format("share=\"{}\"", row.name);
    metrics.add_gauge("millrace_memory_bytes", "Bytes held of each share of --memory-max.", labels,
                      [&budget, share = row.share] { return static_cast<double>(budget.used(share)); });
    metrics.add_gauge("millrace_memory_max_bytes", "Bytes that each share of --memory-max may hold.", labels,
                      [&budget, share = row.share] { return static_cast<double>(budget.max(share)); });
  }
}

}  // namespace

void add_gauges(base::Metrics& metrics, const base::MemoryBudget& budget, const log::Engine& engine,
                const coordinator::Coordinator& coordinator) {
  add_memory_gauges(metrics, budget);
  metrics.add_gauge("millrace_appends_queued", "Blocks that wait in shards or are being committed.", {},
                    [&coordinator] { return appends_queued(coordinator); });
  metrics.add_gauge("millrace_streams", "Streams in the catalogue.", {},
                    [&coordinator] { return static_cast<double>(coordinator.directory()->by_name.size()); });
  metrics.add_gauge("millrace_open_shards", "Open shards of all streams.", {},
                    [&coordinator] { return open_shards(coordinator); });
  metrics.add_gauge("millrace_engine_records", "Records that the engine holds.", {},
                    [&engine] { return static_cast<double>(engine.usage().records); });
  metrics.add_gauge("millrace_engine_bytes", "Bytes of blocks that the engine holds.", {},
                    [&engine] { return static_cast<double>(engine.usage().bytes); });
  metrics.add_gauge("millrace_engine_records_dropped", "Records dropped early because the engine's share was full.", {},
                    [&engine] { return static_cast<double>(engine.usage().records_dropped); });
}

std::vector<admin::ReadyCheck> ready_checks(const base::MemoryBudget& budget, const log::Engine& engine) {
  std::vector<admin::ReadyCheck> checks;
  checks.push_back({"engine", [&engine]() -> std::string {
                      const log::Health health = engine.health();
                      if (health.state == log::Health::State::serving) return {};
                      return health.reason.empty() ? std::string("not serving") : health.reason;
                    }});
  for (const base::MemoryShareRow& row : base::memory_shares) {
    if (std::ranges::find(queue_shares, row.share) == queue_shares.end()) continue;
    checks.push_back({std::string(row.name), [&budget, share = row.share]() -> std::string {
                        return budget.is_full(share) ? "its share of the memory is full" : "";
                      }});
  }
  return checks;
}

}  // namespace millrace::app
