#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/encoding.h"
#include "wire/shape.h"
#include "wire/value.h"

namespace millrace::wire {

// Nesting beyond it is not parseable.
inline constexpr std::size_t depth_max = 64;
// Elements of a list, or entries of a map, beyond it are read and held to their types, but not kept: no list of the API
// may be that long, so a value that is cut here is refused for its length anyway.
inline constexpr std::size_t elements_max = 10'000;

// Decodes a body whose top level must be a map, guided by the shape: unknown members are skipped, null is absent, of
// duplicate members the last counts. Errors: Errc::serialization, with the service's sentence where a value has the
// wrong type, without one where the body is not parseable. Depth, list lengths and the tree's size are bounded, so that
// a body of body_bytes_max costs at most a small multiple of its size.
base::Result<Value> decode(Encoding encoding, std::string_view body, const Shape& shape);

// Encodes a structure. Members come in the order they have in the value, null ones are left out; an empty value is a
// structure without members.
std::string encode(Encoding encoding, const Value& value, const Shape& shape);

}  // namespace millrace::wire
