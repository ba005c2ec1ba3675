#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/u128.h"
#include "catalog/state.h"
#include "limits/call_buckets.h"
#include "limits/profile.h"
#include "limits/shard_buckets.h"
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

  // What the service's rates are counted with; null and empty where the stream has none (see limits::Profile).
  std::shared_ptr<limits::StreamCalls> calls;
  std::vector<std::shared_ptr<limits::ShardBuckets>> buckets;  // like `shards`

  // Counts requests whose placement is free, which go round the open shards. Any thread.
  mutable std::atomic<std::uint32_t> turn{0};
};

// All streams at one moment. Immutable.
struct Directory {
  std::uint64_t version = 0;  // that of the state
  std::shared_ptr<const catalog::State> state;
  catalog::StreamMap<std::shared_ptr<const StreamEntry>> by_name;  // of all places

  const StreamEntry* find(catalog::StreamKeyView key) const;
};

// The directory of a newer state: entries of streams that did not change are shared with the one before, shards that
// are in both are taken over, with what is counted of them, and a changed retention is told to them. `before` may be
// null. `profile` is that of streams that have none of their own.
std::shared_ptr<const Directory> make_directory(const Directory* before, std::shared_ptr<const catalog::State> state,
                                                shard::Shared& shared,
                                                limits::Profile profile = limits::Profile::relaxed);

// What the directory, and the engine, keep for each stream and each shard without records, for the memory budget.
catalog::MemoryCosts directory_costs(limits::Profile profile = limits::Profile::relaxed);

}  // namespace millrace::coordinator
