// What is due by itself: delayed ends, shards that expire, streams that scale, steps that failed.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "coordinator/core.h"

namespace millrace::coordinator {

void Core::run_on(io::Loop& loop) {
  {
    base::Lock lock(mutex_);
    loop_ = &loop;
  }
  schedule_tick(loop);
}

void Core::leave_loop() {
  base::Lock lock(mutex_);
  loop_ = nullptr;
}

bool Core::has_loop() const {
  base::Lock lock(mutex_);
  return loop_ != nullptr;
}

void Core::schedule_tick(io::Loop& loop) {
  base::Task next = [weak = weak_from_this(), &loop] {
    const auto self = weak.lock();
    if (self == nullptr || !self->has_loop()) return;
    self->tick();
    self->schedule_tick(loop);
  };
  static_cast<void>(later(Coordinator::tick_interval, next));
}

bool Core::later(std::chrono::milliseconds delay, base::Task& task) {
  if (delay <= std::chrono::milliseconds(0)) return false;
  // The lock keeps the loop where it is until it has taken the task.
  base::Lock lock(mutex_);
  if (loop_ == nullptr) return false;
  io::Loop& loop = *loop_;
  loop.post([weak = weak_from_this(), &loop, delay, task = std::move(task)]() mutable {
    loop.timers().after(delay, [weak, task = std::move(task)]() mutable {
      const auto self = weak.lock();
      if (self != nullptr && self->has_loop()) task();
    });
  });
  return true;
}

void Core::tick() {
  const std::int64_t now_ms = shared.clock.now_ms();
  resume_reshards();
  const auto state = catalog->state();
  for (const auto& [name, stream] : state->streams)
    expire_shards(stream, now_ms);
  scale_streams(now_ms);
}

void Core::expire_shards(const StreamPtr& stream, std::int64_t now_ms) {
  if (stream->status == catalog::StreamStatus::deleting) return;
  const bool due = std::ranges::any_of(stream->shards,
                                       [&](const auto& shard) { return catalog::is_expired(*stream, shard, now_ms); });
  if (!due) return;
  const auto before = directory.get();
  const std::int64_t retention_ms = std::chrono::milliseconds(std::chrono::hours(stream->retention_hours)).count();
  catalog->propose(catalog::ExpireShards{stream->key(), stream->uid, (now_ms - retention_ms) / 1000},
                   [self = shared_from_this(), stream, before](const Result<catalog::Outcome>& expired) {
                     // Somebody has deleted the stream, or it is tried again with the next tick.
                     if (!expired) return;
                     const StreamEntry* entry = before->find(stream->key());
                     std::vector<model::ShardNo> gone;
                     auto actors = std::make_shared<std::vector<std::shared_ptr<shard::Shard>>>();
                     for (const catalog::ShardInfo& shard : stream->shards) {
                       if (expired->stream->shard(shard.number) != nullptr) continue;
                       gone.push_back(shard.number);
                       const auto* actor =
                           entry == nullptr || entry->stream->uid != stream->uid ? nullptr : entry->find(shard.number);
                       if (actor != nullptr) actors->push_back(*actor);
                     }
                     // Actors first: they hold the tails.
                     fan_out(
                         actors->size(), OnError::go_on,
                         [actors](std::size_t i, Done<void> dropped) { (*actors)[i]->drop(std::move(dropped)); },
                         [self, stream, gone = std::move(gone)](const Result<void>&) mutable {
                           self->drop_logs(stream, std::move(gone), [stream](const Result<void>& dropped) {
                             if (dropped) return;
                             base::log::warn("logs of expired shards could not be dropped; they are at the next start",
                                             {{"stream", stream->name}, {"cause", base::describe(dropped.error())}});
                           });
                         });
                   });
}

}  // namespace millrace::coordinator
