#pragma once

#include <optional>

#include "base/error.h"
#include "wire/shape.h"
#include "wire/value.h"

namespace millrace::wire {

// Holds a decoded value against its shape's constraints. At most ten violations are told, in the order of the shape's
// members, in the service's one ValidationException.
std::optional<base::Error> validate(const Value& value, const Shape& shape);

}  // namespace millrace::wire
