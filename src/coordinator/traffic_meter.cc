#include "coordinator/traffic_meter.h"

#include "catalog/reshard_plan.h"

namespace millrace::coordinator {

void TrafficMeter::sample(log::LogId shard, std::uint64_t bytes_stored, std::int64_t now_ms) {
  Traffic& traffic = shards_[shard];
  auto& samples = traffic.samples;
  if (!samples.empty() && (bytes_stored < samples.back().bytes || now_ms < samples.back().ms)) traffic = {};
  if (!samples.empty() && now_ms == samples.back().ms) return;
  samples.push_back({now_ms, bytes_stored});
  while (samples.size() > 2 && samples[1].ms <= now_ms - scaling_window_ms)
    samples.pop_front();
  const auto average = traffic.average();
  if (!average) return;
  if (*average >= merge_bytes_per_second) {
    traffic.quiet_since_ms.reset();
  } else if (!traffic.quiet_since_ms) {
    traffic.quiet_since_ms = samples.front().ms;
  }
}

void TrafficMeter::forget_others(std::int64_t now_ms) {
  std::erase_if(shards_, [&](const auto& entry) { return entry.second.samples.back().ms != now_ms; });
}

std::optional<double> TrafficMeter::Traffic::average() const {
  if (samples.empty()) return {};
  const std::int64_t seen_ms = samples.back().ms - samples.front().ms;
  if (seen_ms < scaling_window_ms) return {};
  return static_cast<double>(samples.back().bytes - samples.front().bytes) * 1000 / static_cast<double>(seen_ms);
}

std::optional<double> TrafficMeter::average(log::LogId shard) const {
  const auto found = shards_.find(shard);
  return found == shards_.end() ? std::nullopt : found->second.average();
}

bool TrafficMeter::is_quiet(log::LogId shard) const {
  const auto found = shards_.find(shard);
  if (found == shards_.end() || !found->second.quiet_since_ms) return false;
  return found->second.samples.back().ms - *found->second.quiet_since_ms >= merge_quiet_ms;
}

std::optional<model::ShardNo> TrafficMeter::to_split(const catalog::Stream& stream) const {
  std::optional<model::ShardNo> busiest;
  double most = split_bytes_per_second;
  for (const catalog::ShardInfo& shard : stream.shards) {
    if (!shard.is_open()) continue;
    const auto has = average({stream.uid, shard.number});
    if (!has || *has <= most) continue;
    most = *has;
    busiest = shard.number;
  }
  return busiest;
}

std::optional<Neighbours> TrafficMeter::to_merge(const catalog::Stream& stream) const {
  const auto open = catalog::open_shards_by_range(stream);
  if (open.size() <= on_demand_shards_min) return {};
  for (std::size_t i = 0; i + 1 < open.size(); ++i) {
    if (is_quiet({stream.uid, open[i]->number}) && is_quiet({stream.uid, open[i + 1]->number})) {
      return Neighbours{open[i]->number, open[i + 1]->number};
    }
  }
  return {};
}

}  // namespace millrace::coordinator
