#pragma once

#include "api/context.h"
#include "wire/value.h"

namespace millrace::api {

// What both operations on an account's settings answer: the caller's as they are now.
wire::Value account_settings(const Context& context);

}  // namespace millrace::api
