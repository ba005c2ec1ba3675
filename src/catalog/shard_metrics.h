#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::catalog {

// The shard-level metrics that enhanced monitoring switches, in the model's order without its ALL. A metric's place is
// its bit in ShardMetricSet, which is stored: new ones go to the end.
inline constexpr std::array<std::string_view, 7> shard_metric_names = {
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
};

struct ShardMetricSet {
  std::uint32_t bits = 0;

  static ShardMetricSet all() { return {(1U << shard_metric_names.size()) - 1}; }
  // "ALL" gives all; nothing where there is no such metric.
  static std::optional<ShardMetricSet> named(std::string_view name) {
    if (name == "ALL") return all();
    for (std::size_t i = 0; i < shard_metric_names.size(); ++i) {
      if (shard_metric_names[i] == name) return ShardMetricSet{1U << i};
    }
    return {};
  }
  bool contains(std::size_t index) const { return (bits >> index & 1U) != 0; }
  ShardMetricSet with(ShardMetricSet other) const { return {bits | other.bits}; }
  ShardMetricSet without(ShardMetricSet other) const { return {bits & ~other.bits}; }
  friend bool operator==(const ShardMetricSet&, const ShardMetricSet&) = default;
};

}  // namespace millrace::catalog
