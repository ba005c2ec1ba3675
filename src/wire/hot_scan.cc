#include "wire/hot_scan.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <bit>
#include <cstdint>
#endif

namespace millrace::wire::hot {
namespace {

const char* find_special_plain(const char* from, const char* end) {
  while (from != end && !is_special(*from))
    ++from;
  return from;
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) inline __m256i special_avx2(const char* from) {
  const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm256_or_si256(
      _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), text),
      _mm256_or_si256(_mm256_cmpeq_epi8(text, _mm256_set1_epi8('"')), _mm256_cmpeq_epi8(text, _mm256_set1_epi8('\\'))));
}

__attribute__((target("avx2"))) inline std::uint64_t mask_of(__m256i bytes) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
}

__attribute__((target("avx2"))) const char* find_special_avx2(const char* from, const char* end) {
  for (; end - from >= 64; from += 64) {
    const __m256i low = special_avx2(from);
    const __m256i high = special_avx2(from + 32);
    if (_mm256_testz_si256(_mm256_or_si256(low, high), _mm256_or_si256(low, high)) != 0) continue;
    return from + std::countr_zero(mask_of(low) | mask_of(high) << 32);
  }
  if (end - from >= 32) {
    const std::uint64_t found = mask_of(special_avx2(from));
    if (found != 0) return from + std::countr_zero(found);
    from += 32;
  }
  return find_special_plain(from, end);
}

#endif

}  // namespace

const char* find_special_far(const char* from, const char* end) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) return find_special_avx2(from, end);
#endif
  return find_special_plain(from, end);
}

const char* find_escaped(const char* from, const char* end) {
#if defined(__SSE2__)
  for (; end - from >= 16; from += 16) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1f)), text);
    const __m128i escaped = _mm_or_si128(
        control, _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('"')), _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'))));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(escaped));
    if (found != 0) return from + std::countr_zero(found);
  }
#endif
  while (from != end && !is_escaped(*from))
    ++from;
  return from;
}

}  // namespace millrace::wire::hot
