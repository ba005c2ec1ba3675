// On-demand streams have as many shards as their traffic needs.
#include <utility>

#include "base/log.h"
#include "coordinator/core.h"

namespace millrace::coordinator {

void Core::scale_streams(std::int64_t now_ms) {
  std::vector<StreamPtr> streams;
  {
    const auto now = directory.get();
    base::Lock lock(traffic_mutex_);
    for (const auto& [name, entry] : now->by_name) {
      if (entry->stream->mode != catalog::StreamMode::on_demand) continue;
      streams.push_back(entry->stream);
      for (const std::uint32_t i : entry->open_indexes)
        traffic_.sample(log_id(*entry->stream, entry->stream->shards[i]), entry->shards[i]->bytes_stored(), now_ms);
    }
    traffic_.forget_others(now_ms);
  }
  for (const StreamPtr& stream : streams)
    scale_stream(stream->key(), stream->uid);
}

// One change after the other, until there is none to make: children have no past, so that it ends.
void Core::scale_stream(const catalog::StreamKey& key, std::uint64_t uid) {
  const auto state = catalog->state();
  const auto* found = state->find(key);
  if (found == nullptr || (*found)->uid != uid || (*found)->status != catalog::StreamStatus::active) return;
  const catalog::Stream& stream = **found;
  if (stream.mode != catalog::StreamMode::on_demand) return;
  std::optional<model::ShardNo> split;
  std::optional<Neighbours> merge;
  {
    base::Lock lock(traffic_mutex_);
    split = traffic_.to_split(stream);
    if (!split) merge = traffic_.to_merge(stream);
  }
  auto next = [self = shared_from_this(), key, uid](const Result<void>& changed) {
    if (changed) return self->scale_stream(key, uid);
    base::log::write_limited("scaling-failed", self->shared.clock.now_ms(), base::log::Level::warn,
                             "an on-demand stream could not be scaled",
                             {{"stream", key.name}, {"cause", base::describe(changed.error())}});
  };
  if (split) {
    const model::HashKeyRange range = stream.shard(*split)->range;
    const model::HashKey middle = range.first + (range.last - range.first) / 2 + 1;
    catalog::SplitShard change{key, uid, *split, middle, catalog::ReshardCause::scaling, limits.shards_max};
    reshard(std::move(change), std::move(next));
  } else if (merge) {
    reshard(catalog::MergeShards{key, uid, merge->lower, merge->upper, catalog::ReshardCause::scaling},
            std::move(next));
  }
}

}  // namespace millrace::coordinator
