#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/mutex.h"

namespace millrace::shard {

// An actor's messages, with a token: whoever posts to an idle actor runs it on the spot, on its own thread; whoever
// finds it busy only leaves the message, which the running thread takes along. So a lonely request crosses no thread,
// and under load messages are handled in batches. (docs/benchmarks.md has the figures against an actor pinned to a
// thread.)
//
// `Handler` is called for one message at a time, never by two threads at once, and its effects are seen by the next.
template <class Message, class Handler>
class Inbox {
 public:
  explicit Inbox(Handler handler) : handler_(std::move(handler)) {}

  // Any thread. Returns at once where the actor is busy.
  void post(Message message) {
    {
      base::Lock lock(mutex_);
      waiting_.push_back(std::move(message));
      if (busy_) return;
      busy_ = true;
    }
    run();
  }

  // A thread that has run this many batches in a row hands the actor on to its own loop's queue, so that messages that
  // other threads keep leaving cannot keep it from its own connections.
  static constexpr std::size_t batches_in_a_row_max = 16;
  // Room kept for the next batch; what a larger burst took is given back.
  static constexpr std::size_t kept_messages_max = 256;

 private:
  void run() {
    auto alive = handler_.keep_alive();
    for (std::size_t batches = 0;; ++batches) {
      base::Executor* const loop = base::current_executor();
      const bool hand_on = batches >= batches_in_a_row_max && loop != nullptr;
      {
        base::Lock lock(mutex_);
        if (waiting_.empty()) {
          busy_ = false;
          return;
        }
        if (!hand_on) batch_.swap(waiting_);
      }
      if (hand_on) {
        loop->post([this, alive = std::move(alive)] { run(); });
        return;
      }
      for (Message& message : batch_)
        handler_.handle(message);
      batch_.clear();
      if (batch_.capacity() > kept_messages_max) std::vector<Message>().swap(batch_);
      handler_.batch_handled();
    }
  }

  Handler handler_;
  base::Mutex mutex_;
  std::vector<Message> waiting_ MILLRACE_GUARDED_BY(mutex_);
  bool busy_ MILLRACE_GUARDED_BY(mutex_) = false;
  std::vector<Message> batch_;  // touched only by whoever runs
};

}  // namespace millrace::shard
