#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>

namespace millrace::limits {

// What a bucket holds at most, and how fast it fills again.
struct Rate {
  std::int64_t tokens_per_second = 1;
  std::int64_t burst = 1;  // tokens
  // How far below nothing charge() takes it: what was given before anybody knew how much it would be.
  std::int64_t debt_max = 0;  // tokens
};

// Gives in any stretch of time no more than the tokens that fill it then and those it held before. One number that says
// when it will be full again, so that nothing has to fill it and no thread waits for another. It begins full.
//
// The rate is the same at each call; times are milliseconds of a clock that may be set back, which empties the bucket
// at most. Any thread.
class TokenBucket {
 public:
  // False, and nothing is taken, where there are fewer.
  bool take(const Rate& rate, std::int64_t tokens, std::int64_t now_ms) {
    const std::int64_t now = now_ms * rate.tokens_per_second;
    std::int64_t full_at = from_now(rate, now);
    std::int64_t later = 0;
    do {
      later = std::max(full_at, now) + tokens * units;
      if (later - now > rate.burst * units) return false;
    } while (!full_at_.compare_exchange_weak(full_at, later, std::memory_order_relaxed));
    return true;
  }

  // Whether there is anything left; after a charge, whether that has been made up for.
  bool has_any(const Rate& rate, std::int64_t now_ms) {
    const std::int64_t now = now_ms * rate.tokens_per_second;
    return from_now(rate, now) - now < rate.burst * units;
  }

  bool is_full(const Rate& rate, std::int64_t now_ms) const {
    return full_at_.load(std::memory_order_relaxed) <= now_ms * rate.tokens_per_second;
  }

  // Takes them whether they are there or not, down to the greatest debt.
  void charge(const Rate& rate, std::int64_t tokens, std::int64_t now_ms) {
    const std::int64_t now = now_ms * rate.tokens_per_second;
    std::int64_t full_at = from_now(rate, now);
    std::int64_t later = 0;
    do {
      later = std::min(std::max(full_at, now) + tokens * units, emptiest(rate, now));
    } while (!full_at_.compare_exchange_weak(full_at, later, std::memory_order_relaxed));
  }

  // Puts back what was taken and not used.
  void give_back(std::int64_t tokens) { full_at_.fetch_sub(tokens * units, std::memory_order_relaxed); }

 private:
  // A token is this many units, and a millisecond as many as there are tokens a second: all is whole, nothing rounds.
  static constexpr std::int64_t units = 1000;

  static std::int64_t emptiest(const Rate& rate, std::int64_t now) {
    return now + (rate.burst + rate.debt_max) * units;
  }

  // When it will be full, as it is kept. What lies further ahead than the emptiest bucket's time was noted before the
  // clock was set back, and counts from now on.
  std::int64_t from_now(const Rate& rate, std::int64_t now) {
    std::int64_t full_at = full_at_.load(std::memory_order_relaxed);
    const std::int64_t bound = emptiest(rate, now);
    while (full_at > bound) {
      if (full_at_.compare_exchange_weak(full_at, bound, std::memory_order_relaxed)) return bound;
    }
    return full_at;
  }

  std::atomic<std::int64_t> full_at_{std::numeric_limits<std::int64_t>::min() / 2};
};

}  // namespace millrace::limits
