#include "wire/value.h"

namespace millrace::wire {

Value::Value(List value) : data_(std::move(value)) {}
Value::Value(Object value) : data_(std::move(value)) {}
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

bool operator==(const Value& a, const Value& b) {
  return a.data_ == b.data_;
}

const Value* Value::find(std::string_view name) const {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  for (const Member& member : *members) {
    if (member.name == name) return member.value.is_null() ? nullptr : &member.value;
  }
  return nullptr;
}

const std::string* Value::text(std::string_view name) const {
  const Value* member = find(name);
  return member == nullptr ? nullptr : member->text();
}

std::optional<std::int64_t> Value::integer(std::string_view name) const {
  const Value* member = find(name);
  const std::int64_t* number = member == nullptr ? nullptr : member->integer();
  return number == nullptr ? std::nullopt : std::optional(*number);
}

std::optional<bool> Value::boolean(std::string_view name) const {
  const Value* member = find(name);
  const bool* truth = member == nullptr ? nullptr : member->boolean();
  return truth == nullptr ? std::nullopt : std::optional(*truth);
}

std::optional<Timestamp> Value::timestamp(std::string_view name) const {
  const Value* member = find(name);
  const Timestamp* time = member == nullptr ? nullptr : member->timestamp();
  return time == nullptr ? std::nullopt : std::optional(*time);
}

const Blob* Value::blob(std::string_view name) const {
  const Value* member = find(name);
  return member == nullptr ? nullptr : member->blob();
}

const List* Value::list(std::string_view name) const {
  const Value* member = find(name);
  return member == nullptr ? nullptr : member->list();
}

const Object* Value::object(std::string_view name) const {
  const Value* member = find(name);
  return member == nullptr ? nullptr : member->object();
}

void Value::add(std::string_view name, Value value) {
  if (is_null()) data_ = Object{};
  std::get<Object>(data_).push_back(Member{std::string(name), std::move(value)});
}

}  // namespace millrace::wire
