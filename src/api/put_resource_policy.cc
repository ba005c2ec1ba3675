#include <utility>

#include "api/operation.h"
#include "api/policies.h"
#include "model/limits.h"
#include "wire/policy_document.h"
#include "wire/sentences.h"

namespace millrace::api {
namespace {

base::Result<void> check_policy(const std::string& policy) {
  if (policy.size() > model::limits::policy_bytes_max) {
    return base::fail(wire::malformed_policy("it is larger than 20 KB"));
  }
  if (const auto wrong = wire::policy_flaw(policy)) return base::fail(wire::malformed_policy(*wrong));
  return {};
}

}  // namespace

void put_resource_policy(Context& context, const wire::Value& input, base::Done<wire::Value> done) {
  const std::string& policy = *input.text("Policy");
  if (auto good = check_policy(policy); !good) return done(base::fail(std::move(good.error())));
  auto resource = resource_of(context, input);
  if (!resource) return done(base::fail(std::move(resource.error())));
  set_policy(context, std::move(*resource), policy, std::move(done));
}

}  // namespace millrace::api
