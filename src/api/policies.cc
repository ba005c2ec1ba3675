#include "api/policies.h"

#include <utility>

namespace millrace::api {

void set_policy(Context& context, Resource resource, std::string policy, base::Done<wire::Value> done) {
  if (auto good = require_settled(context, resource); !good) return done(base::fail(std::move(good.error())));
  catalog::SetPolicy command{
      .stream = resource.of().key(), .uid = resource.of().uid, .policy = std::move(policy), .consumer = resource.ref()};
  context.coordinator.change(std::move(command), [&context, resource = std::move(resource),
                                                  done = std::move(done)](base::Result<void> changed) mutable {
    if (!changed) return done(base::fail(told(context, resource, changed.error())));
    done(wire::Value());
  });
}

}  // namespace millrace::api
