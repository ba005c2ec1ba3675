#include "wire/codec.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "wire/encoders.h"
#include "wire/parsers.h"

namespace millrace::wire {

base::Result<Value> decode(Encoding encoding, std::string_view body, const Shape& shape) {
  TreeBuilder builder(encoding, shape);
  const bool is_well_formed = encoding == Encoding::json ? parse_json(body, builder) : parse_cbor(body, builder);
  // A body that cannot be parsed is refused as such, whatever was wrong in it before that place.
  if (!is_well_formed) return base::fail(base::Errc::serialization);
  return std::move(builder).finish();
}

std::string encode(Encoding encoding, const Value& value, const Shape& shape) {
  // An answer to which nothing was added is one without members.
  if (value.is_null() && shape.type == Type::structure) return encode(encoding, Value(Object{}), shape);
  std::string body;
  if (encoding == Encoding::json) {
    encode_json(value, shape, body);
  } else {
    encode_cbor(value, shape, body);
  }
  return body;
}

const Shape& shape_of_member(const Shape& shape, const Member& member) {
  if (shape.type == Type::map) return *shape.element;
  const auto found = std::ranges::find(shape.members, member.name, &MemberShape::name);
  const bool is_known = found != shape.members.end();
  assert((is_known || shape.type != Type::structure) && "the structure has no member of this name");
  return is_known ? *found->shape : shape;
}

}  // namespace millrace::wire
