#pragma once

#include <string>

#include "wire/shape.h"
#include "wire/value.h"

namespace millrace::wire {

// Both append. An empty value of a structure or a map is one without members; null members are left out.
void encode_json(const Value& value, const Shape& shape, std::string& to);
void encode_cbor(const Value& value, const Shape& shape, std::string& to);

// The shape of a member: of a structure's by its name, of a map its values'. A name that the structure does not have is
// a bug of the caller.
const Shape& shape_of_member(const Shape& shape, const Member& member);

}  // namespace millrace::wire
