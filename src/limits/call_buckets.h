#pragma once

#include <array>
#include <cstdint>

#include "limits/recent_calls.h"
#include "limits/table.h"

namespace millrace::limits {

// What has been called of late of one account in one region. Any thread.
class AccountCalls {
 public:
  // Whether one more call fits. Takes rows of calls: those of the account, and those of a stream for streams that there
  // are none of.
  bool take(Limit limit, std::int64_t now_ms) {
    return buckets_[static_cast<std::size_t>(limit)].take(row(limit).rate, 1, now_ms);
  }

 private:
  std::array<TokenBucket, calls> buckets_;
};

// The same of one stream. Any thread.
class StreamCalls {
 public:
  // Rows of calls of a stream only.
  bool take(Limit limit, std::int64_t now_ms) {
    return buckets_[static_cast<std::size_t>(limit)].take(row(limit).rate, 1, now_ms);
  }
  bool take_dry_run(std::int64_t now_ms) { return dry_runs_.take(row(Limit::dry_runs).rate, 1, now_ms); }
  RecentCalls& subscriptions() { return subscriptions_; }

 private:
  std::array<TokenBucket, stream_calls> buckets_;
  TokenBucket dry_runs_;
  RecentCalls subscriptions_;
};

}  // namespace millrace::limits
