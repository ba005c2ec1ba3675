#include "tests/property/generator.h"

#include <algorithm>
#include <array>
#include <limits>

#include "wire/pattern.h"

namespace millrace::property {
namespace {

using wire::Shape;
using wire::Type;
using wire::Value;

constexpr std::int64_t heavy_length = 100'000;
constexpr std::string_view element_step = "[]";
constexpr std::string_view key_step = "{key}";
constexpr std::string_view value_step = "{value}";

std::string below(const std::string& path, std::string_view step) {
  return path.empty() ? std::string(step) : path + "." + std::string(step);
}

bool has_length(const Shape& shape) {
  return shape.type == Type::text || shape.type == Type::blob || shape.type == Type::list || shape.type == Type::map;
}
bool is_number(const Shape& shape) {
  return shape.type == Type::integer || shape.type == Type::long_integer;
}
bool is_scalar(const Shape& shape) {
  return shape.type != Type::structure && shape.type != Type::list && shape.type != Type::map;
}

bool is_within(std::string_view path, std::string_view outer) {
  return path.starts_with(outer) && (path.size() == outer.size() || outer.empty() || path[outer.size()] == '.');
}

// Of two places, one inside the other, one may keep the other from being made.
bool hides(const Site& a, const Site& b) {
  return is_within(a.path, b.path) || is_within(b.path, a.path);
}

class Sites {
 public:
  void visit(const Shape& shape, const std::string& path) {
    if (!path.empty() && !path.ends_with(key_step)) add(path, Break::wrong_type, shape);
    if (has_length(shape)) {
      if (shape.min.value_or(0) > 0) add(path, Break::too_short, shape);
      if (shape.max) add(path, Break::too_long, shape, *shape.max > heavy_length);
    }
    if (is_number(shape)) {
      if (shape.min) add(path, Break::too_small, shape);
      if (shape.max) add(path, Break::too_large, shape);
    }
    if (shape.pattern != wire::Pattern::none) add(path, Break::pattern, shape);
    if (!shape.enumeration.empty()) add(path, Break::enumeration, shape);
    for (const wire::MemberShape& member : shape.members) {
      const std::string member_path = below(path, member.name);
      if (member.required) add(member_path, Break::missing, *member.shape);
      visit(*member.shape, member_path);
    }
    if (shape.key != nullptr) visit(*shape.key, below(path, key_step));
    if (shape.element == nullptr) return;
    const std::string inner = below(path, shape.type == Type::list ? element_step : value_step);
    add(inner, Break::null_element, *shape.element);
    visit(*shape.element, inner);
  }
  std::vector<Site> take() { return std::move(sites_); }

 private:
  void add(const std::string& path, Break kind, const Shape& shape, bool is_heavy = false) {
    sites_.push_back(Site{path, kind, &shape, is_heavy});
  }
  std::vector<Site> sites_;
};

}  // namespace

std::string_view name_of(Break kind) {
  constexpr std::array<std::string_view, break_count> names = {"missing",  "wrong_type",  "too_short",
                                                               "too_long", "too_small",   "too_large",
                                                               "pattern",  "enumeration", "null_element"};
  return names[static_cast<std::size_t>(kind)];
}

bool Site::is_in_scalar_element() const {
  return is_scalar(*shape) && (path.ends_with(element_step) || path.ends_with(key_step) || path.ends_with(value_step));
}

std::string Site::constraint() const {
  if (is_in_scalar_element()) {
    if (path.ends_with(key_step)) return "Map keys must satisfy constraint: [";
    return path.ends_with(value_step) ? "Map value must satisfy constraint: [" : "Member must satisfy constraint: [";
  }
  switch (kind) {
    case Break::missing:
    case Break::null_element:
      return "Member must not be null";
    case Break::too_short:
      return "Member must have length greater than or equal to " + std::to_string(*shape->min);
    case Break::too_long:
      return "Member must have length less than or equal to " + std::to_string(*shape->max);
    case Break::too_small:
      return "Member must have value greater than or equal to " + std::to_string(*shape->min);
    case Break::too_large:
      return "Member must have value less than or equal to " + std::to_string(*shape->max);
    case Break::pattern:
      return "Member must satisfy regular expression pattern: " + std::string(wire::text_of(shape->pattern));
    case Break::enumeration:
      return "Member must satisfy enum value set: [";
    case Break::wrong_type:
      break;
  }
  return {};
}

std::vector<Site> sites_of(const Shape& shape) {
  Sites sites;
  sites.visit(shape, "");
  return sites.take();
}

Request Generator::valid(const Shape& shape) {
  broken_.clear();
  return Request{make(shape, ""), {}};
}

Request Generator::invalid(const Shape& shape) {
  const auto [at, is_new] = turns_.try_emplace(&shape);
  Turns& turns = at->second;
  if (is_new) {
    for (Site& site : sites_of(shape))
      (site.is_heavy ? turns.heavy : turns.light).push_back(std::move(site));
  }
  broken_ = choose(turns);
  return Request{make(shape, ""), broken_};
}

std::vector<Site> Generator::choose(Turns& turns) {
  ++turns.requests;
  if (!turns.heavy.empty() && turns.requests % heavy_every == 0) {
    return {turns.heavy[turns.next_heavy++ % turns.heavy.size()]};
  }
  std::vector<Site> chosen;
  if (turns.light.empty()) return chosen;
  chosen.push_back(turns.light[turns.next_light++ % turns.light.size()]);
  if (random_.once_in(4)) {
    for (std::size_t more = 1 + random_.below(2); more > 0; --more) {
      const Site& another = turns.light[random_.below(turns.light.size())];
      if (std::ranges::none_of(chosen, [&](const Site& site) { return hides(site, another); })) {
        chosen.push_back(another);
      }
    }
  }
  return chosen;
}

bool Generator::is_broken(const std::string& path, Break kind) const {
  return std::ranges::any_of(broken_, [&](const Site& site) { return site.kind == kind && site.path == path; });
}

bool Generator::is_broken_below(const std::string& path) const {
  return std::ranges::any_of(broken_, [&](const Site& site) { return is_within(site.path, path); });
}

Value Generator::make(const Shape& shape, const std::string& path) {
  if (is_broken(path, Break::wrong_type)) return make_of_wrong_type(shape);
  switch (shape.type) {
    case Type::structure:
      return make_structure(shape, path);
    case Type::list:
      return make_list(shape, path);
    case Type::map:
      return make_map(shape, path);
    case Type::text:
      return Value(make_text(shape, path));
    case Type::blob:
      return Value(wire::Blob{make_blob(shape, path)});
    case Type::integer:
    case Type::long_integer:
      return Value(make_number(shape, path));
    case Type::boolean:
      return Value(random_.once_in(2));
    case Type::timestamp:
      // From 1939 to 2096, where a double is exact to the millisecond; whole seconds now and then.
      return Value(wire::Timestamp{random_.once_in(4) ? random_.between(0, 4'000'000'000) * 1000
                                                      : random_.between(-1'000'000'000'000, 4'000'000'000'000)});
  }
  return {};
}

Value Generator::make_structure(const Shape& shape, const std::string& path) {
  wire::Object members;
  for (const wire::MemberShape& member : shape.members) {
    const std::string member_path = below(path, member.name);
    if (is_broken(member_path, Break::missing)) continue;
    if (!member.required && !is_broken_below(member_path) && random_.once_in(2)) continue;
    members.push_back(wire::Member{std::string(member.name), make(*member.shape, member_path)});
  }
  // Clients send members in any order.
  for (std::size_t i = members.size(); i > 1; --i)
    std::swap(members[i - 1], members[random_.below(i)]);
  return Value(std::move(members));
}

Value Generator::make_list(const Shape& shape, const std::string& path) {
  const std::string inner = below(path, element_step);
  std::size_t count = length(shape, path, 5);
  if (is_broken_below(inner)) count = std::max<std::size_t>(count, 1);
  // What is wrong in an element is wrong in one of them.
  const std::size_t broken_at = count == 0 ? 0 : random_.below(count);
  const std::vector<Site> broken = broken_;
  wire::List elements;
  for (std::size_t i = 0; i < count; ++i) {
    if (i != broken_at) {
      std::erase_if(broken_, [&](const Site& site) { return site.path.starts_with(inner); });
    } else {
      broken_ = broken;
    }
    elements.push_back(is_broken(inner, Break::null_element) ? Value() : make(*shape.element, inner));
  }
  broken_ = broken;
  return Value(std::move(elements));
}

Value Generator::make_map(const Shape& shape, const std::string& path) {
  const std::string key_path = below(path, key_step);
  const std::string value_path = below(path, value_step);
  std::size_t count = length(shape, path, 5);
  if (is_broken_below(key_path) || is_broken_below(value_path)) count = std::max<std::size_t>(count, 1);
  const std::vector<Site> broken = broken_;
  wire::Object entries;
  for (std::size_t i = 0; i < count; ++i) {
    if (i == 1) {
      std::erase_if(broken_, [&](const Site& site) {
        return site.path.starts_with(key_path) || site.path.starts_with(value_path);
      });
    }
    std::string key = make_text(*shape.key, key_path);
    while (std::ranges::find(entries, key, &wire::Member::name) != entries.end())
      key = make_text(*shape.key, key_path);
    Value value = is_broken(value_path, Break::null_element) ? Value() : make(*shape.element, value_path);
    entries.push_back(wire::Member{std::move(key), std::move(value)});
  }
  broken_ = broken;
  return Value(std::move(entries));
}

std::size_t Generator::length(const Shape& shape, const std::string& path, std::size_t usual_max) {
  const auto min = static_cast<std::size_t>(shape.min.value_or(0));
  const auto max = static_cast<std::size_t>(shape.max.value_or(1'000));
  if (is_broken(path, Break::too_short)) return random_.below(min);
  if (is_broken(path, Break::too_long)) return max + 1 + (max < 1'000 ? random_.below(3) : 0);
  if (random_.once_in(16)) return min;
  if (max <= 2'048 && random_.once_in(64)) return max;
  return min + random_.below(std::min(usual_max, max - min) + 1);
}

std::string Generator::make_text(const Shape& shape, const std::string& path) {
  if (is_broken(path, Break::enumeration)) return characters(random_.below(12));
  if (!shape.enumeration.empty()) return std::string(shape.enumeration[random_.below(shape.enumeration.size())]);
  const std::size_t count = length(shape, path, 40);
  if (shape.pattern == wire::Pattern::none) return characters(count);
  std::string text = of_pattern(shape, count);
  if (is_broken(path, Break::pattern)) {
    // None of the patterns has a space in it, or begins with one.
    if (text.empty()) return "x y";
    text[random_.once_in(2) ? 0 : text.size() - 1] = ' ';
  }
  return text;
}

std::string Generator::of_pattern(const Shape& shape, std::size_t count) {
  constexpr std::string_view name = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_.-";
  constexpr std::string_view arn_start = "arn:aws:kinesis:us-east-1:123456789012:stream/";
  constexpr std::string_view queue_arn_start = "arn:aws:kinesis:us-east-1:123456789012:queue/";
  const auto of = [&](std::string_view alphabet, std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i)
      text += alphabet[random_.below(alphabet.size())];
    return text;
  };
  // A text of that start and end around a name, as long as is wanted or as it must be.
  const auto around_name = [&](std::string_view start, std::string_view end) {
    if (count == 0) return std::string();
    const std::size_t rest = start.size() + end.size();
    return std::string(start) + of(name, std::max(count, rest + 1) - rest) + std::string(end);
  };
  switch (shape.pattern) {
    case wire::Pattern::none:
      break;
    case wire::Pattern::name:
      return of(name, count);
    case wire::Pattern::consumer_arn:
      return around_name(std::string(arn_start) + "s/consumer/", ":1768469398");
    case wire::Pattern::resource_arn:
      return random_.once_in(2) ? around_name(arn_start, "") : around_name(queue_arn_start, "");
    case wire::Pattern::stream_arn:
      if (count == 0) return {};
      return std::string(arn_start) + of(name, std::max(count, arn_start.size() + 1) - arn_start.size());
    case wire::Pattern::stream_id:
      if (count == 0) return {};
      return of(name.substr(0, 36), count > 24 ? count - 4 : 20) + "-" + of(name.substr(0, 36), 3);
    case wire::Pattern::hash_key:
      return digits(1 + random_.below(39));
    case wire::Pattern::sequence_number:
      return digits(random_.once_in(2) ? 56 : 1 + random_.below(129));
  }
  return {};
}

std::string Generator::digits(std::size_t count) {
  if (random_.once_in(8)) return "0";
  std::string text(1, static_cast<char>('1' + random_.below(9)));
  while (text.size() < count)
    text += static_cast<char>('0' + random_.below(10));
  return text;
}

std::string Generator::characters(std::size_t count) {
  // In every other text one in four is a character that some encoder or parser treats in a way of its own.
  static constexpr std::array<std::string_view, 16> odd = {"\"",         "\\", "/",          "\n",     "\x01", "\x1f",
                                                           "\x7f",       "é",  "ÿ",          "\u0800", "日",   "\uffff",
                                                           "\U00010000", "😀", "\U0010ffff", "'"};
  const bool is_plain = count >= 5'000 || random_.once_in(2);
  std::string text;
  text.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_plain && random_.once_in(64)) {
      text += '\0';
    } else if (!is_plain && random_.once_in(4)) {
      text += odd[random_.below(odd.size())];
    } else {
      text += static_cast<char>(' ' + random_.below(95));
    }
  }
  return text;
}

std::string Generator::make_blob(const Shape& shape, const std::string& path) {
  std::size_t size = length(shape, path, 100);
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; i += size > 10'000 ? 997 : 1)
    bytes[i] = static_cast<char>(random_.next());
  return bytes;
}

std::int64_t Generator::make_number(const Shape& shape, const std::string& path) {
  constexpr std::int64_t lowest = std::numeric_limits<std::int32_t>::min();
  const std::int64_t highest = shape.type == Type::integer ? std::numeric_limits<std::int32_t>::max()
                                                           : std::numeric_limits<std::int64_t>::max() / 4;
  const std::int64_t min = shape.min.value_or(lowest);
  const std::int64_t max = shape.max.value_or(highest);
  if (is_broken(path, Break::too_small)) return random_.once_in(2) ? min - 1 : random_.between(lowest, min - 1);
  if (is_broken(path, Break::too_large)) return random_.once_in(2) ? max + 1 : random_.between(max + 1, highest);
  if (random_.once_in(8)) return min;
  if (random_.once_in(8)) return max;
  return random_.once_in(2) ? random_.between(min, std::min(max, min + 100)) : random_.between(min, max);
}

Value Generator::make_of_wrong_type(const Shape& shape) {
  // Left out are the pairs that one of the encodings cannot tell apart, or that the service converts.
  std::vector<Value> choices;
  if (shape.type != Type::boolean) choices.emplace_back(true);
  if (shape.type != Type::text && shape.type != Type::blob) choices.emplace_back("neither");
  if (shape.type != Type::integer && shape.type != Type::long_integer && shape.type != Type::timestamp) {
    choices.emplace_back(random_.between(-5, 5'000'000'000));
  }
  if (shape.type != Type::list) choices.emplace_back(wire::List(random_.below(3), Value("x")));
  if (shape.type != Type::structure && shape.type != Type::map) {
    choices.emplace_back(wire::Object(random_.below(2), wire::Member{"k", Value(1)}));
  }
  return choices[random_.below(choices.size())];
}

}  // namespace millrace::property
