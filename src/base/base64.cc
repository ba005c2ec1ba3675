#include "base/base64.h"

#include <array>
#include <cstdint>

#include "base/base64_kernels.h"

namespace millrace::base {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t not_in_alphabet = 0xff;

constexpr auto values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(not_in_alphabet);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

std::uint32_t byte_at(const char* p) {
  return static_cast<unsigned char>(*p);
}
std::uint32_t value_of(char c) {
  return values[static_cast<unsigned char>(c)];
}

std::size_t padding_of(std::string_view text) {
  if (text.size() < 4 || !text.ends_with('=')) return 0;
  return text.ends_with("==") ? 2 : 1;
}

// The last four characters, which end in one or two '='.
bool decode_padded(std::string_view last, std::size_t padding, char* to) {
  const std::uint32_t a = value_of(last[0]);
  const std::uint32_t b = value_of(last[1]);
  const std::uint32_t c = padding == 2 ? 0 : value_of(last[2]);
  if ((a | b | c) > 63) return false;
  const std::uint32_t word = a << 18 | b << 12 | c << 6;
  const std::uint32_t stray = padding == 2 ? 0xffffU : 0xffU;
  if ((word & stray) != 0) return false;
  to[0] = static_cast<char>(word >> 16);
  if (padding == 1) to[1] = static_cast<char>(word >> 8);
  return true;
}

}  // namespace

namespace base64_kernels {

void encode_table(std::string_view bytes, char* to) {
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, p += 3, to += 4) {
    const std::uint32_t word = byte_at(p) << 16 | byte_at(p + 1) << 8 | byte_at(p + 2);
    to[0] = alphabet[word >> 18];
    to[1] = alphabet[word >> 12 & 63];
    to[2] = alphabet[word >> 6 & 63];
    to[3] = alphabet[word & 63];
  }
  if (left == 0) return;
  const std::uint32_t word = byte_at(p) << 16 | (left == 2 ? byte_at(p + 1) << 8 : 0);
  to[0] = alphabet[word >> 18];
  to[1] = alphabet[word >> 12 & 63];
  to[2] = left == 2 ? alphabet[word >> 6 & 63] : '=';
  to[3] = '=';
}

bool decode_table(std::string_view text, char* to) {
  if (text.size() % 4 != 0) return false;
  const std::size_t padding = padding_of(text);
  std::size_t whole = text.size() / 4 - (padding != 0 ? 1 : 0);
  const char* p = text.data();
  std::uint32_t bad = 0;
  for (; whole != 0; --whole, p += 4, to += 3) {
    const std::uint32_t a = value_of(p[0]);
    const std::uint32_t b = value_of(p[1]);
    const std::uint32_t c = value_of(p[2]);
    const std::uint32_t d = value_of(p[3]);
    bad |= a | b | c | d;
    const std::uint32_t word = a << 18 | b << 12 | c << 6 | d;
    to[0] = static_cast<char>(word >> 16);
    to[1] = static_cast<char>(word >> 8);
    to[2] = static_cast<char>(word);
  }
  if (bad > 63) return false;
  return padding == 0 || decode_padded(std::string_view(p, 4), padding, to);
}

}  // namespace base64_kernels

std::size_t base64_decoded_size(std::string_view text) {
  return text.size() / 4 * 3 - padding_of(text);
}

void base64_encode(std::string_view bytes, char* to) {
  if (base64_kernels::have_avx2()) {
    base64_kernels::encode_avx2(bytes, to);
  } else {
    base64_kernels::encode_table(bytes, to);
  }
}

bool base64_decode(std::string_view text, char* to) {
  return base64_kernels::have_avx2() ? base64_kernels::decode_avx2(text, to) : base64_kernels::decode_table(text, to);
}

std::string base64_encode(std::string_view bytes) {
  std::string text;
  // Of libstdc++ 12 the function is given the capacity, not the size that was asked for.
  const std::size_t size = base64_encoded_size(bytes.size());
  text.resize_and_overwrite(size, [bytes, size](char* to, std::size_t) {
    base64_encode(bytes, to);
    return size;
  });
  return text;
}

}  // namespace millrace::base
