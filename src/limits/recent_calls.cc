#include "limits/recent_calls.h"

namespace millrace::limits {

bool RecentCalls::take(const Rate& rate, std::string_view name, std::int64_t now_ms) {
  const base::Lock lock(mutex_);
  if (buckets_ == nullptr) buckets_ = std::make_unique<Buckets>();
  auto found = buckets_->find(name);
  if (found == buckets_->end()) {
    if (buckets_->size() >= names_max) {
      std::erase_if(*buckets_, [&](auto& entry) { return entry.second.is_full(rate, now_ms); });
    }
    if (buckets_->size() >= names_max) return false;
    found = buckets_->try_emplace(std::string(name)).first;
  }
  return found->second.take(rate, 1, now_ms);
}

}  // namespace millrace::limits
