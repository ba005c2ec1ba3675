#pragma once

#include <string>

#include "wire/shape.h"
#include "wire/value.h"

namespace millrace::wire {

// Both append. Null members of a structure are left out; null elements of lists and values of maps are not.
void encode_json(const Value& value, const Shape& shape, std::string& to);
void encode_cbor(const Value& value, const Shape& shape, std::string& to);

// The shape of a member: of a structure's by its name, of a map its values'. A name that the structure does not have is
// a bug of the caller.
const Shape& shape_of_member(const Shape& shape, const Member& member);

}  // namespace millrace::wire
