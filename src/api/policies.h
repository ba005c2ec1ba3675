#pragma once

#include <string>

#include "api/context.h"
#include "api/resources.h"
#include "base/result.h"
#include "wire/value.h"

namespace millrace::api {

// Sets the policy of a stream or a consumer; an empty text takes it away.
void set_policy(Context& context, Resource resource, std::string policy, base::Done<wire::Value> done);

}  // namespace millrace::api
