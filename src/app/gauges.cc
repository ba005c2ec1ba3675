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

// What all shards have in a queue of theirs.
double over_all_shards(const coordinator::Coordinator& coordinator, std::size_t (shard::Shard::*queued)() const) {
  std::size_t sum = 0;
  for (const auto& [name, entry] : coordinator.directory()->by_name) {
    for (const auto& shard : entry->shards)
      sum += ((*shard).*queued)();
  }
  return static_cast<double>(sum);
}

// Whether some shard refuses appends or reads.
std::string full_shard(const coordinator::Coordinator& coordinator) {
  for (const auto& [name, entry] : coordinator.directory()->by_name) {
    for (const auto& shard : entry->shards) {
      if (shard->queued() >= shard::Shard::appends_queued_max) return "the appends of a shard of " + name + " are full";
      if (shard->reads_queued() >= shard::Shard::reads_queued_max)
        return "the reads of a shard of " + name + " are full";
    }
  }
  return {};
}

double open_shards(const coordinator::Coordinator& coordinator) {
  return static_cast<double>(coordinator.directory()->state->open_shards);
}

// Only of streams that lost some: a counter a stream that never does would only be noise.
std::vector<base::Metrics::Labelled> dropped_by_stream(const log::Engine& engine,
                                                       const coordinator::Coordinator& coordinator) {
  std::vector<base::Metrics::Labelled> samples;
  const log::Usage usage = engine.usage();
  if (usage.dropped_by_stream.empty()) return samples;
  for (const auto& [name, entry] : coordinator.directory()->by_name) {
    const auto found = usage.dropped_by_stream.find(entry->stream->uid);
    if (found == usage.dropped_by_stream.end()) continue;
    samples.push_back({fmt::format("stream=\"{}\"", name), static_cast<double>(found->second)});
  }
  return samples;
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

void add_queue_gauges(base::Metrics& metrics, const coordinator::Coordinator& coordinator) {
  metrics.add_gauge("millrace_appends_queued", "Blocks that wait in shards or are being committed.", {},
                    [&coordinator] { return over_all_shards(coordinator, &shard::Shard::queued); });
  metrics.add_gauge("millrace_reads_queued", "Reads that wait for their shard or its engine.", {},
                    [&coordinator] { return over_all_shards(coordinator, &shard::Shard::reads_queued); });
  metrics.add_gauge("millrace_control_operations", "Operations that change streams and are under way.", {},
                    [&coordinator] { return static_cast<double>(coordinator.operations()); });
  metrics.add_gauge("millrace_catalogue_proposals", "Commands to the catalogue whose outcome is waited for.", {},
                    [&coordinator] { return static_cast<double>(coordinator.proposals()); });
}

}  // namespace

void add_gauges(base::Metrics& metrics, const base::MemoryBudget& budget, const log::Engine& engine,
                const shard::TailCache& tail_cache, const coordinator::Coordinator& coordinator) {
  add_memory_gauges(metrics, budget);
  add_queue_gauges(metrics, coordinator);
  metrics.add_gauge("millrace_tail_cache_bytes", "Bytes of blocks that readers at the tip are served from.", {},
                    [&tail_cache] { return static_cast<double>(tail_cache.bytes()); });
  metrics.add_gauge("millrace_streams", "Streams in the catalogue.", {},
                    [&coordinator] { return static_cast<double>(coordinator.directory()->by_name.size()); });
  metrics.add_gauge("millrace_open_shards", "Open shards of all streams.", {},
                    [&coordinator] { return open_shards(coordinator); });
  metrics.add_gauge("millrace_engine_records", "Records appended since the start.", {},
                    [&engine] { return static_cast<double>(engine.usage().records); });
  metrics.add_gauge("millrace_engine_bytes", "Bytes of blocks that the engine holds.", {},
                    [&engine] { return static_cast<double>(engine.usage().bytes); });
  metrics.add_gauge("millrace_engine_records_dropped", "Records dropped early because the engine's share was full.", {},
                    [&engine] { return static_cast<double>(engine.usage().records_dropped); });
  metrics.add_samples("millrace_stream_records_dropped_total",
                      "Records of a stream dropped early because the engine's share was full.", "counter",
                      [&engine, &coordinator] { return dropped_by_stream(engine, coordinator); });
}

void add_disk_gauges(base::Metrics& metrics, const EngineHost& host) {
  const log::Engine& engine = host.engine();
  metrics.add_gauge("millrace_engine_commits", "Commits of the engine since the start, over all shards.", {},
                    [&engine] { return static_cast<double>(engine.usage().commits); });
  metrics.add_gauge("millrace_engine_disk_bytes", "Bytes that the engine's files take on the disk.", {},
                    [&engine] { return static_cast<double>(engine.usage().disk_bytes); });
  metrics.add_gauge("millrace_engine_segments", "Files of records, free ones that wait for another life counted.", {},
                    [&engine] { return static_cast<double>(engine.usage().segments); });
  metrics.add_gauge("millrace_engine_unindexed_blocks", "Blocks on the disk that the index has not taken yet.", {},
                    [&engine] { return static_cast<double>(engine.usage().unindexed_blocks); });
  metrics.add_gauge("millrace_engine_unindexed_blocks_max", "How many there may be before puts are throttled.", {},
                    [&host] { return static_cast<double>(host.unindexed_blocks_max()); });
  metrics.add_gauge("millrace_disk_free_bytes", "Bytes that are free on the disk of the data folder.", {},
                    [&host] { return static_cast<double>(host.disk_free_bytes()); });
}

std::vector<admin::ReadyCheck> ready_checks(const base::MemoryBudget& budget, const log::Engine& engine,
                                            const coordinator::Coordinator& coordinator) {
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
  checks.push_back({"shards", [&coordinator] { return full_shard(coordinator); }});
  checks.push_back({"control_operations", [&coordinator]() -> std::string {
                      const bool full = coordinator.operations() >= coordinator::Coordinator::operations_max;
                      return full ? "as many as may be are under way" : "";
                    }});
  return checks;
}

}  // namespace millrace::app
