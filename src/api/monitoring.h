#pragma once

#include "api/context.h"
#include "base/result.h"
#include "wire/value.h"

namespace millrace::api {

// Switches shard-level metrics of a stream on or off; both operations take and answer the same members.
void change_monitoring(Context& context, const wire::Value& input, bool enable, base::Done<wire::Value> done);

}  // namespace millrace::api
