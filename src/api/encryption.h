#pragma once

#include "api/context.h"
#include "base/result.h"
#include "wire/value.h"

namespace millrace::api {

// Starts or stops the encryption of a stream's records; both operations take the same members.
void change_encryption(Context& context, const wire::Value& input, bool start, base::Done<wire::Value> done);

}  // namespace millrace::api
