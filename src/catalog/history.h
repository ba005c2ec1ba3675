#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "catalog/chunked_map.h"
#include "catalog/key.h"

namespace millrace::catalog {

// 16 random bytes.
using CommandId = std::array<std::byte, 16>;

// What the catalogue remembers of the past, within fixed bounds, as part of its state: which commands it has seen, so
// that one that was written twice counts once, and which names it has had, so that a stream made again under an old
// name gets a larger creation second even where the clock stands still or goes back.
class History {
 public:
  // A command may be written a second time while this many others are.
  static constexpr std::size_t recent_ids_max = 1'024;
  // Names remembered one by one. What is forgotten raises created_floor_s(), which holds for every other name.
  static constexpr std::size_t removed_max = 1'024;

  struct Removed {
    std::uint64_t removed_at = 0;  // position of the command that removed the stream
    std::int64_t created_s = 0;    // the newest creation second among its shards
    friend bool operator==(const Removed&, const Removed&) = default;
  };
  using RemovedNames = ChunkedMap<StreamKey, Removed, StreamKeyLess>;

  bool has_seen(const CommandId& id) const;
  void add(const CommandId& id);

  // The creation second of a new stream of that name must be larger than this.
  std::int64_t last_created_s(StreamKeyView key) const;
  void add_removed(const StreamKey& key, Removed removed);
  // The name is a stream's again, which from now on knows its own seconds.
  void forget_removed(StreamKeyView key);

  // For snapshots. Oldest first.
  std::vector<CommandId> recent_ids() const;
  const RemovedNames& removed() const { return removed_; }
  std::int64_t created_floor_s() const { return created_floor_s_; }
  static History restore(std::vector<CommandId> recent_ids, RemovedNames removed, std::int64_t created_floor_s);

 private:
  std::vector<CommandId> ids_;  // a ring once it is full
  std::size_t oldest_ = 0;
  RemovedNames removed_;
  std::int64_t created_floor_s_ = 0;
};

}  // namespace millrace::catalog
