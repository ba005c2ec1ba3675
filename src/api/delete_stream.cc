#include <utility>

#include "api/operation.h"
#include "api/streams.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

base::Error has_consumers(const Context& context, std::string_view name) {
  return wire::stream_has_consumers(name, model::stream_arn(context.identity, name));
}

}  // namespace

void delete_stream(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto stream = stream_of(context, input);
  if (!stream) return done(base::fail(std::move(stream.error())));
  const catalog::Stream& found = *(*stream)->stream;
  // A removal that is under way refuses another one; one that failed half-way is taken up again.
  const bool is_marked = found.status == catalog::StreamStatus::deleting;
  const bool with_consumers = input.boolean("EnforceConsumerDeletion").value_or(false);
  if (!is_marked && !with_consumers && !found.consumers.empty())
    return done(base::fail(has_consumers(context, found.name)));
  context.coordinator.delete_stream(
      {.stream = found.key(), .uid = found.uid, .keep_consumers = !with_consumers},
      [&context, stream = *stream, done = std::move(done)](base::Result<void> deleted) mutable {
        if (deleted) return done(wire::Value());
        const catalog::Stream& meant = *stream->stream;
        if (deleted.error().code != base::Errc::guard_failed) {
          return done(base::fail(told(context, meant.name, deleted.error())));
        }
        if (deleted.error().message == "consumers") return done(base::fail(has_consumers(context, meant.name)));
        // Another request was faster.
        done(base::fail(
            wire::stream_not_active(meant.name, context.identity.account, wire_name(catalog::StreamStatus::deleting))));
      });
}

}  // namespace millrace::api
