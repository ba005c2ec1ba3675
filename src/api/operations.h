#pragma once

#include <span>
#include <string_view>

#include "api/operation.h"

namespace millrace::api {

// Every operation there is, by name ascending. Dispatch, metrics and the tests' matrices are derived from it.
std::span<const Operation> operations();

// Null where there is no such operation.
const Operation* find_operation(std::string_view name);

}  // namespace millrace::api
