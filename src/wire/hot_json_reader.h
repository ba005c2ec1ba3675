#pragma once

#include <cstdint>
#include <string_view>

#include "wire/hot_reader.h"
#include "wire/hot_scan.h"
#include "wire/utf8.h"

namespace millrace::wire::hot {

// A reader (hot_reader.h) of JSON without escapes.
class JsonReader {
 public:
  static constexpr DataForm data_form = DataForm::base64;

  // Where the reader stands inside a map or a list.
  struct Scope {
    bool first = true;
  };

  explicit JsonReader(std::string_view body) : at_(body.data()), end_(body.data() + body.size()) {}

  bool open_map(Scope&) { return take('{'); }
  bool open_list(Scope&) { return take('['); }
  Next next_member(Scope& scope, std::string_view& name) {
    const Next next = advance(scope, '}');
    if (next != Next::item) return next;
    return text(name) && take(':') ? Next::item : Next::refused;
  }
  Next next_element(Scope& scope) { return advance(scope, ']'); }

  // Well-formed UTF-8.
  bool text(std::string_view& value) {
    if (!take('"')) return false;
    const char* const from = at_;
    at_ = find_special(from, end_);
    if (at_ == end_) return false;
    if (*at_ != '"') return text_beyond_ascii(from, value);
    value = {from, at_++};
    return true;
  }

  // base64 whose characters nobody has looked at, save that they need no escape and are a multiple of four.
  bool blob(std::string_view& value) {
    if (!take('"')) return false;
    const char* const from = at_;
    at_ = find_special(from, end_);
    if (at_ == end_ || *at_ != '"') return false;
    value = {from, at_++};
    return value.size() % 4 == 0;
  }

  bool boolean(bool& value) {
    skip_space();
    const std::string_view rest(at_, end_);
    value = rest.starts_with("true");
    if (!value && !rest.starts_with("false")) return false;
    at_ += value ? 4 : 5;
    return true;
  }

  // A plain integer above 0 with few digits; what follows it is looked at by the next call.
  bool positive_integer(std::int64_t& value) {
    constexpr int digits_max = 9;
    skip_space();
    value = 0;
    int digits = 0;
    for (; at_ != end_ && *at_ >= '0' && *at_ <= '9'; ++at_, ++digits) {
      if (digits == digits_max || (digits == 1 && value == 0)) return false;
      value = value * 10 + (*at_ - '0');
    }
    return value > 0;
  }

  bool at_end() {
    skip_space();
    return at_ == end_;
  }

 private:
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t'))
      ++at_;
  }
  bool take(char c) {
    if (at_ != end_ && *at_ == c) {
      ++at_;
      return true;
    }
    skip_space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  // Past the comma before the next item, or past the closing bracket.
  Next advance(Scope& scope, char closing) {
    if (take(closing)) return Next::end;
    if (scope.first) {
      scope.first = false;
      return Next::item;
    }
    return take(',') ? Next::item : Next::refused;
  }
  bool text_beyond_ascii(const char* from, std::string_view& value) {
    for (; at_ != end_ && *at_ != '"'; ++at_) {
      if (is_escaped(*at_)) return false;
    }
    if (at_ == end_) return false;
    value = {from, at_++};
    return is_utf8(value);
  }

  const char* at_;
  const char* end_;
};

}  // namespace millrace::wire::hot
