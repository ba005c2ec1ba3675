#pragma once

#include <cstdint>
#include <string_view>

#include "wire/hot_reader.h"
#include "wire/utf8.h"

namespace millrace::wire::hot {

// A reader (hot_reader.h) of CBOR (RFC 8949): maps and lists of definite and of indefinite length, strings of definite
// length, no tags.
class CborReader {
 public:
  static constexpr DataForm data_form = DataForm::raw;

  struct Scope {
    bool indefinite = false;
    std::uint64_t left = 0;  // items to come, of a definite length
  };

  explicit CborReader(std::string_view body) : at_(body.data()), end_(body.data() + body.size()) {}

  bool open_map(Scope& scope) { return open(scope, major_map); }
  bool open_list(Scope& scope) { return open(scope, major_list); }
  Next next_member(Scope& scope, std::string_view& name) {
    const Next next = next_element(scope);
    if (next != Next::item) return next;
    // Names are compared with known ones, so their UTF-8 needs no look.
    return string(major_text, name) ? Next::item : Next::refused;
  }
  Next next_element(Scope& scope) {
    if (scope.indefinite) {
      if (at_ == end_) return Next::refused;
      if (byte() != break_byte) return Next::item;
      ++at_;
      return Next::end;
    }
    if (scope.left == 0) return Next::end;
    --scope.left;
    return Next::item;
  }

  bool text(std::string_view& value) { return string(major_text, value) && is_utf8(value); }
  bool blob(std::string_view& value) { return string(major_bytes, value); }
  bool boolean(bool& value) {
    if (at_ == end_ || (byte() != false_byte && byte() != true_byte)) return false;
    value = byte() == true_byte;
    ++at_;
    return true;
  }
  bool positive_integer(std::int64_t& value) {
    std::uint64_t number = 0;
    if (!head(major_unsigned, number) || number == 0 || number > INT32_MAX) return false;
    value = static_cast<std::int64_t>(number);
    return true;
  }
  bool at_end() const { return at_ == end_; }

 private:
  static constexpr unsigned major_unsigned = 0;
  static constexpr unsigned major_bytes = 2;
  static constexpr unsigned major_text = 3;
  static constexpr unsigned major_list = 4;
  static constexpr unsigned major_map = 5;
  static constexpr unsigned false_byte = 0xf4;
  static constexpr unsigned true_byte = 0xf5;
  static constexpr unsigned break_byte = 0xff;

  unsigned byte() const { return static_cast<unsigned char>(*at_); }

  // An initial byte of this major type and the number that belongs to it.
  bool head(unsigned major, std::uint64_t& number) {
    if (at_ == end_ || byte() >> 5 != major) return false;
    const unsigned low = byte() & 0x1f;
    ++at_;
    if (low < 24) {
      number = low;
      return true;
    }
    if (low > 27) return false;
    const int bytes = 1 << (low - 24);
    if (end_ - at_ < bytes) return false;
    number = 0;
    for (int i = 0; i < bytes; ++i, ++at_)
      number = number << 8 | byte();
    return true;
  }
  bool string(unsigned major, std::string_view& value) {
    std::uint64_t size = 0;
    if (!head(major, size) || size > static_cast<std::uint64_t>(end_ - at_)) return false;
    value = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }
  bool open(Scope& scope, unsigned major) {
    if (at_ != end_ && byte() == (major << 5 | 0x1f)) {
      ++at_;
      scope.indefinite = true;
      return true;
    }
    return head(major, scope.left);
  }

  const char* at_;
  const char* end_;
};

}  // namespace millrace::wire::hot
