#pragma once

#include <cstddef>
#include <string_view>

namespace millrace::wire {

// Well-formed UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

// Unicode characters, and the UTF-16 units that Java counts, of well-formed text.
std::size_t count_characters(std::string_view text);
std::size_t count_utf16_units(std::string_view text);

// The bytes of the character that starts at `at`, of well-formed text.
std::string_view character_at(std::string_view text, std::size_t at);

// The longest start of well-formed text that has at most `bytes` bytes and ends with a whole character.
std::string_view cut_to(std::string_view text, std::size_t bytes);

}  // namespace millrace::wire
