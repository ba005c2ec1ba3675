#include <utility>

#include "api/operation.h"
#include "api/resources.h"

namespace millrace::api {

void deregister_stream_consumer(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  auto found = consumer_of(context, input);
  if (!found) return done(base::fail(std::move(found.error())));
  if (found->consumer->status == catalog::ConsumerStatus::deleting) {
    return done(base::fail(consumer_not_active(context, *found)));
  }
  catalog::MarkConsumerDeleting command{.stream = found->of().key(), .uid = found->of().uid, .consumer = found->ref()};
  context.coordinator.deregister_consumer(
      std::move(command),
      [&context, consumer = std::move(*found), done = std::move(done)](base::Result<void> gone) mutable {
        if (!gone) return done(base::fail(told(context, consumer, gone.error())));
        done(wire::Value());
      });
}

}  // namespace millrace::api
