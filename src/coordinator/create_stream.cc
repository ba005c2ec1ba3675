// CREATING in the catalogue, then the logs, then ACTIVE.
#include <utility>

#include "base/log.h"
#include "coordinator/core.h"

namespace millrace::coordinator {

void Core::create_stream(catalog::CreateStream spec, Done<void> done) {
  done = begin_operation(std::move(done));
  if (!done) return;
  spec.shards_max = limits.shards_max;
  spec.on_demand_streams_max = limits.on_demand_streams_max;
  spec.creating_max = limits_by(spec.tags).creating_streams_max;
  catalog->propose(
      std::move(spec), [self = shared_from_this(), done = std::move(done)](Result<catalog::Outcome> made) mutable {
        if (!made) return done(base::fail(std::move(made.error())));
        const StreamPtr stream = std::move(made->stream);
        self->create_logs(stream, shards_with_logs(*stream),
                          [self, stream, done = std::move(done)](Result<void> created) mutable {
                            if (!created)
                              return self->undo_creation(stream, std::move(created.error()), std::move(done));
                            base::Task end = [self, stream] { self->activate(stream, [](const Result<void>&) {}); };
                            if (self->later(self->delays.create_stream, end)) return done({});
                            self->activate(stream, std::move(done));
                          });
      });
}

void Core::activate(const StreamPtr& stream, Done<void> done) {
  change(catalog::ActivateStream{stream->key(), stream->uid},
         [self = shared_from_this(), stream, done = std::move(done)](Result<void> activated) mutable {
           if (activated) return done({});
           const base::Errc code = activated.error().code;
           if (code != base::Errc::not_found && code != base::Errc::guard_failed) {
             return self->undo_creation(stream, std::move(activated.error()), std::move(done));
           }
           // It was deleted while it was created, and some of its logs may have been made after the deletion had passed
           // them. Whoever asked for the stream is told that it was made: it was, before it was deleted.
           self->drop_logs(stream, shards_with_logs(*stream), std::move(done));
         });
}

void Core::undo_creation(const StreamPtr& stream, base::Error cause, Done<void> done) {
  base::log::warn("a stream could not be created and is removed again",
                  {{"stream", stream->name}, {"cause", base::describe(cause)}});
  remove_stream({stream->key(), stream->uid}, std::chrono::milliseconds(0),
                [stream, cause = std::move(cause), done = std::move(done)](const Result<void>& removed) mutable {
                  if (!removed) {
                    base::log::warn("a stream that could not be created is left until it is deleted or the next start",
                                    {{"stream", stream->name}, {"cause", base::describe(removed.error())}});
                  }
                  done(base::fail(std::move(cause)));
                });
}

}  // namespace millrace::coordinator
