#include <array>
#include <cstdint>

#include "base/base64_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define MILLRACE_AVX2 __attribute__((target("avx2")))

namespace millrace::base::base64_kernels {
namespace {

using Lookup = std::array<std::uint8_t, 16>;

// The alphabet, one range for each high nibble (for 2 there are two characters, '+' and '/').
struct Range {
  int high;         // the high nibble
  int first, last;  // its characters
  int value;        // of the first
};
constexpr std::array<Range, 6> ranges = {
    {{2, '+', '+', 62}, {3, '0', '9', 52}, {4, 'A', 'O', 0}, {5, 'P', 'Z', 15}, {6, 'a', 'o', 26}, {7, 'p', 'z', 41}}};
constexpr std::uint8_t bit_of(int high) {
  return static_cast<std::uint8_t>(1U << (high - 2));
}
constexpr std::uint8_t no_range = 0x80;

// A character does not belong where wrong_low[low nibble] and wrong_high[high nibble] share a bit: each range has a
// bit, set in the low nibbles that it lacks, and high nibbles without a range have one that every low nibble has.
constexpr auto wrong_high = [] {
  Lookup table{};
  table.fill(no_range);
  for (const Range& range : ranges)
    table[static_cast<std::size_t>(range.high)] = bit_of(range.high);
  return table;
}();
constexpr auto wrong_low = [] {
  Lookup table{};
  for (int low = 0; low < 16; ++low) {
    std::uint8_t wrong = no_range;
    for (const Range& range : ranges) {
      const int c = range.high * 16 + low;
      const bool inside = (range.first <= c && c <= range.last) || c == '/';
      if (!inside) wrong |= bit_of(range.high);
    }
    table[static_cast<std::size_t>(low)] = wrong;
  }
  return table;
}();
// What takes a character to its value; '/' needs slash_shift more, since it shares its high nibble with '+'.
constexpr auto value_shift = [] {
  Lookup table{};
  for (const Range& range : ranges) {
    table[static_cast<std::size_t>(range.high)] = static_cast<std::uint8_t>(range.value - range.first);
  }
  return table;
}();
constexpr int slash_shift = (63 - '/') - (62 - '+');

// What takes a value to its character: values up to 51 are at 0 (small letters) or 13 (capitals), the others at
// value - 51.
constexpr std::uint8_t at_capitals = 13;
constexpr auto character_shift = [] {
  Lookup table{};
  table[0] = 'a' - 26;
  for (int value = 52; value <= 61; ++value)
    table[static_cast<std::size_t>(value - 51)] = static_cast<std::uint8_t>('0' - 52);
  table[62 - 51] = static_cast<std::uint8_t>('+' - 62);
  table[63 - 51] = static_cast<std::uint8_t>('/' - 63);
  table[at_capitals] = 'A';
  return table;
}();

MILLRACE_AVX2 inline __m256i both_lanes(const Lookup& table) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
}

// 32 characters to 24 bytes, which lie in the low three quarters; what is wrong is gathered in `wrong`.
MILLRACE_AVX2 inline __m256i decode_32(const char* from, __m256i& wrong) {
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  const __m256i high = _mm256_and_si256(_mm256_srli_epi16(text, 4), nibble);
  const __m256i low = _mm256_and_si256(text, nibble);
  wrong = _mm256_or_si256(wrong, _mm256_and_si256(_mm256_shuffle_epi8(both_lanes(wrong_low), low),
                                                  _mm256_shuffle_epi8(both_lanes(wrong_high), high)));
  const __m256i is_slash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('/'));
  const __m256i shift = _mm256_add_epi8(_mm256_shuffle_epi8(both_lanes(value_shift), high),
                                        _mm256_and_si256(is_slash, _mm256_set1_epi8(slash_shift)));
  const __m256i values = _mm256_add_epi8(text, shift);
  // Two values make 12 bits, two of these make 24, whose three bytes are then put in order and together.
  const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi16(0x0140));
  const __m256i words = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
  const __m256i order =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(words, order), _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
}

// 24 bytes to 32 characters. Reads 28 bytes.
MILLRACE_AVX2 inline __m256i encode_24(const char* from) {
  const __m256i lanes =
      _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))),
                              _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 12)), 1);
  // Bytes b0 b1 b2 become the 16-bit halves b0:b1 and b1:b2, of which multiplications cut four values of 6 bits.
  const __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
  const __m256i halves = _mm256_shuffle_epi8(lanes, order);
  const __m256i even =
      _mm256_mulhi_epu16(_mm256_and_si256(halves, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
  const __m256i odd =
      _mm256_mullo_epi16(_mm256_and_si256(halves, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
  const __m256i values = _mm256_or_si256(even, odd);
  const __m256i is_capital = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
  const __m256i place = _mm256_or_si256(_mm256_subs_epu8(values, _mm256_set1_epi8(51)),
                                        _mm256_and_si256(is_capital, _mm256_set1_epi8(at_capitals)));
  return _mm256_add_epi8(values, _mm256_shuffle_epi8(both_lanes(character_shift), place));
}

}  // namespace

bool have_avx2() {
  return __builtin_cpu_supports("avx2") != 0;
}

MILLRACE_AVX2 void encode_avx2(std::string_view bytes, char* to) {
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 28; left -= 24, p += 24, to += 32) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), encode_24(p));
  }
  encode_table(std::string_view(p, left), to);
}

MILLRACE_AVX2 bool decode_avx2(std::string_view text, char* to) {
  if (text.size() % 4 != 0) return false;
  const char* p = text.data();
  std::size_t left = text.size();
  __m256i wrong = _mm256_setzero_si256();
  // A whole store writes 8 bytes more than it decoded, so it needs 16 further characters whatever their padding.
  for (; left >= 32 + 16; left -= 32, p += 32, to += 24) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), decode_32(p, wrong));
  }
  // The last four characters may be padded and belong to the table.
  if (left >= 32 + 4) {
    const __m256i bytes = decode_32(p, wrong);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(bytes));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + 16), _mm256_extracti128_si256(bytes, 1));
    left -= 32;
    p += 32;
    to += 24;
  }
  return decode_table(std::string_view(p, left), to) && _mm256_testz_si256(wrong, wrong) != 0;
}

}  // namespace millrace::base::base64_kernels

#else

namespace millrace::base::base64_kernels {

bool have_avx2() {
  return false;
}
void encode_avx2(std::string_view bytes, char* to) {
  encode_table(bytes, to);
}
bool decode_avx2(std::string_view text, char* to) {
  return decode_table(text, to);
}

}  // namespace millrace::base::base64_kernels

#endif
