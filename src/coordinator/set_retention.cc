// The catalogue first; the shards are told as the directory is made, and the engine, which frees what has expired,
// after.
#include <utility>

#include "base/log.h"
#include "coordinator/core.h"

namespace millrace::coordinator {

void Core::set_retention(catalog::SetRetention change, Done<void> done) {
  done = begin_operation(std::move(done));
  if (!done) return;
  catalog->propose(std::move(change),
                   [self = shared_from_this(), done = std::move(done)](Result<catalog::Outcome> changed) mutable {
                     if (!changed) return done(base::fail(std::move(changed.error())));
                     self->reconfigure(changed->stream, std::move(done));
                   });
}

// One at a time for each stream, with the retention of that moment: of two changes at once the engine must not be left
// with the one that the catalogue took first.
void Core::reconfigure(const StreamPtr& stream, Done<void> done) {
  {
    base::Lock lock(mutex_);
    Reconfiguration& reconfiguration = reconfiguring_[stream->uid];
    reconfiguration.done.push_back(std::move(done));
    if (std::exchange(reconfiguration.running, true)) return;
  }
  run_reconfiguration(stream->key(), stream->uid);
}

void Core::run_reconfiguration(const catalog::StreamKey& key, std::uint64_t uid) {
  std::vector<Done<void>> told;
  {
    base::Lock lock(mutex_);
    told.swap(reconfiguring_[uid].done);
    if (told.empty()) {
      reconfiguring_.erase(uid);
      return;
    }
  }
  auto tell = [self = shared_from_this(), key, uid, told = std::move(told)](const Result<void>& configured) mutable {
    if (!configured && configured.error().code != base::Errc::not_found) {
      // The catalogue is the truth, and reads keep to it; the engine is told again at the next start.
      base::log::warn("the engine could not be told a stream's retention and record size",
                      {{"stream", key.name}, {"cause", base::describe(configured.error())}});
    }
    for (Done<void>& done : told)
      done({});
    self->run_reconfiguration(key, uid);
  };
  const auto state = catalog->state();
  const auto* found = state->find(key);
  if (found == nullptr || (*found)->uid != uid) return tell({});
  configure_logs(*found, std::move(tell));
}

}  // namespace millrace::coordinator
