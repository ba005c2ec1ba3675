#include <utility>

#include "api/operation.h"
#include "api/streams.h"
#include "wire/sentences.h"

namespace millrace::api {

void delete_stream(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  if (found.status == catalog::StreamStatus::deleting) {
    return done(base::fail(wire::stream_not_active(found.name, context.identity.account, wire_name(found.status))));
  }
  context.coordinator.delete_stream(
      found.name, found.uid, [&context, stream = *stream, done = std::move(done)](base::Result<void> deleted) mutable {
        if (deleted) return done(wire::Value());
        const catalog::Stream& meant = *stream->stream;
        if (deleted.error().code != base::Errc::guard_failed) {
          return done(base::fail(told(context, meant.name, deleted.error())));
        }
        // Another request was faster.
        done(base::fail(
            wire::stream_not_active(meant.name, context.identity.account, wire_name(catalog::StreamStatus::deleting))));
      });
}

}  // namespace millrace::api
