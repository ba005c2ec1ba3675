// Consumers come and go by way of CREATING and DELETING.
#include <utility>

#include "coordinator/core.h"

namespace millrace::coordinator {

void Core::register_consumer(catalog::RegisterConsumer change, Done<catalog::Consumer> done) {
  auto told = std::make_shared<Done<catalog::Consumer>>(std::move(done));
  Done<void> begun = begin_operation([told](Result<void> outcome) {
    if (!outcome) (*told)(base::fail(std::move(outcome.error())));
  });
  if (!begun) return;
  const auto state = catalog->state();
  const auto& commitment = state->account(change.stream.place).commitment;
  const bool committed = commitment.at(shared.clock.now_ms()).status != catalog::Commitment::Status::disabled;
  const AccountLimits stream_limits = limits_of(change.stream);
  change.consumers_max = committed ? stream_limits.consumers_with_commitment_max : stream_limits.consumers_max;
  change.creating_max = stream_limits.creating_consumers_max;
  const std::string name = change.name;
  catalog->propose(std::move(change), [self = shared_from_this(), name, told,
                                       begun = std::move(begun)](Result<catalog::Outcome> registered) mutable {
    if (!registered) return begun(base::fail(std::move(registered.error())));
    const StreamPtr stream = std::move(registered->stream);
    const catalog::Consumer consumer = stream->consumers.find(name)->second;
    catalog::ActivateConsumer activation{stream->key(), stream->uid, {consumer.name, consumer.created_s}};
    base::Task end = [self, activation] { self->change(activation, [](const Result<void>&) {}); };
    if (self->later(self->delays.register_consumer, end)) {
      begun({});
      return (*told)(consumer);
    }
    self->change(std::move(activation),
                 [told, consumer, begun = std::move(begun)](const Result<void>& activated) mutable {
                   // One that was deregistered meanwhile was registered nevertheless.
                   const bool gone = !activated && (activated.error().code == base::Errc::not_found ||
                                                    activated.error().code == base::Errc::guard_failed);
                   if (!activated && !gone) return begun(base::fail(activated.error()));
                   begun({});
                   (*told)(consumer);
                 });
  });
}

void Core::deregister_consumer(catalog::MarkConsumerDeleting change, Done<void> done) {
  done = begin_operation(std::move(done));
  if (!done) return;
  catalog::RemoveConsumer removal{change.stream, change.uid, change.consumer};
  catalog->propose(std::move(change), [self = shared_from_this(), removal = std::move(removal),
                                       done = std::move(done)](Result<catalog::Outcome> marked) mutable {
    if (!marked) return done(base::fail(std::move(marked.error())));
    base::Task end = [self, removal] { self->change(removal, [](const Result<void>&) {}); };
    if (self->later(self->delays.deregister_consumer, end)) return done({});
    self->change(std::move(removal), std::move(done));
  });
}

}  // namespace millrace::coordinator
