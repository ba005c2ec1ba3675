#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "limits/token_bucket.h"

namespace millrace::limits {

// Buckets by a name, for what there may be very many of and few are called at a time: one that is full again is
// forgotten. Costs nothing until it is used. Any thread.
class RecentCalls {
 public:
  // Whether one more call of that name fits. The rate is the same at each call.
  bool take(const Rate& rate, std::string_view name, std::int64_t now_ms);

  // Names of which the bucket is not full. Calls of further ones are refused, which takes as many calls within the time
  // that fills a bucket.
  static constexpr std::size_t names_max = 1'024;

 private:
  using Buckets = std::map<std::string, TokenBucket, std::less<>>;
  base::Mutex mutex_;
  std::unique_ptr<Buckets> buckets_ MILLRACE_GUARDED_BY(mutex_);
};

}  // namespace millrace::limits
