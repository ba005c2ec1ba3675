#include "api/shard_filter.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "model/shard_id.h"

namespace millrace::api {
namespace {

using Type = ShardFilter::Type;

constexpr std::array<std::pair<std::string_view, Type>, 6> type_names = {{
    {"AFTER_SHARD_ID", Type::after_shard_id},
    {"AT_TRIM_HORIZON", Type::at_trim_horizon},
    {"FROM_TRIM_HORIZON", Type::from_trim_horizon},
    {"AT_LATEST", Type::at_latest},
    {"AT_TIMESTAMP", Type::at_timestamp},
    {"FROM_TIMESTAMP", Type::from_timestamp},
}};

// The shards that are kept, and when they began and ended as a listing by time sees it.
class Lifetimes {
 public:
  Lifetimes(const catalog::Stream& stream, std::int64_t now_ms) : stream_(stream), now_ms_(now_ms) {}

  bool has_expired(const catalog::ShardInfo& shard) const { return catalog::is_expired(stream_, shard, now_ms_); }

  bool has_living_parent(const catalog::ShardInfo& shard) const { return parent_of(shard) != nullptr; }

  // A shard ends with the second in which it was closed, in which it may have got records; its children begin then, so
  // that those who read from a time on miss nothing.
  static std::int64_t end_ms(const catalog::ShardInfo& shard) { return (shard.closed_s.value_or(0) + 1) * 1000; }
  std::int64_t begin_ms(const catalog::ShardInfo& shard) const {
    const catalog::ShardInfo* parent = parent_of(shard);
    return parent != nullptr && parent->closed_s ? end_ms(*parent) : 0;
  }

  bool open_at(const catalog::ShardInfo& shard, std::int64_t ms) const {
    return begin_ms(shard) <= ms && (shard.is_open() || ms < end_ms(shard));
  }

 private:
  const catalog::ShardInfo* parent_of(const catalog::ShardInfo& shard) const {
    if (!shard.parent) return nullptr;
    const catalog::ShardInfo* found = stream_.shard(*shard.parent);
    return found == nullptr || has_expired(*found) ? nullptr : found;
  }

  const catalog::Stream& stream_;
  const std::int64_t now_ms_;
};

}  // namespace

base::Result<ShardFilter> shard_filter(const wire::Value* input) {
  ShardFilter filter;
  if (input == nullptr) return filter;
  const std::string_view type = input->view("Type");
  for (const auto& [name, value] : type_names) {
    if (name == type) filter.type = value;
  }
  if (filter.type == Type::after_shard_id) {
    if (input->text("ShardId") == nullptr) {
      return base::fail(base::Errc::invalid_argument,
                        "ShardId must be provided for a ShardFilter of type AFTER_SHARD_ID.");
    }
    filter.shard_id = input->view("ShardId");
  }
  if (filter.type == Type::at_timestamp || filter.type == Type::from_timestamp) {
    const auto timestamp = input->timestamp("Timestamp");
    if (!timestamp) {
      return base::fail(base::Errc::invalid_argument,
                        "Timestamp must be provided for a ShardFilter of type " + std::string(type) + ".");
    }
    filter.timestamp_ms = timestamp->ms;
  }
  return filter;
}

std::vector<const catalog::ShardInfo*> filter_shards(const catalog::Stream& stream, const ShardFilter& filter,
                                                     std::int64_t now_ms) {
  const Lifetimes lifetimes(stream, now_ms);
  const std::int64_t horizon_ms =
      std::max(now_ms - std::int64_t{stream.retention_hours} * 3'600'000, stream.created_ms);
  const std::int64_t at_ms = std::clamp(filter.timestamp_ms, std::min(horizon_ms, now_ms), now_ms);
  const auto shown = [&](const catalog::ShardInfo& shard) {
    switch (filter.type) {
      case Type::from_trim_horizon:
        return true;
      case Type::at_trim_horizon:
        return !lifetimes.has_living_parent(shard);
      case Type::at_latest:
        return shard.is_open();
      case Type::at_timestamp:
        return at_ms >= now_ms ? shard.is_open() : lifetimes.open_at(shard, at_ms);
      case Type::from_timestamp:
        return shard.is_open() || (at_ms < now_ms && at_ms <= Lifetimes::end_ms(shard));
      case Type::after_shard_id:
        return model::shard_id(shard.number) > filter.shard_id;
    }
    return false;
  };
  std::vector<const catalog::ShardInfo*> result;
  for (const catalog::ShardInfo& shard : stream.shards) {
    if (!lifetimes.has_expired(shard) && shown(shard)) result.push_back(&shard);
  }
  return result;
}

}  // namespace millrace::api
