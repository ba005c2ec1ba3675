// DELETING in the catalogue, then shards and logs, then the name: its memory is free before it is.
#include <utility>

#include "base/log.h"
#include "coordinator/core.h"

namespace millrace::coordinator {

void Core::delete_stream(catalog::MarkDeleting change, Done<void> done) {
  done = begin_operation(std::move(done));
  if (!done) return;
  remove_stream(std::move(change), delays.delete_stream, std::move(done));
}

// Also where a removal before this one has failed half-way: it is taken up where it was left.
void Core::remove_stream(catalog::MarkDeleting change, std::chrono::milliseconds delay, Done<void> done) {
  const std::uint64_t uid = change.uid;
  if (!begin_removal(uid)) return done(base::fail(base::Errc::guard_failed, "status"));
  auto ended = [self = shared_from_this(), uid](Done<void> told) -> Done<void> {
    return [self, uid, told = std::move(told)](Result<void> outcome) mutable {
      self->end_removal(uid);
      told(std::move(outcome));
    };
  };
  const auto state = catalog->state();
  const auto* found = state->find(change.stream);
  if (found == nullptr || (*found)->uid != uid) return ended(std::move(done))(base::fail(base::Errc::not_found));
  if ((*found)->status == catalog::StreamStatus::deleting) return clear_stream(*found, ended(std::move(done)));
  catalog->propose(std::move(change), [self = shared_from_this(), delay, ended,
                                       done = std::move(done)](Result<catalog::Outcome> marked) mutable {
    if (!marked) return ended(std::move(done))(base::fail(std::move(marked.error())));
    const StreamPtr stream = std::move(marked->stream);
    // With a delay the caller is told now; the removal is under way until it is over.
    base::Task end = [self, stream, ended] { self->clear_stream(stream, ended([](const Result<void>&) {})); };
    if (self->later(delay, end)) return done({});
    self->clear_stream(stream, ended(std::move(done)));
  });
}

void Core::clear_stream(const StreamPtr& stream, Done<void> done) {
  auto shards = std::make_shared<std::vector<std::shared_ptr<shard::Shard>>>();
  const auto now = directory.get();
  if (const StreamEntry* entry = now->find(stream->key()); entry != nullptr && entry->stream->uid == stream->uid) {
    *shards = entry->shards;
  }
  auto remove = [self = shared_from_this(), stream, done = std::move(done)](Result<void> dropped) mutable {
    if (!dropped) {
      base::log::warn("a stream could not be deleted; it stays in DELETING until it is deleted again or the next start",
                      {{"stream", stream->name}, {"cause", base::describe(dropped.error())}});
      return done(std::move(dropped));
    }
    self->change(catalog::RemoveStream{stream->key(), stream->uid}, std::move(done));
  };
  // Shards first: they hold the tails, and appends that come late would find their log gone.
  fan_out(
      shards->size(), OnError::go_on,
      [shards](std::size_t i, Done<void> dropped) { (*shards)[i]->drop(std::move(dropped)); },
      [self = shared_from_this(), stream, remove = std::move(remove)](Result<void> dropped) mutable {
        if (!dropped) return remove(std::move(dropped));
        self->drop_logs(stream, shards_with_logs(*stream), std::move(remove));
      });
}

bool Core::begin_removal(std::uint64_t uid) {
  base::Lock lock(mutex_);
  return removing_.insert(uid).second;
}

void Core::end_removal(std::uint64_t uid) {
  base::Lock lock(mutex_);
  removing_.erase(uid);
}

}  // namespace millrace::coordinator
