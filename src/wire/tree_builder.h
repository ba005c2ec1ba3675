#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/encoding.h"
#include "wire/shape.h"
#include "wire/value.h"

namespace millrace::wire {

// Turns the events of a parser into the tree that a shape describes. Both codecs feed it, so both convert alike and
// fail with the same sentences. What the shape does not know is passed over; after the first value that cannot be
// converted nothing is built any more, and the parser only finds out whether the rest is well-formed.
//
// The parser calls in the order of the body, keeps begin and end in pairs, and calls key before each value of a map.
// One use, one thread.
class TreeBuilder {
 public:
  TreeBuilder(Encoding encoding, const Shape& shape) : encoding_(encoding), shape_(&shape) {}

  // The coming value is not looked at: a parser may spare itself its text. Asked after its key.
  bool passes_over() const;

  void begin_list();
  void end_list() { end(); }
  void begin_map();
  void end_map() { end(); }
  void key(std::string_view name);

  void null();
  void boolean(bool truth);
  void integer(std::int64_t number);
  void fraction(double number);
  void big_number();
  void text(std::string_view text);  // well-formed UTF-8
  void bytes(std::string_view bytes);

  // After the whole body. An error without a sentence where its top level is not a map.
  base::Result<Value> finish() &&;

 private:
  struct Frame {
    const Shape* shape;
    List elements;                                          // list
    Object members;                                         // structure or map
    const Shape* next = nullptr;                            // what the coming value is held to; null: passed over
    std::string key;                                        // of the coming value
    std::map<std::string, std::size_t, std::less<>> index;  // map: where a key stands in members
  };

  // What the coming value is held to; null where it is passed over.
  const Shape* wanted() const;
  // The same for a scalar, which is nothing where a body begins.
  const Shape* wanted_scalar();
  void begin(const Shape& shape);
  void end();
  void put(Value value);
  static void put_member(Frame& frame, Value value);
  static void put_entry(Frame& frame, Value value);
  void put_base64(std::string_view text);
  void fail(std::string sentence);

  Encoding encoding_;
  const Shape* shape_;
  std::vector<Frame> frames_;     // at most depth_max, which the parsers hold
  std::size_t passed_depth_ = 0;  // lists and maps that are open inside a passed-over value
  bool top_is_not_a_map_ = false;
  std::optional<Value> root_;
  std::optional<base::Error> error_;
};

}  // namespace millrace::wire
