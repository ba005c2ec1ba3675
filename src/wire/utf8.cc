#include "wire/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace millrace::wire {
namespace {

constexpr bool is_continuation(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

// Length of a sequence by its first byte, 0 where none starts so.
constexpr std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;  // a continuation, or the lead of an overlong form
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

// The second byte carries what the lead leaves open: overlong forms, surrogates and the upper end of Unicode.
constexpr bool second_fits(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xe0:
      return second >= 0xa0;
    case 0xed:
      return second < 0xa0;
    case 0xf0:
      return second >= 0x90;
    case 0xf4:
      return second < 0x90;
    default:
      return true;
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  while (at != end) {
    if (end - at >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, sizeof(word));
      if ((word & 0x8080'8080'8080'8080ULL) == 0) {
        at += 8;
        continue;
      }
    }
    const std::size_t length = sequence_length(*at);
    if (length == 0 || static_cast<std::size_t>(end - at) < length) return false;
    if (length > 1 && !second_fits(at[0], at[1])) return false;
    if (!std::all_of(at + 1, at + length, is_continuation)) return false;
    at += length;
  }
  return true;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return !is_continuation(static_cast<unsigned char>(byte)); }));
}

std::size_t count_utf16_units(std::string_view text) {
  const auto pairs = std::ranges::count_if(text, [](char byte) { return static_cast<unsigned char>(byte) >= 0xf0; });
  return count_characters(text) + static_cast<std::size_t>(pairs);
}

std::string_view character_at(std::string_view text, std::size_t at) {
  return text.substr(at, std::max<std::size_t>(1, sequence_length(static_cast<unsigned char>(text[at]))));
}

std::string_view cut_to(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && is_continuation(static_cast<unsigned char>(text[bytes])))
    --bytes;
  return text.substr(0, bytes);
}

}  // namespace millrace::wire
