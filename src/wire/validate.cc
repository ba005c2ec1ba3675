#include "wire/validate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/conversions.h"
#include "wire/pattern.h"
#include "wire/utf8.h"

namespace millrace::wire {
namespace {

// The service lists no more than this. Source: the recordings of kinesalite's tests.
constexpr std::size_t violations_max = 10;

constexpr std::string_view not_null = "Member must not be null";

std::string length_at_most(std::int64_t max) {
  return "Member must have length less than or equal to " + std::to_string(max);
}
std::string length_at_least(std::int64_t min) {
  return "Member must have length greater than or equal to " + std::to_string(min);
}
std::string satisfies_pattern(Pattern pattern) {
  return "Member must satisfy regular expression pattern: " + std::string(text_of(pattern));
}
std::string joined(std::span<const std::string_view> texts) {
  std::string all;
  for (const std::string_view text : texts) {
    if (!all.empty()) all += ", ";
    all += text;
  }
  return all;
}
std::string is_one_of(std::span<const std::string_view> enumeration) {
  return "Member must satisfy enum value set: [" + joined(enumeration) + "]";
}

// What an element, a key or a map's value has to satisfy, told in one breath: "[..., ...]".
std::string element_constraint(const Shape& shape) {
  std::vector<std::string> all;
  if (shape.max) all.push_back(length_at_most(*shape.max));
  if (shape.min) all.push_back(length_at_least(*shape.min));
  if (shape.pattern != Pattern::none) all.push_back(satisfies_pattern(shape.pattern));
  if (!shape.enumeration.empty()) all.push_back(is_one_of(shape.enumeration));
  if (all.empty()) all.emplace_back(not_null);
  const std::vector<std::string_view> views(all.begin(), all.end());
  return "[" + joined(views) + "]";
}

bool within(std::int64_t number, const Shape& shape) {
  return (!shape.min || number >= *shape.min) && (!shape.max || number <= *shape.max);
}

std::int64_t length_of(std::string_view text) {
  return static_cast<std::int64_t>(count_characters(text));
}

bool text_satisfies(std::string_view text, const Shape& shape) {
  return within(length_of(text), shape) && matches(shape.pattern, text) &&
         (shape.enumeration.empty() || std::ranges::find(shape.enumeration, text) != shape.enumeration.end());
}

bool is_structured(const Shape& shape) {
  return shape.type == Type::structure || shape.type == Type::list || shape.type == Type::map;
}

// Stands for the hash that Java prints of an object: the same for equal content (FNV-1a).
class ContentHash {
 public:
  void add(const Value& value) {
    add_byte(static_cast<std::uint8_t>(value.variant().index()));
    if (const std::string* text = value.text()) add_bytes(*text);
    if (const Blob* blob = value.blob()) add_bytes(blob->bytes);
    if (const bool* truth = value.boolean()) add_byte(*truth ? 1 : 0);
    if (const std::int64_t* number = value.integer()) add_number(*number);
    if (const Timestamp* time = value.timestamp()) add_number(time->ms);
    if (const List* elements = value.list()) {
      for (const Value& element : *elements)
        add(element);
    }
    if (const Object* members = value.object()) {
      for (const Member& member : *members) {
        add_bytes(member.name);
        add(member.value);
      }
    }
  }
  std::string hex() const {
    std::array<char, 8> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), hash_, 16).ptr;
    const std::string_view text(digits.data(), end);
    return std::string(digits.size() - text.size(), '0') + std::string(text);
  }

 private:
  void add_byte(std::uint8_t byte) { hash_ = (hash_ ^ byte) * 16'777'619U; }
  void add_bytes(std::string_view bytes) {
    for (const char c : bytes)
      add_byte(static_cast<std::uint8_t>(c));
  }
  void add_number(std::int64_t number) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
      add_byte(static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> shift));
    }
  }

  std::uint32_t hash_ = 2'166'136'261U;
};

// A value as the service prints it, which is how Java does. Stops soon after printed_bytes_max; the caller cuts the
// rest.
void print(const Value& value, const Shape& shape, std::string& to) {
  if (value.is_null()) to += "null";
  if (const std::string* text = value.text()) to += cut_to(*text, printed_bytes_max + 1);
  if (const bool* truth = value.boolean()) to += *truth ? "true" : "false";
  if (const std::int64_t* number = value.integer()) to += std::to_string(*number);
  if (const Timestamp* time = value.timestamp()) to += std::to_string(time->ms);
  if (const Blob* blob = value.blob()) {
    const std::string size = std::to_string(blob->bytes.size());
    to += "java.nio.HeapByteBuffer[pos=0 lim=" + size + " cap=" + size + "]";
  }
  if (const List* elements = value.list()) {
    to += '[';
    for (std::size_t i = 0; i < elements->size() && to.size() <= printed_bytes_max; ++i) {
      if (i != 0) to += ", ";
      print((*elements)[i], *shape.element, to);
    }
    to += ']';
  }
  const Object* members = value.object();
  if (members == nullptr) return;
  if (shape.type == Type::structure) {
    ContentHash hash;
    hash.add(value);
    to += "com.amazonaws.kinesis.v20131202.";
    to += shape.name;
    to += '@';
    to += hash.hex();
    return;
  }
  to += '{';
  for (std::size_t i = 0; i < members->size() && to.size() <= printed_bytes_max; ++i) {
    if (i != 0) to += ", ";
    to += cut_to((*members)[i].name, printed_bytes_max);
    to += '=';
    print((*members)[i].value, *shape.element, to);
  }
  to += '}';
}

class Validation {
 public:
  // A value that is there.
  void check(const Value& value, const Shape& shape) {
    switch (shape.type) {
      case Type::structure:
        return check_structure(value, shape);
      case Type::list:
        return check_list(value, shape);
      case Type::map:
        return check_map(value, shape);
      case Type::text:
        return check_text(value, shape);
      case Type::blob:
        return check_length(static_cast<std::int64_t>(value.blob()->bytes.size()), value, shape);
      case Type::integer:
      case Type::long_integer:
        return check_number(value, shape);
      case Type::boolean:
      case Type::timestamp:
        return;
    }
  }

  std::optional<base::Error> error() && {
    if (count_ == 0) return std::nullopt;
    std::string sentence = std::to_string(count_);
    sentence += count_ == 1 ? " validation error detected: " : " validation errors detected: ";
    sentence += violations_;
    return base::Error(base::Errc::validation, std::move(sentence));
  }

 private:
  // Adds a step to the path for as long as it lives.
  class Step {
   public:
    Step(Validation& validation, std::string_view name) : path_(validation.path_), length_(path_.size()) {
      if (!path_.empty()) path_ += '.';
      path_ += name;
    }
    ~Step() { path_.resize(length_); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    std::string& path_;
    std::size_t length_;
  };

  bool is_full() const { return count_ == violations_max; }

  void violated(const Value* value, const Shape& shape, std::string_view constraint) {
    if (is_full()) return;
    if (count_++ != 0) violations_ += "; ";
    violations_ += "Value ";
    if (value == nullptr || value->is_null()) {
      violations_ += "null";
    } else {
      std::string text;
      print(*value, shape, text);
      violations_ += '\'' + printed(text) + '\'';
    }
    violations_ += " at '";
    violations_ += path_;
    violations_ += "' failed to satisfy constraint: ";
    violations_ += constraint;
  }

  void check_structure(const Value& value, const Shape& shape) {
    for (const MemberShape& member : shape.members) {
      if (is_full()) return;
      std::string name(member.name);
      if (name.front() >= 'A' && name.front() <= 'Z') name.front() = static_cast<char>(name.front() - 'A' + 'a');
      const Step step(*this, name);
      const Value* there = value.find(member.name);
      if (there != nullptr) {
        check(*there, *member.shape);
      } else if (member.required) {
        violated(nullptr, *member.shape, not_null);
      }
    }
  }

  void check_list(const Value& value, const Shape& shape) {
    const List& elements = *value.list();
    check_length(static_cast<std::int64_t>(elements.size()), value, shape);
    if (is_structured(*shape.element)) {
      for (std::size_t i = 0; i < elements.size() && !is_full(); ++i) {
        check_inner(elements[i], *shape.element, std::to_string(i + 1));
      }
    } else if (!std::ranges::all_of(elements, [&](const Value& e) { return scalar_satisfies(e, *shape.element); })) {
      violated(&value, shape, "Member must satisfy constraint: " + element_constraint(*shape.element));
    }
  }

  void check_map(const Value& value, const Shape& shape) {
    const Object& entries = *value.object();
    check_length(static_cast<std::int64_t>(entries.size()), value, shape);
    if (!std::ranges::all_of(entries, [&](const Member& entry) { return text_satisfies(entry.name, *shape.key); })) {
      violated(&value, shape, "Map keys must satisfy constraint: " + element_constraint(*shape.key));
    }
    if (is_structured(*shape.element)) {
      for (std::size_t i = 0; i < entries.size() && !is_full(); ++i) {
        check_inner(entries[i].value, *shape.element, entries[i].name);
      }
    } else if (!std::ranges::all_of(
                   entries, [&](const Member& entry) { return scalar_satisfies(entry.value, *shape.element); })) {
      violated(&value, shape, "Map value must satisfy constraint: " + element_constraint(*shape.element));
    }
  }

  // A structure, list or map inside a list or a map.
  void check_inner(const Value& value, const Shape& shape, std::string_view place) {
    const Step step(*this, place);
    const Step member(*this, "member");
    if (value.is_null()) {
      violated(nullptr, shape, not_null);
    } else {
      check(value, shape);
    }
  }

  static bool scalar_satisfies(const Value& value, const Shape& shape) {
    if (const std::string* text = value.text()) return text_satisfies(*text, shape);
    if (const std::int64_t* number = value.integer()) return within(*number, shape);
    if (const Blob* blob = value.blob()) return within(static_cast<std::int64_t>(blob->bytes.size()), shape);
    return !value.is_null();
  }

  void check_text(const Value& value, const Shape& shape) {
    const std::string& text = *value.text();
    if (!matches(shape.pattern, text)) violated(&value, shape, satisfies_pattern(shape.pattern));
    if (!shape.enumeration.empty() && std::ranges::find(shape.enumeration, text) == shape.enumeration.end()) {
      violated(&value, shape, is_one_of(shape.enumeration));
    }
    check_length(length_of(text), value, shape);
  }

  void check_length(std::int64_t length, const Value& value, const Shape& shape) {
    if (shape.min && length < *shape.min) violated(&value, shape, length_at_least(*shape.min));
    if (shape.max && length > *shape.max) violated(&value, shape, length_at_most(*shape.max));
  }

  void check_number(const Value& value, const Shape& shape) {
    const std::int64_t number = *value.integer();
    if (shape.min && number < *shape.min) {
      violated(&value, shape, "Member must have value greater than or equal to " + std::to_string(*shape.min));
    }
    if (shape.max && number > *shape.max) {
      violated(&value, shape, "Member must have value less than or equal to " + std::to_string(*shape.max));
    }
  }

  std::size_t count_ = 0;
  std::string violations_;
  std::string path_;
};

}  // namespace

std::optional<base::Error> validate(const Value& value, const Shape& shape) {
  Validation validation;
  validation.check(value, shape);
  return std::move(validation).error();
}

}  // namespace millrace::wire
