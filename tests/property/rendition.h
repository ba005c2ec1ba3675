#pragma once

#include <string>

#include "tests/property/random.h"
#include "wire/encoding.h"
#include "wire/value.h"

namespace millrace::property {

// Writes a request as no encoder of ours does but some client may: JSON with blanks, escapes and exponents, CBOR with
// definite lengths, chunks, long heads and tags, both with unknown members, nulls and earlier duplicates in between. A
// decoder reads the same value from it.
std::string rendition(wire::Encoding encoding, const wire::Value& value, Random& random);

}  // namespace millrace::property
