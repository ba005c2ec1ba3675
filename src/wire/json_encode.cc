#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>

#include "base/base64.h"
#include "wire/encoders.h"

namespace millrace::wire {
namespace {

void append_number(std::int64_t number, std::string& to) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  to.append(digits.data(), end);
}

// Seconds with as many decimals as the milliseconds need.
void append_timestamp(Timestamp time, std::string& to) {
  if (time.ms < 0) to += '-';
  const std::uint64_t ms = time.ms < 0 ? ~static_cast<std::uint64_t>(time.ms) + 1 : static_cast<std::uint64_t>(time.ms);
  append_number(static_cast<std::int64_t>(ms / 1000), to);
  const auto rest = static_cast<unsigned>(ms % 1000);
  if (rest == 0) return;
  std::array<char, 4> decimals = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                                  static_cast<char>('0' + rest % 10)};
  std::size_t length = decimals.size();
  while (decimals[length - 1] == '0')
    --length;
  to.append(decimals.data(), length);
}

// Two-character escapes, by the character they stand for; 0 where there is none.
constexpr char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

void append_text(std::string_view text, std::string& to) {
  constexpr std::string_view hex = "0123456789abcdef";
  to += '"';
  for (const char c : text) {
    if (const char escape = short_escape(c); escape != 0) {
      to += '\\';
      to += escape;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      to += "\\u00";
      to += hex[static_cast<unsigned char>(c) >> 4];
      to += hex[static_cast<unsigned char>(c) & 0xf];
    } else {
      to += c;
    }
  }
  to += '"';
}

void append_blob(const Blob& blob, std::string& to) {
  const std::size_t start = to.size() + 1;
  to.resize(start + base::base64_encoded_size(blob.bytes.size()));
  to[start - 1] = '"';
  base::base64_encode(blob.bytes, to.data() + start);
  to += '"';
}

void append_object(const Object& members, const Shape& shape, std::string& to) {
  to += '{';
  bool is_first = true;
  for (const Member& member : members) {
    if (member.value.is_null() && shape.type != Type::map) continue;
    if (!is_first) to += ',';
    is_first = false;
    append_text(member.name, to);
    to += ':';
    encode_json(member.value, shape_of_member(shape, member), to);
  }
  to += '}';
}

void append_list(const List& elements, const Shape& shape, std::string& to) {
  to += '[';
  bool is_first = true;
  for (const Value& element : elements) {
    if (!is_first) to += ',';
    is_first = false;
    encode_json(element, shape.element == nullptr ? shape : *shape.element, to);
  }
  to += ']';
}

struct Append {
  const Shape& shape;
  std::string& to;

  void operator()(std::monostate) const { to += "null"; }
  void operator()(bool truth) const { to += truth ? "true" : "false"; }
  void operator()(std::int64_t number) const { append_number(number, to); }
  void operator()(Timestamp time) const { append_timestamp(time, to); }
  void operator()(const std::string& text) const { append_text(text, to); }
  void operator()(const Blob& blob) const { append_blob(blob, to); }
  void operator()(const List& elements) const { append_list(elements, shape, to); }
  void operator()(const Object& members) const { append_object(members, shape, to); }
};

}  // namespace

void encode_json(const Value& value, const Shape& shape, std::string& to) {
  std::visit(Append{shape, to}, value.variant());
}

}  // namespace millrace::wire
