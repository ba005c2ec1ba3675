#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/u128.h"
#include "catalog/state.h"
#include "shard/shard.h"

namespace millrace::coordinator {

// A stream with its running shards, as requests find it. Immutable; a change of the stream makes a new one that takes
// the shards over.
struct StreamEntry {
  std::shared_ptr<const catalog::Stream> stream;
  std::vector<std::shared_ptr<shard::Shard>> shards;  // by shard number, like stream->shards

  // Index (into `shards`) of the open shard that owns the hash. Open shards partition the key space.
  std::size_t route(base::u128 hash) const;
  const std::shared_ptr<shard::Shard>* find(model::ShardNo number) const;

  // Lower bounds of the open shards' ranges, ascending, and their indexes: for route().
  std::vector<base::u128> open_starts;
  std::vector<std::uint32_t> open_indexes;

  // Counts requests whose placement is free, which go round the open shards. Any thread.
  mutable std::atomic<std::uint32_t> turn{0};
};

// All streams of the account at one moment. Immutable.
struct Directory {
  std::uint64_t version = 0;  // that of the state
  std::shared_ptr<const catalog::State> state;
  std::map<std::string, std::shared_ptr<const StreamEntry>, std::less<>> by_name;

  const StreamEntry* find(std::string_view name) const;
};

// The directory of a newer state: entries of streams that did not change are shared with the one before, shards that
// are in both are taken over, and a changed retention is told to them. `before` may be null.
std::shared_ptr<const Directory> make_directory(const Directory* before, std::shared_ptr<const catalog::State> state,
                                                shard::Shared& shared);

// What the directory, and the engine, keep for each stream and each shard without records, for the memory budget.
catalog::MemoryCosts directory_costs();

}  // namespace millrace::coordinator
