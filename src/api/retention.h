#pragma once

#include "api/operation.h"

namespace millrace::api {

enum class RetentionChange : std::uint8_t { increase, decrease };

// Both retention operations: they differ in the direction they allow. An equal value is accepted by both.
void change_retention(Context& context, const wire::Value& input, RetentionChange change, base::Done<wire::Value> done);

}  // namespace millrace::api
