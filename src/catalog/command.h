#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "catalog/state.h"

namespace millrace::catalog {

// What can be done to the catalogue. Each is a message of proto/catalogue.proto in the log. Guards are part of a
// command: one whose precondition no longer holds when it is applied is refused, and nothing changes.

struct CreateStream {
  std::string name;
  StreamMode mode = StreamMode::provisioned;
  std::uint32_t shard_count = 1;  // in both modes; at least 1
  RecordDistribution distribution = RecordDistribution::user_partition_key;
  std::uint32_t record_kib_max = 1024;
  std::optional<std::uint32_t> warm_throughput_mibps;
  std::map<std::string, std::string> tags;
  // Limits of the account that hold when the command is applied, so that two creations at once cannot pass them
  // together.
  std::uint32_t shards_max = 0;
  std::uint32_t on_demand_streams_max = 0;
};
// For the stream of that uid only, so that a late command cannot touch a stream of the same name made since.
struct ActivateStream {
  std::string name;
  std::uint64_t uid = 0;
};
struct MarkDeleting {
  std::string name;
  std::uint64_t uid = 0;
};
struct RemoveStream {
  std::string name;
  std::uint64_t uid = 0;
};
struct SetRetention {
  std::string name;
  std::uint64_t uid = 0;
  std::uint32_t hours = 24;
  bool increase = true;  // refused (guard_failed) where the change would go the other way
};
struct AddTags {
  std::string name;
  std::uint64_t uid = 0;
  std::map<std::string, std::string> tags;
  std::uint32_t tags_max = 50;  // refused (guard_failed) where more would result
};
struct RemoveTags {
  std::string name;
  std::uint64_t uid = 0;
  std::vector<std::string> keys;
};

using CommandBody =
    std::variant<CreateStream, ActivateStream, MarkDeleting, RemoveStream, SetRetention, AddTags, RemoveTags>;

struct Command {
  CommandId id{};            // tells a command that was written twice
  std::int64_t time_ms = 0;  // apply() knows no other clock
  CommandBody body;
};

}  // namespace millrace::catalog
