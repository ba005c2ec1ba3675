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

std::int64_t History::last_created_s(std::string_view name) const {
  const auto found = removed_->find(name);
  return found == removed_->end() ? created_floor_s_ : std::max(created_floor_s_, found->second.created_s);
}

void History::add_removed(std::string_view name, Removed removed) {
  auto names = std::make_shared<RemovedNames>(*removed_);
  names->insert_or_assign(std::string(name), removed);
  if (names->size() > removed_max) {
    const auto oldest = std::ranges::min_element(*names, {}, [](const auto& entry) { return entry.second.removed_at; });
    created_floor_s_ = std::max(created_floor_s_, oldest->second.created_s);
    names->erase(oldest);
  }
  removed_ = std::move(names);
}

void History::forget_removed(std::string_view name) {
  if (!removed_->contains(name)) return;
  auto names = std::make_shared<RemovedNames>(*removed_);
  names->erase(names->find(name));
  removed_ = std::move(names);
}

std::vector<CommandId> History::recent_ids() const {
  std::vector<CommandId> ids(ids_.size());
  std::ranges::rotate_copy(ids_, ids_.begin() + static_cast<std::ptrdiff_t>(oldest_), ids.begin());
  return ids;
}

History History::restore(std::vector<CommandId> recent_ids, RemovedNames removed, std::int64_t created_floor_s) {
  History history;
  history.ids_ = std::move(recent_ids);
  history.removed_ = std::make_shared<RemovedNames>(std::move(removed));
  history.created_floor_s_ = created_floor_s;
  return history;
}

}  // namespace millrace::catalog
