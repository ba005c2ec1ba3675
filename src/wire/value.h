#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace millrace::wire {

class Value;

// Bytes, kept apart from text: base64 in JSON, a byte string in CBOR.
struct Blob {
  std::string bytes;
  friend bool operator==(const Blob&, const Blob&) = default;
};

// Milliseconds since the epoch: seconds with a fraction in JSON, tag 1 and integer milliseconds in CBOR.
struct Timestamp {
  std::int64_t ms = 0;
  friend bool operator==(const Timestamp&, const Timestamp&) = default;
};

using List = std::vector<Value>;

// A structure's members, or a map's entries, in order. Few, so found by looking through them.
struct Member;
using Object = std::vector<Member>;

// A decoded body or an answer to be encoded: a small tree. The hot operations do not build one.
class Value {
 public:
  using Variant = std::variant<std::monostate, bool, std::int64_t, Timestamp, std::string, Blob, List, Object>;

  Value();
  Value(bool value);
  template <class Integer>
    requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
  Value(Integer value);
  Value(Timestamp value);
  Value(std::string value);
  Value(std::string_view value);
  Value(const char* value);
  Value(Blob value);
  Value(List value);
  Value(Object value);
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  const Variant& variant() const { return data_; }
  Variant& variant() { return data_; }

  const std::string* text() const { return std::get_if<std::string>(&data_); }
  const Blob* blob() const { return std::get_if<Blob>(&data_); }
  const bool* boolean() const { return std::get_if<bool>(&data_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data_); }
  const Timestamp* timestamp() const { return std::get_if<Timestamp>(&data_); }
  const List* list() const { return std::get_if<List>(&data_); }
  const Object* object() const { return std::get_if<Object>(&data_); }

  // Members of a structure by name; absent and null are the same. The value must be an object.
  const Value* find(std::string_view name) const;
  const std::string* text(std::string_view name) const;
  // The text, or an empty view where there is none.
  std::string_view view(std::string_view name) const {
    const std::string* found = text(name);
    return found != nullptr ? std::string_view(*found) : std::string_view();
  }
  std::optional<std::int64_t> integer(std::string_view name) const;
  std::optional<bool> boolean(std::string_view name) const;
  std::optional<Timestamp> timestamp(std::string_view name) const;
  const Blob* blob(std::string_view name) const;
  const List* list(std::string_view name) const;
  const Object* object(std::string_view name) const;

  // Adds a member to an object (an empty value becomes one). Does not look for an earlier one of the same name.
  void add(std::string_view name, Value value);

  friend bool operator==(const Value&, const Value&);

 private:
  Variant data_;
};

struct Member {
  std::string name;
  Value value;
  friend bool operator==(const Member&, const Member&) = default;
};

// Defined where Member is complete, since each of them may have to destroy one.
inline Value::Value() = default;
inline Value::Value(bool value) : data_(value) {}
template <class Integer>
  requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
Value::Value(Integer value) : data_(static_cast<std::int64_t>(value)) {}
inline Value::Value(Timestamp value) : data_(value) {}
inline Value::Value(std::string value) : data_(std::move(value)) {}
inline Value::Value(std::string_view value) : data_(std::string(value)) {}
inline Value::Value(const char* value) : data_(std::string(value)) {}
inline Value::Value(Blob value) : data_(std::move(value)) {}

}  // namespace millrace::wire
