#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/result.h"

// How tests wait: for the thing itself, never for a time. The limit only turns a hang into a failure.
namespace millrace::log::testing {

inline constexpr std::chrono::seconds await_max{60};

// Something that becomes true on other threads. Thread-safe.
class Condition {
 public:
  // Runs `change` under the lock and wakes who waits.
  template <class Change>
  void update(Change&& change) {
    // Woken under the lock: who sees the change may destroy this at once.
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  // Waits until `holds` is true, which is asked under the lock after each update. False at the limit.
  template <class Holds>
  bool wait(Holds&& holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, await_max, std::forward<Holds>(holds));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

// The outcome of one asynchronous call; a test fails where it is told twice, or never.
template <class T>
class Outcome {
 public:
  base::Done<T> done() {
    return [state = state_](base::Result<T> result) {
      state->condition.update([&] {
        EXPECT_FALSE(state->result.has_value()) << "completed twice";
        state->result.emplace(std::move(result));
      });
    };
  }
  // Waits for it, and takes it.
  base::Result<T> get() {
    const bool told = state_->condition.wait([this] { return state_->result.has_value(); });
    EXPECT_TRUE(told) << "never completed";
    if (!told) return base::fail(base::Errc::cancelled, "never completed");
    return std::move(*state_->result);
  }
  bool is_there() {
    bool there = false;
    state_->condition.update([&] { there = state_->result.has_value(); });
    return there;
  }

 private:
  struct State {
    Condition condition;
    std::optional<base::Result<T>> result;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// `await<Position>([&](auto done) { writer.close(std::move(done)); })` is the outcome of the call.
template <class T, class Start>
base::Result<T> await(Start&& start) {
  Outcome<T> outcome;
  start(outcome.done());
  return outcome.get();
}

// The code of a failure; internal_failure is what no engine answers with, so it stands for success here.
template <class T>
base::Errc code_of(const base::Result<T>& result) {
  EXPECT_FALSE(result.has_value()) << "a success where an error was expected";
  return result ? base::Errc::internal_failure : result.error().code;
}

}  // namespace millrace::log::testing
