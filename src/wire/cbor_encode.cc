#include <cstdint>

#include "wire/encoders.h"

// CBOR as the service writes it: structures, maps and lists of indefinite length, everything else in its shortest form,
// times as tag 1 and whole milliseconds.
namespace millrace::wire {
namespace {

constexpr char map_start = '\xbf';
constexpr char list_start = '\x9f';
constexpr char container_end = '\xff';
constexpr char time_tag = '\xc1';

void append_head(std::uint8_t major, std::uint64_t argument, std::string& to) {
  const auto kind = static_cast<unsigned>(major) << 5;
  if (argument < 24) {
    to += static_cast<char>(kind | argument);
    return;
  }
  unsigned width_log2 = 0;
  if (argument > 0xffff'ffff) {
    width_log2 = 3;
  } else if (argument > 0xffff) {
    width_log2 = 2;
  } else if (argument > 0xff) {
    width_log2 = 1;
  }
  to += static_cast<char>(kind | (24 + width_log2));
  for (unsigned shift = 8U << width_log2; shift != 0;) {
    shift -= 8;
    to += static_cast<char>((argument >> shift) & 0xff);
  }
}

void append_integer(std::int64_t number, std::string& to) {
  if (number >= 0) {
    append_head(0, static_cast<std::uint64_t>(number), to);
  } else {
    append_head(1, ~static_cast<std::uint64_t>(number), to);
  }
}

void append_text(std::string_view text, std::string& to) {
  append_head(3, text.size(), to);
  to += text;
}

struct Append {
  const Shape& shape;
  std::string& to;

  void operator()(std::monostate) const { to += '\xf6'; }
  void operator()(bool truth) const { to += truth ? '\xf5' : '\xf4'; }
  void operator()(std::int64_t number) const { append_integer(number, to); }
  void operator()(Timestamp time) const {
    to += time_tag;
    append_integer(time.ms, to);
  }
  void operator()(const std::string& text) const { append_text(text, to); }
  void operator()(const Blob& blob) const {
    append_head(2, blob.bytes.size(), to);
    to += blob.bytes;
  }
  void operator()(const List& elements) const {
    to += list_start;
    for (const Value& element : elements) {
      encode_cbor(element, shape.element == nullptr ? shape : *shape.element, to);
    }
    to += container_end;
  }
  void operator()(const Object& members) const {
    to += map_start;
    for (const Member& member : members) {
      if (member.value.is_null() && shape.type != Type::map) continue;
      append_text(member.name, to);
      encode_cbor(member.value, shape_of_member(shape, member), to);
    }
    to += container_end;
  }
};

}  // namespace

void encode_cbor(const Value& value, const Shape& shape, std::string& to) {
  std::visit(Append{shape, to}, value.variant());
}

}  // namespace millrace::wire
