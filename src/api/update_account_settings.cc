#include <utility>

#include "api/account_settings.h"
#include "api/operation.h"
#include "api/streams.h"
#include "wire/sentences.h"

namespace millrace::api {

void update_account_settings(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  const bool enable = input.find("MinimumThroughputBillingCommitment")->view("Status") == "ENABLED";
  context.coordinator.change(catalog::SetCommitment{.place = place_of(context).copy(), .enable = enable},
                             [&context, done = std::move(done)](base::Result<void> changed) mutable {
                               if (changed) return done(account_settings(context));
                               if (changed.error().code == base::Errc::limit_exceeded) {
                                 return done(base::fail(wire::account_rate_exceeded()));
                               }
                               done(base::fail(std::move(changed.error())));
                             });
}

}  // namespace millrace::api
