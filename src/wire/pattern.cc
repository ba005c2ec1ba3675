#include "wire/pattern.h"

#include <algorithm>
#include <array>
#include <optional>

namespace millrace::wire {
namespace {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr bool is_name_character(char c) {
  return is_lower(c) || is_upper(c) || is_digit(c) || c == '_' || c == '.' || c == '-';
}
constexpr std::string_view name_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
constexpr bool is_id_character(char c) {
  return is_lower(c) || is_digit(c);
}
// What \S refuses.
constexpr bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_name_character);
}

bool is_decimal(std::string_view text, std::size_t digits_max) {
  if (text == "0") return true;
  return !text.empty() && text.size() <= digits_max && text.front() != '0' && std::ranges::all_of(text, is_digit);
}

bool is_stream_id(std::string_view text) {
  return text.size() == 24 && text[20] == '-' && std::ranges::all_of(text.substr(0, 20), is_id_character) &&
         std::ranges::all_of(text.substr(21), is_id_character);
}

// Where the first character stands that a dot of a regular expression does not match; the text's end where there is
// none.
std::size_t first_line_end(std::string_view text, std::size_t from) {
  constexpr std::array<std::string_view, 5> ends = {"\n", "\r", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
  std::size_t first = text.size();
  for (const std::string_view end : ends)
    first = std::min(first, text.find(end, from));
  return first;
}

bool is_account_and_stream(std::string_view text) {
  constexpr std::string_view stream = ":stream/";
  constexpr std::size_t account_digits = 12;
  return text.size() >= 1 + account_digits + stream.size() && text.front() == ':' &&
         std::ranges::all_of(text.substr(1, account_digits), is_digit) &&
         text.substr(1 + account_digits).starts_with(stream);
}

// arn:aws.*:kinesis:.*:\d{12}:stream/\S+ without backtracking: the first ":kinesis:" leaves the second ".*" the most
// room, and the last ":account:stream/" that it can reach asks the least of the rest.
bool is_stream_arn(std::string_view text) {
  constexpr std::string_view start = "arn:aws";
  constexpr std::string_view service = ":kinesis:";
  constexpr std::size_t tail_start = 1 + 12 + std::string_view(":stream/").size();
  if (!text.starts_with(start)) return false;
  const std::size_t at = text.find(service, start.size());
  if (at == std::string_view::npos || first_line_end(text, start.size()) < at) return false;
  const std::size_t from = at + service.size();
  for (std::size_t candidate = std::min(first_line_end(text, from), text.size() - 1); candidate >= from; --candidate) {
    if (!is_account_and_stream(text.substr(candidate))) continue;
    const std::string_view name = text.substr(candidate + tail_start);
    if (!name.empty()) return std::ranges::none_of(name, is_space);
  }
  return false;
}

constexpr std::size_t account_digits = 12;

// Where a text that starts with "arn:aws.*:kinesis:.*:\d{12}:" goes on after it, at the earliest; nothing where it does
// not start so. The first of each part leaves the next the most room.
std::optional<std::size_t> end_of_account(std::string_view text) {
  constexpr std::string_view start = "arn:aws";
  constexpr std::string_view service = ":kinesis:";
  if (!text.starts_with(start)) return std::nullopt;
  const std::size_t at = text.find(service, start.size());
  if (at == std::string_view::npos) return std::nullopt;
  // The ':' that ends what is before the account, which may be empty.
  for (std::size_t colon = text.find(':', at + service.size()); colon != std::string_view::npos;
       colon = text.find(':', colon + 1)) {
    const std::string_view rest = text.substr(colon + 1);
    if (rest.size() <= account_digits || rest[account_digits] != ':') continue;
    if (std::ranges::all_of(rest.substr(0, account_digits), is_digit)) return colon + 1 + account_digits + 1;
  }
  return std::nullopt;
}

// Takes a name off the end of the text, and the word before it; false where they are not there.
bool take_name_from_end(std::string_view& text, std::string_view word) {
  const std::size_t before = text.find_last_not_of(name_characters);
  if (before == std::string_view::npos || before + 1 == text.size()) return false;
  text = text.substr(0, before + 1);
  if (!text.ends_with(word)) return false;
  text.remove_suffix(word.size());
  return true;
}

bool is_consumer_arn(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return false;
  if (!std::ranges::all_of(text.substr(colon + 1), is_digit)) return false;
  std::string_view head = text.substr(0, colon);
  if (!take_name_from_end(head, "/consumer/") || !take_name_from_end(head, "stream/")) return false;
  return first_line_end(head, 0) == head.size() && end_of_account(head).has_value();
}

bool is_resource_arn(std::string_view text) {
  const auto from = end_of_account(text);
  if (!from) return false;
  // The last word that a line's end does not cut off asks the least of the rest.
  const std::size_t line_end = first_line_end(text, 0);
  std::size_t rest_at = 0;
  for (const std::string_view word : {"stream/", "channel/", "queue/"}) {
    if (text.size() <= word.size()) continue;
    const std::size_t at = text.rfind(word, std::min(line_end, text.size() - word.size() - 1));
    if (at != std::string_view::npos && at >= *from) rest_at = std::max(rest_at, at + word.size());
  }
  return rest_at != 0 && std::ranges::none_of(text.substr(rest_at), is_space);
}

}  // namespace

std::string_view text_of(Pattern pattern) {
  switch (pattern) {
    case Pattern::none:
      return {};
    case Pattern::name:
      return "[a-zA-Z0-9_.-]+";
    case Pattern::stream_arn:
      return R"(arn:aws.*:kinesis:.*:\d{12}:stream/\S+)";
    case Pattern::stream_id:
      return "[a-z0-9]{20}-[a-z0-9]{3}";
    case Pattern::hash_key:
      return R"(0|([1-9]\d{0,38}))";
    case Pattern::sequence_number:
      return R"(0|([1-9]\d{0,128}))";
    case Pattern::consumer_arn:
      return R"(^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+)";
    case Pattern::resource_arn:
      return R"(arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+)";
  }
  return {};
}

bool matches(Pattern pattern, std::string_view text) {
  switch (pattern) {
    case Pattern::none:
      return true;
    case Pattern::name:
      return is_name(text);
    case Pattern::stream_arn:
      return is_stream_arn(text);
    case Pattern::stream_id:
      return is_stream_id(text);
    case Pattern::hash_key:
      return is_decimal(text, 39);
    case Pattern::sequence_number:
      return is_decimal(text, 129);
    case Pattern::consumer_arn:
      return is_consumer_arn(text);
    case Pattern::resource_arn:
      return is_resource_arn(text);
  }
  return false;
}

}  // namespace millrace::wire
