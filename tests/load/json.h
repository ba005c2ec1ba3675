#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace millrace::load {

// Walks the JSON of an answer from front to back, without a tree and without copies. It takes what a broker may send
// and stops (`failed`) at what is no JSON, at an escape inside a string that is asked for, and at a value that is not
// of the kind asked for. The text must outlive what is given out.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : text_(text) {}

  // Calls `member` with each name of an object; it must consume the value.
  void object(const std::function<void(std::string_view name)>& member);
  // Calls `element` before each element of an array; it must consume the element.
  void array(const std::function<void()>& element);
  std::string_view string();
  std::int64_t integer();
  void skip();

  bool failed() const { return failed_; }

 private:
  bool take(char wanted);
  char peek();
  void skip_nested();
  void fail() { failed_ = true; }

  std::string_view text_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace millrace::load
