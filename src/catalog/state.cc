#include "catalog/state.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace millrace::catalog {
namespace {

// A node of std::map in libstdc++ without its value, and the header and rounding of a heap allocation in glibc.
constexpr std::size_t map_node_bytes = 32;
constexpr std::size_t allocation_bytes = 16;
// The counts of std::make_shared.
constexpr std::size_t control_block_bytes = 16;

std::size_t heap_bytes(std::size_t text_size) {
  const std::size_t inside = std::string().capacity();
  return text_size <= inside ? 0 : text_size + 1 + allocation_bytes;
}

}  // namespace

std::string_view wire_name(StreamStatus status) {
  static constexpr std::array<std::string_view, 4> names = {"CREATING", "ACTIVE", "UPDATING", "DELETING"};
  return names[static_cast<std::size_t>(status)];
}

std::string_view wire_name(StreamMode mode) {
  static constexpr std::array<std::string_view, 2> names = {"PROVISIONED", "ON_DEMAND"};
  return names[static_cast<std::size_t>(mode)];
}

std::string_view wire_name(RecordDistribution strategy) {
  static constexpr std::array<std::string_view, 2> names = {"USER_PARTITION_KEY", "AUTO"};
  return names[static_cast<std::size_t>(strategy)];
}

std::string_view wire_name(ConsumerStatus status) {
  static constexpr std::array<std::string_view, 3> names = {"CREATING", "ACTIVE", "DELETING"};
  return names[static_cast<std::size_t>(status)];
}

std::string_view wire_name(Commitment::Status status) {
  static constexpr std::array<std::string_view, 3> names = {"DISABLED", "ENABLED",
                                                            "ENABLED_UNTIL_EARLIEST_ALLOWED_END"};
  return names[static_cast<std::size_t>(status)];
}

std::uint32_t Stream::open_shards() const {
  return static_cast<std::uint32_t>(std::ranges::count_if(shards, &ShardInfo::is_open));
}

const ShardInfo* Stream::shard(model::ShardNo number) const {
  // Until the first shard expires its number is its place.
  if (number < shards.size() && shards[number].number == number) return &shards[number];
  const auto found = std::ranges::lower_bound(shards, number, {}, &ShardInfo::number);
  return found == shards.end() || found->number != number ? nullptr : &*found;
}

bool is_expired(const Stream& stream, const ShardInfo& shard, std::int64_t now_ms) {
  if (shard.is_open()) return false;
  const std::int64_t retention_ms = std::chrono::milliseconds(std::chrono::hours(stream.retention_hours)).count();
  return (*shard.closed_s + 1) * 1000 <= now_ms - retention_ms;
}

std::vector<const ShardInfo*> children_of(const Stream& stream, model::ShardNo parent) {
  std::vector<const ShardInfo*> children;
  for (const ShardInfo& shard : stream.shards) {
    if (shard.parent == parent || shard.adjacent_parent == parent) children.push_back(&shard);
  }
  return children;
}

Commitment Commitment::at(std::int64_t now_ms) const {
  if (status != Status::enabled_until_earliest_end || !earliest_end_ms || now_ms < *earliest_end_ms) return *this;
  return {.status = Status::disabled, .started_ms = started_ms, .ended_ms = earliest_end_ms, .earliest_end_ms = {}};
}

const Account& State::account(PlaceView place) const {
  static const Account none;
  const Account* found = accounts.find(place);
  return found == nullptr ? none : *found;
}

std::size_t MemoryCosts::of_stream(std::size_t name_size, std::size_t shard_count) const {
  const std::size_t value = sizeof(Stream) + control_block_bytes + allocation_bytes + heap_bytes(name_size);
  const std::size_t entry = 2 * sizeof(decltype(State::streams)::Names::Entry) + heap_bytes(name_size);
  return value + entry + stream_bytes + heap_bytes(name_size) + of_shards(shard_count);
}

std::size_t MemoryCosts::of_shards(std::size_t count) const {
  return count * (sizeof(ShardInfo) + shard_bytes);
}

std::size_t MemoryCosts::of_tag(std::string_view key, std::string_view value) const {
  return map_node_bytes + sizeof(std::pair<const std::string, std::string>) + allocation_bytes +
         heap_bytes(key.size()) + heap_bytes(value.size());
}

std::size_t MemoryCosts::of_tags(const std::map<std::string, std::string>& tags) const {
  std::size_t bytes = 0;
  for (const auto& [key, value] : tags)
    bytes += of_tag(key, value);
  return bytes;
}

std::size_t MemoryCosts::of_consumer(std::string_view name) const {
  return map_node_bytes + sizeof(std::pair<const std::string, Consumer>) + allocation_bytes +
         2 * heap_bytes(name.size());
}

std::size_t MemoryCosts::of_text(std::size_t size) const {
  return heap_bytes(size);
}

std::size_t MemoryCosts::of(const Stream& stream) const {
  std::size_t bytes = of_stream(stream.name.size(), stream.shards.size()) + of_tags(stream.tags) +
                      of_text(stream.policy.size()) + of_text(stream.key_id.size());
  if (stream.reshard) bytes += of_shards(stream.reshard->children.size());
  for (const auto& [name, consumer] : stream.consumers)
    bytes += of_consumer(name) + of_tags(consumer.tags) + of_text(consumer.policy.size());
  return bytes;
}

}  // namespace millrace::catalog
