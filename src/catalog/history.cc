#include "catalog/history.h"

#include <algorithm>
#include <utility>

namespace millrace::catalog {

bool History::has_seen(const CommandId& id) const {
  return std::ranges::find(ids_, id) != ids_.end();
}

void History::add(const CommandId& id) {
  if (ids_.size() < recent_ids_max) {
    ids_.push_back(id);
    return;
  }
  ids_[oldest_] = id;
  oldest_ = (oldest_ + 1) % recent_ids_max;
}

std::int64_t History::last_created_s(StreamKeyView key) const {
  const Removed* found = removed_.find(key);
  return found == nullptr ? created_floor_s_ : std::max(created_floor_s_, found->created_s);
}

void History::add_removed(const StreamKey& key, Removed removed) {
  removed_.set(key, removed);
  if (removed_.size() <= removed_max) return;
  const auto oldest = std::ranges::min_element(removed_, {}, [](const auto& entry) { return entry.second.removed_at; });
  created_floor_s_ = std::max(created_floor_s_, oldest->second.created_s);
  const StreamKey forgotten = oldest->first;
  removed_.erase(forgotten);
}

void History::forget_removed(StreamKeyView key) {
  removed_.erase(key);
}

std::vector<CommandId> History::recent_ids() const {
  std::vector<CommandId> ids(ids_.size());
  std::ranges::rotate_copy(ids_, ids_.begin() + static_cast<std::ptrdiff_t>(oldest_), ids.begin());
  return ids;
}

History History::restore(std::vector<CommandId> recent_ids, RemovedNames removed, std::int64_t created_floor_s) {
  History history;
  history.ids_ = std::move(recent_ids);
  history.removed_ = std::move(removed);
  history.created_floor_s_ = created_floor_s;
  return history;
}

}  // namespace millrace::catalog
