#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::base {

// Standard base64 (RFC 4648, '+' and '/', padded). The AVX2 form is chosen at run time where the processor has it.

constexpr std::size_t base64_encoded_size(std::size_t bytes) {
  return (bytes + 2) / 3 * 4;
}
// From length and padding alone; of text that is not well-formed some number that decoding does not write beyond.
std::size_t base64_decoded_size(std::string_view text);

// Writes exactly base64_encoded_size(bytes.size()) characters.
void base64_encode(std::string_view bytes, char* to);
// Writes exactly base64_decoded_size(text) bytes and never beyond them. False where the text is not strictly valid:
// wrong length, a character that does not belong, padding in the middle, stray low bits before the padding.
bool base64_decode(std::string_view text, char* to);

std::string base64_encode(std::string_view bytes);

}  // namespace millrace::base
