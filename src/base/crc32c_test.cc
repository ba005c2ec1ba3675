#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace millrace::base {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string ascending(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>(i);
  return text;
}

struct Vector {
  std::string text;
  std::uint32_t crc;
};

// RFC 3720, appendix B.4, and the check value of the polynomial.
std::vector<Vector> vectors() {
  std::string falling = ascending(32);
  for (std::size_t i = 0; i < falling.size(); ++i)
    falling[i] = static_cast<char>(31 - i);
  return {{"", 0},
          {"123456789", 0xe3069283},
          {std::string(32, '\0'), 0x8a9136aa},
          {std::string(32, '\xff'), 0x62a8ab43},
          {ascending(32), 0x46dd794e},
          {falling, 0x113fdb5c}};
}

// Bit by bit, from the definition.
std::uint32_t slow(std::string_view text) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char c : text) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
  }
  return ~crc;
}

TEST(Crc32cTest, KnownVectors) {
  for (const Vector& vector : vectors()) {
    EXPECT_EQ(crc32c(bytes_of(vector.text)), vector.crc);
    EXPECT_EQ(crc32c_kernels::by_table(0, bytes_of(vector.text)), vector.crc);
    if (crc32c_kernels::hardware_available()) {
      EXPECT_EQ(crc32c_kernels::by_hardware(0, bytes_of(vector.text)), vector.crc);
    }
  }
}

TEST(Crc32cTest, EveryKernelAgreesAtEverySizeAndOffset) {
  std::string text(40000, '\0');
  std::uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  std::vector<std::size_t> sizes = {767, 768, 769, 1536, 12287, 12288, 12289, 13056, 24576, 39990};
  for (std::size_t size = 0; size < 40; ++size)
    sizes.push_back(size);
  for (const std::size_t size : sizes) {
    for (std::size_t offset = 0; offset < 9; ++offset) {
      const std::string_view part = std::string_view(text).substr(offset, size);
      const std::uint32_t expected = slow(part);
      EXPECT_EQ(crc32c_kernels::by_table(0, bytes_of(part)), expected) << size << " at " << offset;
      EXPECT_EQ(crc32c(bytes_of(part)), expected) << size << " at " << offset;
    }
  }
}

TEST(Crc32cTest, GoesOnFromAnywhere) {
  const std::string text = ascending(2000);
  const std::uint32_t whole = crc32c(bytes_of(text));
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{777}, std::size_t{1999}, text.size()}) {
    const std::string_view view = text;
    EXPECT_EQ(crc32c(crc32c(bytes_of(view.substr(0, cut))), bytes_of(view.substr(cut))), whole);
  }
}

}  // namespace
}  // namespace millrace::base
