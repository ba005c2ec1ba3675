#include "coordinator/core.h"

#include <chrono>
#include <utility>

#include "model/limits.h"

namespace millrace::coordinator {

log::LogId log_id(const catalog::Stream& stream, const catalog::ShardInfo& shard) {
  return {.stream_uid = stream.uid, .shard_no = shard.number};
}

log::LogConfig log_config(const catalog::Stream& stream) {
  return {.retention = std::chrono::hours(stream.retention_hours),
          .record_bytes_max = stream.record_kib_max * model::limits::kib};
}

void Core::close() {
  if (catalog != nullptr) catalog->close();
}

// Runs on the thread that applied the change, before whoever proposed it is told.
void Core::refresh_directory(const std::shared_ptr<const catalog::State>& state) {
  // The directory before: a shard that is in it alone must not end while the lock is held.
  std::shared_ptr<const Directory> before;
  base::Lock lock(refresh_mutex_);
  before = directory.get();
  if (before != nullptr && before->version >= state->version) return;
  directory.publish(make_directory(before.get(), state, shared));
}

void Core::change(catalog::CommandBody body, Done<void> done) {
  catalog->propose(std::move(body), [done = std::move(done)](Result<catalog::Outcome> outcome) mutable {
    if (!outcome) return done(base::fail(std::move(outcome.error())));
    done({});
  });
}

Done<void> Core::begin_operation(Done<void> done) {
  bool begun = false;
  {
    base::Lock lock(mutex_);
    begun = operations_ < Coordinator::operations_max;
    if (begun) ++operations_;
  }
  if (!begun) {
    done(base::fail(base::Errc::limit_exceeded, "operations"));
    return {};
  }
  return [self = shared_from_this(), done = std::move(done)](Result<void> outcome) mutable {
    {
      base::Lock lock(self->mutex_);
      --self->operations_;
    }
    done(std::move(outcome));
  };
}

std::size_t Core::operations() const {
  base::Lock lock(mutex_);
  return operations_;
}

void Core::create_logs(const StreamPtr& stream, Done<void> done) {
  fan_out(
      stream->shards.size(), OnError::stop,
      [this, stream](std::size_t i, Done<void> created) {
        shared.engine.create(log_id(*stream, stream->shards[i]), log_config(*stream), std::move(created));
      },
      std::move(done));
}

void Core::drop_logs(const StreamPtr& stream, Done<void> done) {
  fan_out(
      stream->shards.size(), OnError::go_on,
      [this, stream](std::size_t i, Done<void> dropped) {
        shared.engine.drop(log_id(*stream, stream->shards[i]), std::move(dropped));
      },
      std::move(done));
}

void Core::configure_logs(const StreamPtr& stream, Done<void> done) {
  fan_out(
      stream->shards.size(), OnError::go_on,
      [this, stream](std::size_t i, Done<void> configured) {
        shared.engine.configure(log_id(*stream, stream->shards[i]), log_config(*stream), std::move(configured));
      },
      std::move(done));
}

}  // namespace millrace::coordinator
