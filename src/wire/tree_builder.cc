#include "wire/tree_builder.h"

#include <cmath>
#include <utility>

#include "base/base64.h"
#include "wire/codec.h"
#include "wire/conversions.h"

namespace millrace::wire {

const Shape* TreeBuilder::wanted() const {
  if (error_ || top_is_not_a_map_ || passed_depth_ > 0) return nullptr;
  return frames_.empty() ? shape_ : frames_.back().next;
}

const Shape* TreeBuilder::wanted_scalar() {
  const Shape* shape = wanted();
  if (shape == nullptr || !frames_.empty()) return shape;
  top_is_not_a_map_ = true;
  return nullptr;
}

bool TreeBuilder::passes_over() const {
  return wanted() == nullptr;
}

void TreeBuilder::begin_list() {
  const Shape* shape = wanted();
  if (shape == nullptr) {
    ++passed_depth_;
  } else if (frames_.empty()) {
    top_is_not_a_map_ = true;
    ++passed_depth_;
  } else if (shape->type != Type::list) {
    fail(std::string(list_not_expected));
    ++passed_depth_;
  } else {
    begin(*shape);
  }
}

void TreeBuilder::begin_map() {
  const Shape* shape = wanted();
  if (shape == nullptr) {
    ++passed_depth_;
  } else if (shape->type != Type::structure && shape->type != Type::map) {
    fail(std::string(map_not_expected));
    ++passed_depth_;
  } else {
    begin(*shape);
  }
}

void TreeBuilder::begin(const Shape& shape) {
  Frame frame{};
  frame.shape = &shape;
  if (shape.type == Type::list) frame.next = shape.element;
  frames_.push_back(std::move(frame));
}

void TreeBuilder::end() {
  if (passed_depth_ > 0) {
    --passed_depth_;
    return;
  }
  if (frames_.empty()) return;  // given up inside of it
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  Value value = frame.shape->type == Type::list ? Value(std::move(frame.elements)) : Value(std::move(frame.members));
  if (frames_.empty()) {
    root_ = std::move(value);
  } else {
    put(std::move(value));
  }
}

void TreeBuilder::key(std::string_view name) {
  if (error_ || top_is_not_a_map_ || passed_depth_ > 0) return;
  Frame& frame = frames_.back();
  if (frame.shape->type == Type::map) {
    frame.key = name;
    frame.next = frame.shape->element;
    return;
  }
  frame.next = nullptr;
  for (const MemberShape& member : frame.shape->members) {
    if (member.name != name) continue;
    frame.key = name;
    frame.next = member.shape;
    return;
  }
}

void TreeBuilder::put(Value value) {
  Frame& frame = frames_.back();
  if (frame.shape->type == Type::list) {
    if (frame.elements.size() < elements_max) frame.elements.push_back(std::move(value));
  } else if (frame.shape->type == Type::map) {
    put_entry(frame, std::move(value));
  } else {
    put_member(frame, std::move(value));
  }
}

void TreeBuilder::put_member(Frame& frame, Value value) {
  for (std::size_t i = 0; i < frame.members.size(); ++i) {
    Member& earlier = frame.members[i];
    if (earlier.name != frame.key) continue;
    if (value.is_null()) {
      frame.members.erase(frame.members.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      earlier.value = std::move(value);
    }
    return;
  }
  if (!value.is_null()) frame.members.push_back(Member{std::move(frame.key), std::move(value)});
}

void TreeBuilder::put_entry(Frame& frame, Value value) {
  const auto found = frame.index.find(frame.key);
  if (found != frame.index.end()) {
    frame.members[found->second].value = std::move(value);
  } else if (frame.members.size() < elements_max) {
    frame.index.emplace(frame.key, frame.members.size());
    frame.members.push_back(Member{std::move(frame.key), std::move(value)});
  }
}

void TreeBuilder::fail(std::string sentence) {
  error_ = base::Error(base::Errc::serialization, std::move(sentence));
  frames_.clear();
}

void TreeBuilder::null() {
  if (wanted_scalar() != nullptr) put(Value());
}

void TreeBuilder::boolean(bool truth) {
  const Shape* shape = wanted_scalar();
  if (shape == nullptr) return;
  if (shape->type == Type::boolean) {
    put(Value(truth));
  } else {
    fail(cannot_convert(Given::boolean, shape->type));
  }
}

void TreeBuilder::integer(std::int64_t number) {
  const Shape* shape = wanted_scalar();
  if (shape == nullptr) return;
  if (shape->type == Type::integer || shape->type == Type::long_integer) {
    put(Value(integer_of(number, shape->type)));
  } else if (shape->type == Type::timestamp) {
    put(Value(Timestamp{encoding_ == Encoding::json ? ms_of_seconds(number) : ms_of_ms(number)}));
  } else {
    fail(cannot_convert(Given::number, shape->type));
  }
}

void TreeBuilder::fraction(double number) {
  const Shape* shape = wanted_scalar();
  if (shape == nullptr) return;
  if (std::isnan(number)) {
    fail(cannot_convert(Given::fraction, shape->type));
  } else if (shape->type == Type::integer || shape->type == Type::long_integer) {
    put(Value(integer_of(number, shape->type)));
  } else if (shape->type == Type::timestamp) {
    put(Value(Timestamp{encoding_ == Encoding::json ? ms_of_seconds(number) : ms_of_fraction(number)}));
  } else if (shape->type == Type::boolean) {
    put(Value(number != 0.0));  // the service refuses whole numbers here, and takes fractions
  } else {
    fail(cannot_convert(Given::fraction, shape->type));
  }
}

void TreeBuilder::big_number() {
  if (const Shape* shape = wanted_scalar()) fail(cannot_convert(Given::big_number, shape->type));
}

void TreeBuilder::text(std::string_view text) {
  const Shape* shape = wanted_scalar();
  if (shape == nullptr) return;
  if (shape->type == Type::text) {
    put(Value(text));
  } else if (shape->type == Type::boolean) {
    if (const std::optional<bool> truth = boolean_of(text)) {
      put(Value(*truth));
    } else {
      fail(cannot_convert_to_boolean(text));
    }
  } else if (shape->type == Type::blob && encoding_ == Encoding::json) {
    put_base64(text);
  } else {
    fail(cannot_convert(Given::text, shape->type));
  }
}

void TreeBuilder::put_base64(std::string_view text) {
  Blob blob;
  if (text.size() % 4 == 0) {
    blob.bytes.resize(base::base64_decoded_size(text));
    if (base::base64_decode(text, blob.bytes.data())) {
      put(Value(std::move(blob)));
      return;
    }
  }
  fail(blob_problem(text));
}

void TreeBuilder::bytes(std::string_view bytes) {
  const Shape* shape = wanted_scalar();
  if (shape == nullptr) return;
  if (shape->type == Type::blob) {
    put(Value(Blob{std::string(bytes)}));
  } else {
    fail(cannot_convert(Given::bytes, shape->type));
  }
}

base::Result<Value> TreeBuilder::finish() && {
  if (error_) return base::fail(std::move(*error_));
  if (!root_) return base::fail(base::Errc::serialization);
  return std::move(*root_);
}

}  // namespace millrace::wire
