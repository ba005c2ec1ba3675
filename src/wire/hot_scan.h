#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>

#include <bit>
#endif

// Searches over the text of strings, many bytes at a time. None reads beyond `end`.
namespace millrace::wire::hot {

// True for a byte that is no plain part of a JSON string in a request: a quote, a backslash, a control character or the
// start of a character beyond ASCII.
constexpr bool is_special(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte >= 0x80 || c == '"' || c == '\\';
}

// True for a byte that a JSON string in an answer must escape.
constexpr bool is_escaped(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// find_special for long texts, with AVX2 where the processor has it.
const char* find_special_far(const char* from, const char* end);

// The first special byte in [from, end), `end` where there is none.
inline const char* find_special(const char* from, const char* end) {
#if defined(__SSE2__)
  if (end - from >= 16) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    // Compared as signed numbers, control characters and bytes from 0x80 on are both below a space.
    const __m128i special =
        _mm_or_si128(_mm_cmplt_epi8(text, _mm_set1_epi8(0x20)),
                     _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')), _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'))));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (found != 0) return from + std::countr_zero(found);
    from += 16;
  }
#endif
  return find_special_far(from, end);
}

// The first byte in [from, end) to be escaped, `end` where there is none.
const char* find_escaped(const char* from, const char* end);

}  // namespace millrace::wire::hot
