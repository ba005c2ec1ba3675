#include "json.h"

#include <charconv>

namespace millrace::load {

char JsonCursor::peek() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
    ++at_;
  }
  return at_ < text_.size() ? text_[at_] : '\0';
}

bool JsonCursor::take(char wanted) {
  if (failed_ || peek() != wanted) {
    return false;
  }
  ++at_;
  return true;
}

void JsonCursor::object(const std::function<void(std::string_view name)>& member) {
  if (!take('{')) {
    return fail();
  }
  if (take('}')) {
    return;
  }
  while (!failed_) {
    const std::string_view name = string();
    if (!take(':')) {
      return fail();
    }
    member(name);
    if (take('}')) {
      return;
    }
    if (!take(',')) {
      return fail();
    }
  }
}

void JsonCursor::array(const std::function<void()>& element) {
  if (!take('[')) {
    return fail();
  }
  if (take(']')) {
    return;
  }
  while (!failed_) {
    element();
    if (take(']')) {
      return;
    }
    if (!take(',')) {
      return fail();
    }
  }
}

std::string_view JsonCursor::string() {
  if (!take('"')) {
    fail();
    return {};
  }
  const std::size_t end = text_.find('"', at_);
  if (end == std::string_view::npos) {
    fail();
    return {};
  }
  const std::string_view content = text_.substr(at_, end - at_);
  at_ = end + 1;
  if (content.find('\\') != std::string_view::npos) {
    fail();
    return {};
  }
  return content;
}

std::int64_t JsonCursor::integer() {
  std::int64_t value = 0;
  peek();
  const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
  if (failed_ || error != std::errc{}) {
    fail();
    return 0;
  }
  at_ = static_cast<std::size_t>(end - text_.data());
  return value;
}

void JsonCursor::skip() {
  const char first = peek();
  if (first == '{' || first == '[') {
    return skip_nested();
  }
  if (first == '"') {
    string();
    return;
  }
  const std::size_t end = text_.find_first_of(",]} \n\r\t", at_);
  if (end == std::string_view::npos || end == at_) {
    return fail();
  }
  at_ = end;
}

void JsonCursor::skip_nested() {
  if (peek() == '{') {
    object([this](std::string_view) { skip(); });
  } else {
    array([this] { skip(); });
  }
}

}  // namespace millrace::load
