// Changes of a stream's settings that it is UPDATING for. They hold at once; the delay only keeps the status.
#include <type_traits>
#include <utility>

#include "coordinator/core.h"

namespace millrace::coordinator {

template <class Change>
void Core::update(Change change, Done<void> done) {
  done = begin_operation(std::move(done));
  if (!done) return;
  change.hold = has_loop() && delays.update_stream > std::chrono::milliseconds(0);
  catalog->propose(std::move(change), [self = shared_from_this(), hold = change.hold,
                                       done = std::move(done)](Result<catalog::Outcome> changed) mutable {
    if (!changed) return done(base::fail(std::move(changed.error())));
    const StreamPtr stream = std::move(changed->stream);
    base::Task end = [self, stream] {
      self->change(catalog::EndUpdate{stream->key(), stream->uid}, [](const Result<void>&) {});
    };
    if (hold && !self->later(self->delays.update_stream, end)) end();
    // The engine's logs know the size of a record.
    if constexpr (std::is_same_v<Change, catalog::SetRecordSize>) return self->reconfigure(stream, std::move(done));
    done({});
  });
}

template void Core::update(catalog::SetMode change, Done<void> done);
template void Core::update(catalog::SetRecordSize change, Done<void> done);
template void Core::update(catalog::SetWarmThroughput change, Done<void> done);
template void Core::update(catalog::SetEncryption change, Done<void> done);

}  // namespace millrace::coordinator
