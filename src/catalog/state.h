#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/chunked_map.h"
#include "catalog/consumer.h"
#include "catalog/history.h"
#include "catalog/key.h"
#include "catalog/shard_metrics.h"
#include "catalog/stream_map.h"
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
  // Both stay when the parents have expired.
  std::optional<model::ShardNo> parent;
  std::optional<model::ShardNo> adjacent_parent;  // of the child of a merge
  std::int64_t created_s = 0;                     // the creation second in its sequence numbers
  std::optional<std::int64_t> closed_s;           // absent while open; no record of it is younger
  bool is_open() const { return !closed_s.has_value(); }
  friend bool operator==(const ShardInfo&, const ShardInfo&) = default;
};

// A step of a reshard that has begun: its parents are closed and its children opened together, when it is committed.
// Until then the parents are the stream's open shards, and nobody sees the children.
struct Reshard {
  std::vector<model::ShardNo> parents;  // ascending
  std::vector<ShardInfo> children;      // by number; what they lack is their creation second
  friend bool operator==(const Reshard&, const Reshard&) = default;
};

// When a stream was last changed in the ways that the service limits for a day, newest last. No longer than the limits
// need.
struct ChangeTimes {
  std::vector<std::int64_t> rescales_ms;
  std::vector<std::int64_t> mode_switches_ms;
  std::vector<std::int64_t> encryption_starts_ms;
  std::vector<std::int64_t> encryption_stops_ms;
  friend bool operator==(const ChangeTimes&, const ChangeTimes&) = default;
};

struct Stream {
  std::uint64_t uid = 0;  // never used again, so that a re-created name shares nothing with the old stream
  Place place;
  std::string name;
  StreamStatus status = StreamStatus::creating;
  StreamMode mode = StreamMode::provisioned;
  RecordDistribution distribution = RecordDistribution::user_partition_key;
  std::int64_t created_ms = 0;
  std::uint32_t retention_hours = 24;
  std::uint32_t record_kib_max = 1024;
  std::optional<std::uint32_t> warm_throughput_mibps;  // the target
  // What it was before a change that is still under way; the same as the target otherwise.
  std::optional<std::uint32_t> warm_current_mibps;
  std::map<std::string, std::string> tags;  // by code point of the key (bytes of UTF-8)
  // By number, ascending: the open ones, which partition the key space, and those closed ones that have not expired.
  std::vector<ShardInfo> shards;
  model::ShardNo next_shard = 0;                // number of the next shard that is made
  std::optional<Reshard> reshard;               // the step under way
  std::optional<std::uint32_t> rescale_target;  // while UpdateShardCount goes on: its steps lead there
  std::string key_id;                           // what its records are encrypted with, as given; empty: they are not
  ShardMetricSet shard_metrics;                 // switched on by EnableEnhancedMonitoring
  std::string policy;                           // the JSON text of PutResourcePolicy; empty: none
  std::map<std::string, Consumer, std::less<>> consumers;  // by name
  std::int64_t consumer_floor_s = 0;                       // a consumer that is registered gets a later second
  ChangeTimes times;

  std::uint32_t open_shards() const;
  const ShardInfo* shard(model::ShardNo number) const;  // null where it never was or has expired
  StreamKey key() const { return {place, name}; }
  bool is_encrypted() const { return !key_id.empty(); }
  friend bool operator==(const Stream&, const Stream&) = default;
};

// A closed shard is gone once its newest possible record is older than the retention, whether or not it was taken out
// already.
bool is_expired(const Stream& stream, const ShardInfo& shard, std::int64_t now_ms);

// The shards that another one's records went on in, ascending. None while it is open.
std::vector<const ShardInfo*> children_of(const Stream& stream, model::ShardNo parent);

// MinimumThroughputBillingCommitment of an account.
struct Commitment {
  enum class Status : std::uint8_t { disabled, enabled, enabled_until_earliest_end };
  Status status = Status::disabled;
  std::optional<std::int64_t> started_ms;
  std::optional<std::int64_t> ended_ms;
  std::optional<std::int64_t> earliest_end_ms;
  friend bool operator==(const Commitment&, const Commitment&) = default;

  // What it is at that time: one whose end was asked for early ends by itself.
  Commitment at(std::int64_t now_ms) const;
};
std::string_view wire_name(Commitment::Status status);  // "ENABLED_UNTIL_EARLIEST_ALLOWED_END"

// What is known of an account in a region beside its streams.
struct Account {
  std::uint64_t open_shards = 0;        // children of a reshard under way included; all states but deleting
  std::uint64_t on_demand_streams = 0;  // all states but deleting
  std::uint64_t creating_streams = 0;
  Commitment commitment;
  friend bool operator==(const Account&, const Account&) = default;
};

// Immutable once published; applying a command makes a new one that shares what it did not touch.
struct State {
  StreamMap<std::shared_ptr<const Stream>> streams;
  ChunkedMap<Place, Account, PlaceLess> accounts;  // those that have anything
  std::uint64_t last_uid = 0;
  std::uint64_t version = 0;            // position in the log of the last command seen, refused ones included
  std::uint64_t open_shards = 0;        // of all accounts
  std::uint64_t on_demand_streams = 0;  // of all accounts
  History history;

  const std::shared_ptr<const Stream>* find(StreamKeyView key) const { return streams.find(key); }
  const Account& account(PlaceView place) const;
};

// What streams cost in memory, whoever follows the catalogue included. An estimate from the sizes of the containers.
struct MemoryCosts {
  // What is kept for each stream and for each shard beside the catalogue's own values: the coordinator's entries and
  // actors.
  std::size_t stream_bytes = 0;
  std::size_t shard_bytes = 0;

  std::size_t of_stream(std::size_t name_size, std::size_t shard_count) const;  // bare
  std::size_t of_shards(std::size_t count) const;
  std::size_t of_tag(std::string_view key, std::string_view value) const;
  std::size_t of_tags(const std::map<std::string, std::string>& tags) const;
  std::size_t of_consumer(std::string_view name) const;  // bare
  std::size_t of_text(std::size_t size) const;           // of a policy, a key id
  std::size_t of(const Stream& stream) const;
};

}  // namespace millrace::catalog
