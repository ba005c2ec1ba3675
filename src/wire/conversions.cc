#include "wire/conversions.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "wire/utf8.h"

namespace millrace::wire {
namespace {

constexpr std::string_view class_of(Given given) {
  switch (given) {
    case Given::text:
      return "java.lang.String";
    case Given::boolean:
      return "java.lang.Boolean";
    case Given::number:
    case Given::fraction:
      return "com.amazon.coral.value.json.numbers.TruncatingBigNumber";
    case Given::big_number:
      return "java.math.BigInteger";
    case Given::bytes:
      return "java.nio.HeapByteBuffer";
  }
  return {};
}

constexpr std::string_view phrase_of(Type type) {
  switch (type) {
    case Type::text:
      return "an String";
    case Type::blob:
      return "a Blob";
    case Type::integer:
      return "an Integer";
    case Type::long_integer:
      return "an Long";
    case Type::boolean:
      return "an Boolean";
    case Type::timestamp:
      return "milliseconds since epoch";
    case Type::structure:
    case Type::list:
    case Type::map:
      break;
  }
  return {};
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// The six bits of a base64 character, -1 where it is none.
constexpr int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// The first place of a character that does not belong; the text's size where all do. Padding is at most the last two.
std::size_t first_bad_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (sextet(text[i]) >= 0) continue;
    const bool is_padding =
        text[i] == '=' && i + 2 >= text.size() && text.substr(i).find_first_not_of('=') == text.npos;
    if (!is_padding) return i;
  }
  return text.size();
}

bool has_stray_bits(std::string_view text) {
  if (text.ends_with("==")) return (sextet(text[text.size() - 3]) & 0x0f) != 0;
  return text.ends_with("=") && (sextet(text[text.size() - 2]) & 0x03) != 0;
}

std::int64_t saturated(double number, std::int64_t low, std::int64_t high) {
  if (number <= static_cast<double>(low)) return low;
  if (number >= static_cast<double>(high)) return high;
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::string printed(std::string_view text) {
  std::string start(cut_to(text, printed_bytes_max));
  if (start.size() < text.size()) start += "...";
  return start;
}

std::string cannot_convert(Given given, Type wanted) {
  if (wanted == Type::list) return "Expected list or null";
  if (wanted == Type::map) return "Expected map or null";
  if (wanted == Type::structure) return "Expected null";
  std::string sentence = "class ";
  sentence += class_of(given);
  sentence += " can not be converted to ";
  sentence += phrase_of(wanted);
  return sentence;
}

std::string cannot_convert_to_boolean(std::string_view text) {
  std::string sentence = "'" + printed(text);
  std::ranges::transform(sentence, sentence.begin(), upper);
  sentence += "' can not be converted to an Boolean";
  return sentence;
}

std::optional<bool> boolean_of(std::string_view text) {
  std::string lowered;
  if (text.size() > std::string_view("false").size()) return std::nullopt;
  std::ranges::transform(text, std::back_inserter(lowered), lower);
  if (lowered == "true" || lowered == "1" || lowered == "yes") return true;
  if (lowered == "false" || lowered == "0" || lowered == "no") return false;
  return std::nullopt;
}

std::int64_t integer_of(std::int64_t number, Type wanted) {
  if (wanted == Type::long_integer) return number;
  return std::clamp<std::int64_t>(number, std::numeric_limits<std::int32_t>::min(),
                                  std::numeric_limits<std::int32_t>::max());
}

std::int64_t integer_of(double number, Type wanted) {
  return integer_of(
      saturated(std::floor(number), std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()),
      wanted);
}

std::int64_t ms_of_seconds(std::int64_t seconds) {
  constexpr std::int64_t seconds_max = timestamp_ms_max / 1000;
  if (seconds > seconds_max) return timestamp_ms_max;
  if (seconds < -seconds_max) return -timestamp_ms_max;
  return seconds * 1000;
}

std::int64_t ms_of_seconds(double seconds) {
  return saturated(std::round(seconds * 1000.0), -timestamp_ms_max, timestamp_ms_max);
}

std::int64_t ms_of_ms(std::int64_t ms) {
  return std::clamp(ms, -timestamp_ms_max, timestamp_ms_max);
}

std::int64_t ms_of_fraction(double number) {
  if (number < 1e11) return ms_of_seconds(number);
  return saturated(std::round(number), -timestamp_ms_max, timestamp_ms_max);
}

std::string blob_problem(std::string_view text) {
  std::string problem;
  const std::size_t length = count_utf16_units(text);
  if (length % 4 != 0) {
    problem = "Base64 encoded length is expected a multiple of 4 bytes but found: " + std::to_string(length);
  } else if (const std::size_t at = first_bad_character(text); at != text.size()) {
    problem = "Invalid Base64 character: '";
    problem += character_at(text, at);
    problem += "'";
  } else if (has_stray_bits(text)) {
    problem = "Invalid last non-pad Base64 character dectected";
  } else {
    return {};
  }
  return "'" + printed(text) + "' can not be converted to a Blob: " + problem;
}

}  // namespace millrace::wire
