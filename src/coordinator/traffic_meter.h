#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "catalog/state.h"
#include "log/engine.h"

namespace millrace::coordinator {

// What on-demand streams do with their shards by themselves. Source of the first two: the documentation of on-demand
// mode; how the service merges is not known, so the last is ours.
inline constexpr std::int64_t scaling_window_ms = 15 * 60'000;
inline constexpr double split_bytes_per_second = 500'000;
inline constexpr double merge_bytes_per_second = split_bytes_per_second / 4;
inline constexpr std::int64_t merge_quiet_ms = 24 * 3'600'000;
inline constexpr std::uint32_t on_demand_shards_min = 4;

// A pair of neighbours, the lower one first.
struct Neighbours {
  model::ShardNo lower = 0;
  model::ShardNo upper = 0;
  friend bool operator==(const Neighbours&, const Neighbours&) = default;
};

// Follows the bytes that shards store, and says which have had so many, or so few, that they should be split or merged.
// Knows only what it is told, so that a restart begins anew. Not thread-safe.
class TrafficMeter {
 public:
  // The bytes a shard has stored since some moment. Meant for about once a minute; a number that falls begins anew, and
  // so does a clock that goes back.
  void sample(log::LogId shard, std::uint64_t bytes_stored, std::int64_t now_ms);
  // Forgets every shard that was not sampled at that time.
  void forget_others(std::int64_t now_ms);

  // Bytes a second over the last scaling_window_ms, at least; nothing before the shard was seen for so long.
  std::optional<double> average(log::LogId shard) const;

  // The open shard that has most of all above split_bytes_per_second; nothing where none is.
  std::optional<model::ShardNo> to_split(const catalog::Stream& stream) const;
  // The first pair of neighbours that have both been below merge_bytes_per_second for merge_quiet_ms; nothing where
  // there is none, or no shard to spare.
  std::optional<Neighbours> to_merge(const catalog::Stream& stream) const;

  std::size_t size() const { return shards_.size(); }

 private:
  struct Sample {
    std::int64_t ms = 0;
    std::uint64_t bytes = 0;
  };
  struct Traffic {
    std::deque<Sample> samples;  // ascending; the first is the newest that is a whole window older than the last
    std::optional<std::int64_t> quiet_since_ms;
    std::optional<double> average() const;
  };
  bool is_quiet(log::LogId shard) const;

  std::map<log::LogId, Traffic> shards_;
};

}  // namespace millrace::coordinator
