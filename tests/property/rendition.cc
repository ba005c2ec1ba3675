#include "tests/property/rendition.h"

#include <cstdint>
#include <cstdio>
#include <string_view>

#include "base/base64.h"
#include "wire/utf8.h"

namespace millrace::property {
namespace {

using wire::Encoding;
using wire::Value;

// The code point of a character of well-formed text.
unsigned code_of(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(character[i])); };
  switch (character.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
    case 3:
      return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
  }
}

class JsonRendition {
 public:
  explicit JsonRendition(Random& random) : random_(random) {}

  void write(const Value& value) {
    blank();
    if (value.is_null()) out_ += "null";
    if (const bool* truth = value.boolean()) out_ += *truth ? "true" : "false";
    if (const std::int64_t* number = value.integer()) write_number(*number);
    if (const wire::Timestamp* time = value.timestamp()) write_time(time->ms);
    if (const std::string* text = value.text()) write_text(*text);
    if (const wire::Blob* blob = value.blob()) write_text(base::base64_encode(blob->bytes));
    if (const wire::List* elements = value.list()) {
      out_ += '[';
      for (std::size_t i = 0; i < elements->size(); ++i) {
        if (i != 0) out_ += ',';
        write((*elements)[i]);
      }
      blank();
      out_ += ']';
    }
    if (const wire::Object* members = value.object()) write_members(*members);
    blank();
  }
  // The members, and around them what a decoder has to pass over.
  void write_members(const wire::Object& members) {
    const bool has_noise = noise_ && random_.once_in(3);
    bool is_first = true;
    out_ += '{';
    for (const wire::Member& member : members) {
      if (has_noise && random_.once_in(3)) write_member(is_first, "Unknown", noise(), false);
      // Of a member that comes twice the last counts.
      if (has_noise && random_.once_in(8)) write_member(is_first, member.name, Value(), true);
      write_member(is_first, member.name, member.value, true);
    }
    if (has_noise) write_member(is_first, "zz", noise(), false);
    blank();
    out_ += '}';
  }
  std::string take() { return std::move(out_); }

 private:
  void write_member(bool& is_first, std::string_view name, const Value& value, bool keeps_noise) {
    if (!is_first) out_ += ',';
    is_first = false;
    blank();
    write_text(name);
    blank();
    out_ += ':';
    const bool before = noise_;
    noise_ = before && keeps_noise && value.object() == nullptr;  // a map's entries are all its own
    write(value);
    noise_ = before;
  }

  Value noise() {
    switch (random_.below(4)) {
      case 0:
        return Value("\"}\\");
      case 1:
        return Value(wire::List{Value(), Value(1), Value(wire::List{})});
      case 2:
        return Value(wire::Object{wire::Member{"Records", Value(true)}, wire::Member{"", Value(wire::Object{})}});
      default:
        return Value(-1);
    }
  }

  void blank() {
    while (random_.once_in(6))
      out_ += " \t\n\r"[random_.below(4)];
  }

  void write_number(std::int64_t number) {
    out_ += std::to_string(number);
    if (random_.once_in(8)) out_ += random_.once_in(2) ? ".0" : "e0";
  }

  void write_time(std::int64_t ms) {
    if (random_.once_in(3)) {
      out_ += std::to_string(ms) + (random_.once_in(2) ? "E-3" : "e-3");
      return;
    }
    char text[40];
    std::snprintf(text, sizeof(text), "%.*f", static_cast<int>(3 + random_.below(3)), static_cast<double>(ms) / 1000);
    out_ += text;
  }

  void write_text(std::string_view text) {
    const bool escapes_more = text.size() < 2'000 && random_.once_in(4);
    out_ += '"';
    while (!text.empty()) {
      const std::string_view character = wire::character_at(text, 0);
      text.remove_prefix(character.size());
      const unsigned code = code_of(character);
      if (code < 0x20 || code == '"' || code == '\\' || (escapes_more && random_.once_in(3))) {
        write_escape(code);
      } else {
        out_ += character;
      }
    }
    out_ += '"';
  }

  void write_escape(unsigned code) {
    char text[16];
    if (code >= 0x10000) {
      const unsigned low_bits = code - 0x10000;
      std::snprintf(text, sizeof(text), "\\u%04x\\u%04X", 0xd800 + (low_bits >> 10), 0xdc00 + (low_bits & 0x3ff));
    } else {
      std::snprintf(text, sizeof(text), random_.once_in(2) ? "\\u%04x" : "\\u%04X", code);
    }
    out_ += text;
  }

  Random& random_;
  std::string out_;
  bool noise_ = true;
};

class CborRendition {
 public:
  explicit CborRendition(Random& random) : random_(random) {}

  void write(const Value& value) {
    if (random_.once_in(32)) head(6, 55'799);  // "this is CBOR", which nobody has to heed
    if (value.is_null()) out_ += random_.once_in(2) ? '\xf6' : '\xf7';
    if (const bool* truth = value.boolean()) out_ += *truth ? '\xf5' : '\xf4';
    if (const std::int64_t* number = value.integer()) write_number(*number);
    if (const wire::Timestamp* time = value.timestamp()) {
      if (random_.once_in(2)) head(6, 1);
      write_number(time->ms);
    }
    if (const std::string* text = value.text()) write_string(3, *text);
    if (const wire::Blob* blob = value.blob()) write_string(2, blob->bytes);
    if (const wire::List* elements = value.list()) {
      const bool is_definite = start(4, elements->size());
      for (const Value& element : *elements)
        write(element);
      if (!is_definite) out_ += '\xff';
    }
    if (const wire::Object* members = value.object()) write_members(*members);
  }
  void write_members(const wire::Object& members) {
    const bool has_noise = noise_ && random_.once_in(3);
    const bool is_definite = start(5, members.size() + (has_noise ? 2 : 0));
    if (has_noise) {
      write_string(3, "Unknown");
      write_noise();
    }
    for (const wire::Member& member : members) {
      write_string(3, member.name);
      const bool before = noise_;
      noise_ = before && member.value.object() == nullptr;
      write(member.value);
      noise_ = before;
    }
    if (has_noise) {
      write_string(3, "zz");
      write_noise();
    }
    if (!is_definite) out_ += '\xff';
  }
  std::string take() { return std::move(out_); }

 private:
  void write_noise() {
    constexpr std::string_view choices[] = {"\xf6", "\x83\xf6\x01\x9f\xff", "\xbf\x61x\xc2\x41\x05\xff", "\x20",
                                            "\xf9\x3e\x00"};
    constexpr std::string_view half(choices[4].data(), 3);
    const std::size_t which = random_.below(5);
    out_ += which == 4 ? half : choices[which];
  }

  void head(unsigned major, std::uint64_t argument) {
    unsigned width = 0;  // bytes
    if (argument > 0xffff'ffff) {
      width = 8;
    } else if (argument > 0xffff) {
      width = 4;
    } else if (argument > 0xff) {
      width = 2;
    } else if (argument > 23) {
      width = 1;
    }
    while (width < 8 && random_.once_in(6))
      width = width == 0 ? 1 : 2 * width;
    unsigned info = static_cast<unsigned>(argument);
    if (width != 0) info = width == 1 ? 24 : width == 2 ? 25 : width == 4 ? 26 : 27;
    out_ += static_cast<char>(major << 5 | info);
    for (unsigned i = width; i > 0; --i)
      out_ += static_cast<char>(argument >> (8 * (i - 1)) & 0xff);
  }

  bool start(unsigned major, std::size_t count) {
    const bool is_definite = random_.once_in(2);
    if (is_definite) {
      head(major, count);
    } else {
      out_ += static_cast<char>(major << 5 | 31);
    }
    return is_definite;
  }

  void write_number(std::int64_t number) {
    if (number >= 0) {
      head(0, static_cast<std::uint64_t>(number));
    } else {
      head(1, ~static_cast<std::uint64_t>(number));
    }
  }

  void write_string(unsigned major, std::string_view bytes) {
    if (!random_.once_in(8)) {
      head(major, bytes.size());
      out_ += bytes;
      return;
    }
    out_ += static_cast<char>(major << 5 | 31);
    while (!bytes.empty()) {
      std::string_view chunk = bytes.substr(0, 1 + random_.below(bytes.size()));
      if (major == 3) {
        chunk = wire::cut_to(bytes, chunk.size());
        if (chunk.empty()) chunk = wire::character_at(bytes, 0);
      }
      head(major, chunk.size());
      out_ += chunk;
      bytes.remove_prefix(chunk.size());
    }
    out_ += '\xff';
  }

  Random& random_;
  std::string out_;
  bool noise_ = true;
};

}  // namespace

std::string rendition(Encoding encoding, const Value& value, Random& random) {
  if (encoding == Encoding::json) {
    JsonRendition json(random);
    json.write(value);
    return json.take();
  }
  CborRendition cbor(random);
  cbor.write(value);
  return cbor.take();
}

}  // namespace millrace::property
