#include "coordinator/fan_out.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/mutex.h"

namespace millrace::coordinator {
namespace {

using Call = std::move_only_function<void(std::size_t, base::Done<void>)>;

// One fan-out. Whoever finds nobody beginning calls does it, in a loop: calls that end at once then do not nest.
class FanOut : public std::enable_shared_from_this<FanOut> {
 public:
  FanOut(std::size_t count, OnError on_error, Call call, base::Done<void> done)
      : count_(count), on_error_(on_error), call_(std::move(call)), done_(std::move(done)) {}

  void run() {
    {
      base::Lock lock(mutex_);
      if (beginning_) return;
      beginning_ = true;
    }
    while (const auto index = next()) {
      call_(*index, [self = shared_from_this()](const base::Result<void>& outcome) { self->end(outcome); });
    }
  }

 private:
  // The next call to begin. Where there is none now this thread begins no more, and tells the outcome if that was all.
  std::optional<std::size_t> next() {
    base::Done<void> done;
    base::Result<void> outcome;
    {
      base::Lock lock(mutex_);
      const bool no_more = begun_ == count_ || (error_ && on_error_ == OnError::stop);
      if (!no_more && begun_ - ended_ < parallel_calls_max) return begun_++;
      beginning_ = false;
      if (!no_more || ended_ != begun_ || told_) return {};
      told_ = true;
      done = std::move(done_);
      if (error_) outcome = base::fail(*error_);
    }
    done(std::move(outcome));
    return {};
  }

  void end(const base::Result<void>& outcome) {
    {
      base::Lock lock(mutex_);
      ++ended_;
      if (!outcome && !error_) error_ = outcome.error();
    }
    run();
  }

  const std::size_t count_;
  const OnError on_error_;
  Call call_;  // used by whoever is beginning
  base::Mutex mutex_;
  base::Done<void> done_ MILLRACE_GUARDED_BY(mutex_);
  bool beginning_ MILLRACE_GUARDED_BY(mutex_) = false;
  bool told_ MILLRACE_GUARDED_BY(mutex_) = false;
  std::size_t begun_ MILLRACE_GUARDED_BY(mutex_) = 0;
  std::size_t ended_ MILLRACE_GUARDED_BY(mutex_) = 0;
  std::optional<base::Error> error_ MILLRACE_GUARDED_BY(mutex_);
};

}  // namespace

void fan_out(std::size_t count, OnError on_error, Call call, base::Done<void> done) {
  std::make_shared<FanOut>(count, on_error, std::move(call), std::move(done))->run();
}

}  // namespace millrace::coordinator
