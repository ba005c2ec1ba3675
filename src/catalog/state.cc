#include "catalog/state.h"

#include <array>

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

const std::shared_ptr<const Stream>* State::find(std::string_view name) const {
  const auto found = streams.find(name);
  return found == streams.end() ? nullptr : &found->second;
}

std::size_t MemoryCosts::of_stream(std::size_t name_size, std::size_t shard_count) const {
  const std::size_t value = sizeof(Stream) + control_block_bytes + allocation_bytes + heap_bytes(name_size);
  const std::size_t entry =
      map_node_bytes + sizeof(decltype(State::streams)::value_type) + allocation_bytes + heap_bytes(name_size);
  return value + entry + stream_bytes + heap_bytes(name_size) + shard_count * (sizeof(ShardInfo) + shard_bytes);
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

std::size_t MemoryCosts::of(const Stream& stream) const {
  return of_stream(stream.name.size(), stream.shards.size()) + of_tags(stream.tags);
}

}  // namespace millrace::catalog
