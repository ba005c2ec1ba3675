#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace millrace::wire {

enum class Type : std::uint8_t { structure, list, map, text, blob, integer, long_integer, boolean, timestamp };

// The patterns of the model, each with a matcher of its own; no regular expressions run.
enum class Pattern : std::uint8_t {
  none,
  name,             // [a-zA-Z0-9_.-]+
  stream_arn,       // arn:aws.*:kinesis:.*:\d{12}:stream/\S+
  stream_id,        // [a-z0-9]{20}-[a-z0-9]{3}
  hash_key,         // 0|([1-9]\d{0,38})
  sequence_number,  // 0|([1-9]\d{0,128})
};

struct Shape;

struct MemberShape {
  std::string_view name;
  const Shape* shape;
  bool required = false;
};

// One shape of the API, as data: what the codecs, the validator, the property tests and the fact test walk. Lengths of
// text are counted in Unicode characters, of blobs in bytes.
struct Shape {
  Type type = Type::structure;
  std::string_view name;            // the model's name of the shape
  std::optional<std::int64_t> min;  // length or value
  std::optional<std::int64_t> max;
  Pattern pattern = Pattern::none;
  std::span<const std::string_view> enumeration;  // in the order in which the service prints it
  std::span<const MemberShape> members;           // structure: in the order in which violations are reported
  const Shape* element = nullptr;                 // list: its members; map: its values
  const Shape* key = nullptr;                     // map
};

}  // namespace millrace::wire
