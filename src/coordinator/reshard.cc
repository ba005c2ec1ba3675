// A step of a reshard: planned in the catalogue; the children's logs made; the parents' logs closed; committed, which
// changes routing everywhere; and what was put meanwhile passed on. Each part can be repeated, so that a crash between
// two of them, or an error of the engine, is mended by doing the step again. A child can get no record before its
// parents have got their last, since nobody knows the child before the commit, and the parents are closed by then.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/log.h"
#include "coordinator/core.h"

namespace millrace::coordinator {
namespace {

// After an error of the engine or of the catalogue's log.
constexpr std::chrono::milliseconds retry_delay = std::chrono::seconds(1);

model::ShardNo step_of(const catalog::Stream& stream) {
  return stream.reshard->children.front().number;
}

bool is_over(const base::Error& error) {
  return error.code == base::Errc::not_found || error.code == base::Errc::guard_failed;
}

}  // namespace

void Core::reshard(catalog::CommandBody change, Done<void> done) {
  done = begin_operation(std::move(done));
  if (!done) return;
  catalog->propose(std::move(change),
                   [self = shared_from_this(), done = std::move(done)](Result<catalog::Outcome> begun) mutable {
                     if (!begun) return done(base::fail(std::move(begun.error())));
                     const StreamPtr stream = std::move(begun->stream);
                     // A rescale to what is there already.
                     if (!stream->reshard) return done({});
                     if (!self->begin_reshard(stream->uid)) return done({});
                     base::Task end = [self, stream] { self->run_reshard(stream, true, [](const Result<void>&) {}); };
                     if (self->later(self->delays.reshard, end)) return done({});
                     self->run_reshard(stream, true, std::move(done));
                   });
}

// Steps that an error or a crash has left, again.
void Core::resume_reshards() {
  const auto state = catalog->state();
  for (const auto& [name, stream] : state->streams) {
    if (!stream->reshard || !begin_reshard(stream->uid)) continue;
    // Whoever was at it may have ended since: what is left is what there is now that nobody else is.
    const auto now = catalog->state();
    const auto* found = now->find(stream->key());
    const bool left = found != nullptr && (*found)->uid == stream->uid &&
                      (*found)->status == catalog::StreamStatus::updating && (*found)->reshard;
    if (!left) {
      end_reshard(stream->uid);
      continue;
    }
    run_reshard(*found, false, [](const Result<void>&) {});
  }
}

// `stream` has a step under way; it is this caller's alone until end_reshard.
void Core::run_reshard(const StreamPtr& stream, bool may_abort, Done<void> done) {
  create_logs(stream, numbers_of(stream->reshard->children),
              [self = shared_from_this(), stream, may_abort, done = std::move(done)](Result<void> created) mutable {
                if (!created) {
                  // Parents that may be closed cannot be opened again: then there is no way but on.
                  if (may_abort) return self->abort_reshard(stream, std::move(created.error()), std::move(done));
                  return self->give_reshard_up(stream, std::move(created.error()), std::move(done));
                }
                self->close_parents(
                    stream, [self, stream, done = std::move(done)](Result<std::int64_t> last_ms) mutable {
                      if (!last_ms) return self->give_reshard_up(stream, std::move(last_ms.error()), std::move(done));
                      self->commit_reshard(stream, *last_ms, std::move(done));
                    });
              });
}

void Core::abort_reshard(const StreamPtr& stream, base::Error cause, Done<void> done) {
  base::log::warn("a reshard is given up, since logs of new shards cannot be created",
                  {{"stream", stream->name}, {"cause", base::describe(cause)}});
  drop_logs(stream, numbers_of(stream->reshard->children),
            [self = shared_from_this(), stream, cause = std::move(cause),
             done = std::move(done)](const Result<void>&) mutable {
              self->change(catalog::AbortReshard{stream->key(), stream->uid, step_of(*stream)},
                           [self, stream, cause, done = std::move(done)](const Result<void>& aborted) mutable {
                             if (!aborted && !is_over(aborted.error())) {
                               return self->give_reshard_up(stream, aborted.error(), std::move(done));
                             }
                             self->end_reshard(stream->uid);
                             done(base::fail(std::move(cause)));
                           });
            });
}

std::vector<std::shared_ptr<shard::Shard>> Core::parents_of(const StreamPtr& stream) const {
  std::vector<std::shared_ptr<shard::Shard>> parents;
  const auto now = directory.get();
  const StreamEntry* entry = now->find(stream->key());
  if (entry == nullptr || entry->stream->uid != stream->uid) return parents;
  for (const model::ShardNo number : stream->reshard->parents) {
    if (const auto* parent = entry->find(number)) parents.push_back(*parent);
  }
  return parents;
}

// Gives the arrival of the last record in any of them.
void Core::close_parents(const StreamPtr& stream, Done<std::int64_t> done) {
  auto parents = std::make_shared<std::vector<std::shared_ptr<shard::Shard>>>(parents_of(stream));
  auto last_ms = std::make_shared<std::atomic<std::int64_t>>(0);
  if (parents->empty()) return done(base::fail(base::Errc::not_found));
  fan_out(
      parents->size(), OnError::go_on,
      [parents, last_ms](std::size_t i, Done<void> closed) {
        (*parents)[i]->close([last_ms, closed = std::move(closed)](const Result<shard::Ending>& ending) mutable {
          if (!ending) return closed(base::fail(ending.error()));
          std::int64_t known_ms = last_ms->load();
          while (known_ms < ending->last_arrival_ms &&
                 !last_ms->compare_exchange_weak(known_ms, ending->last_arrival_ms)) {
          }
          closed({});
        });
      },
      [last_ms, done = std::move(done)](const Result<void>& closed) mutable {
        if (!closed) return done(base::fail(closed.error()));
        done(last_ms->load());
      });
}

void Core::commit_reshard(const StreamPtr& stream, std::int64_t last_arrival_ms, Done<void> done) {
  catalog->propose(
      catalog::CommitReshard{stream->key(), stream->uid, step_of(*stream), last_arrival_ms},
      [self = shared_from_this(), stream, done = std::move(done)](Result<catalog::Outcome> committed) mutable {
        if (!committed) return self->give_reshard_up(stream, std::move(committed.error()), std::move(done));
        self->pass_appends_on(stream);
        const StreamPtr after = std::move(committed->stream);
        // The next step of a rescale.
        if (after->reshard) return self->run_reshard(after, false, std::move(done));
        self->end_reshard(after->uid);
        done({});
      });
}

// The directory has the children by now.
void Core::pass_appends_on(const StreamPtr& before) {
  const auto now = directory.get();
  const StreamEntry* entry = now->find(before->key());
  if (entry == nullptr || entry->stream->uid != before->uid) return;
  for (const model::ShardNo number : before->reshard->parents) {
    const auto* parent = entry->find(number);
    if (parent == nullptr) continue;
    std::vector<shard::Successor> children;
    for (const catalog::ShardInfo* child : catalog::children_of(*entry->stream, number))
      children.push_back({child->range, *entry->find(child->number)});
    if (!children.empty()) (*parent)->go_on_in(std::move(children));
  }
}

// What waits for the children is answered. Unless the stream is gone, the step is done again after a while.
void Core::give_reshard_up(const StreamPtr& stream, base::Error cause, Done<void> done) {
  for (const auto& parent : parents_of(stream))
    parent->let_go();
  end_reshard(stream->uid);
  const auto state = catalog->state();
  const auto* found = state->find(stream->key());
  const bool is_gone =
      found == nullptr || (*found)->uid != stream->uid || (*found)->status == catalog::StreamStatus::deleting;
  if (is_gone) {
    // Logs of its children may have been made after the deletion had passed them.
    return drop_logs(
        stream, numbers_of(stream->reshard->children),
        [done = std::move(done)](const Result<void>&) mutable { done(base::fail(base::Errc::not_found)); });
  }
  // Somebody else has ended the step.
  if (is_over(cause)) return done({});
  base::log::write_limited("reshard-failed", shared.clock.now_ms(), base::log::Level::warn,
                           "a reshard could not be finished; it is tried again",
                           {{"stream", stream->name}, {"cause", base::describe(cause)}});
  retry_reshards();
  done(base::fail(std::move(cause)));
}

// One retry is due at a time, whatever number of streams wait for it: each takes up all of them.
void Core::retry_reshards() {
  {
    base::Lock lock(mutex_);
    if (std::exchange(retry_is_due_, true)) return;
  }
  const auto no_longer_due = [](Core& core) {
    base::Lock lock(core.mutex_);
    core.retry_is_due_ = false;
  };
  base::Task again = [self = shared_from_this(), no_longer_due] {
    no_longer_due(*self);
    self->resume_reshards();
  };
  // Without a loop it is the first minute's work once there is one.
  if (!later(retry_delay, again)) no_longer_due(*this);
}

bool Core::begin_reshard(std::uint64_t uid) {
  base::Lock lock(mutex_);
  return resharding_.insert(uid).second;
}

void Core::end_reshard(std::uint64_t uid) {
  base::Lock lock(mutex_);
  resharding_.erase(uid);
}

}  // namespace millrace::coordinator
