#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/history.h"
#include "model/hash_range.h"
#include "model/sequence_number.h"
#include "model/shard_id.h"

// The catalogue: what streams there are and what is known of each. All of it is a value that a log of commands adds up
// to.
namespace millrace::catalog {

enum class StreamStatus : std::uint8_t { creating, active, updating, deleting };
enum class StreamMode : std::uint8_t { provisioned, on_demand };
enum class RecordDistribution : std::uint8_t { user_partition_key, automatic };

std::string_view wire_name(StreamStatus status);          // "ACTIVE"
std::string_view wire_name(StreamMode mode);              // "ON_DEMAND"
std::string_view wire_name(RecordDistribution strategy);  // "AUTO"

struct ShardInfo {
  model::ShardNo number = 0;
  model::HashKeyRange range;
  std::optional<model::ShardNo> parent;
  std::optional<model::ShardNo> adjacent_parent;
  std::int64_t created_s = 0;            // the creation second in its sequence numbers
  std::optional<std::int64_t> closed_s;  // absent while open
  bool is_open() const { return !closed_s.has_value(); }
  friend bool operator==(const ShardInfo&, const ShardInfo&) = default;
};

struct Stream {
  std::uint64_t uid = 0;  // never used again, so that a re-created name shares nothing with the old stream
  std::string name;
  StreamStatus status = StreamStatus::creating;
  StreamMode mode = StreamMode::provisioned;
  RecordDistribution distribution = RecordDistribution::user_partition_key;
  std::int64_t created_ms = 0;
  std::uint32_t retention_hours = 24;
  std::uint32_t record_kib_max = 1024;
  std::optional<std::uint32_t> warm_throughput_mibps;
  std::map<std::string, std::string> tags;  // by code point of the key (bytes of UTF-8)
  std::vector<ShardInfo> shards;            // by number, ascending
  friend bool operator==(const Stream&, const Stream&) = default;
};

// Immutable once published; applying a command makes a new one that shares the streams it did not touch.
struct State {
  std::map<std::string, std::shared_ptr<const Stream>, std::less<>> streams;  // by name, in code point order
  std::uint64_t last_uid = 0;
  std::uint64_t version = 0;            // position in the log of the last command seen, refused ones included
  std::uint64_t open_shards = 0;        // of the account, all states but deleting
  std::uint64_t on_demand_streams = 0;  // all states but deleting
  History history;

  const std::shared_ptr<const Stream>* find(std::string_view name) const;
};

// What streams cost in memory, whoever follows the catalogue included. An estimate from the sizes of the containers.
struct MemoryCosts {
  // What is kept for each stream and for each shard beside the catalogue's own values: the coordinator's entries and
  // actors.
  std::size_t stream_bytes = 0;
  std::size_t shard_bytes = 0;

  std::size_t of_stream(std::size_t name_size, std::size_t shard_count) const;  // without its tags
  std::size_t of_tag(std::string_view key, std::string_view value) const;
  std::size_t of_tags(const std::map<std::string, std::string>& tags) const;
  std::size_t of(const Stream& stream) const;
};

}  // namespace millrace::catalog
