#include "base/md5.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <random>
#include <string>
#include <vector>

#include "base/md5_lanes.h"

namespace millrace::base {
namespace {

// The same by OpenSSL, which this one must equal.
u128 reference(std::string_view bytes) {
  unsigned char digest[16] = {};
  unsigned int size = 0;
  EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr), 1);
  EXPECT_EQ(size, 16U);
  u128 value = 0;
  for (const unsigned char byte : digest)
    value = value << 8 | byte;
  return value;
}

std::string random_bytes(std::mt19937_64& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes)
    c = static_cast<char>(random());
  return bytes;
}

TEST(Md5, KnownDigests) {
  EXPECT_EQ(md5(""), make_u128(0xd41d8cd98f00b204ULL, 0xe9800998ecf8427eULL));
  EXPECT_EQ(md5("a"), make_u128(0x0cc175b9c0f1b6a8ULL, 0x31c399e269772661ULL));
  EXPECT_EQ(md5("user-1"), make_u128(0xd6d7705392bc7af6ULL, 0x33328bea8c4c6904ULL));
  EXPECT_EQ(md5("日本"), make_u128(0x4dbed2e657457884ULL, 0xe67137d3514119b3ULL));
}

TEST(Md5, EqualsOpenSslAtEveryLength) {
  std::mt19937_64 random(20261124);
  for (std::size_t length = 0; length <= 300; ++length) {
    const std::string bytes = random_bytes(random, length);
    EXPECT_EQ(md5(bytes), reference(bytes)) << length;
  }
}

TEST(Md5Many, EqualsOpenSslForEveryLengthAndNumberOfKeys) {
  std::mt19937_64 random(20261125);
  for (std::size_t count = 0; count <= 70; ++count) {
    for (const std::size_t longest : {std::size_t{0}, std::size_t{55}, std::size_t{300}}) {
      // Blocks of their exact size, so that the address sanitizer sees a byte read too many.
      std::vector<std::vector<char>> bytes;
      std::vector<std::string_view> keys;
      for (std::size_t i = 0; i < count; ++i) {
        const std::string key = random_bytes(random, random() % (longest + 1));
        bytes.emplace_back(key.begin(), key.end());
      }
      for (const std::vector<char>& key : bytes)
        keys.emplace_back(key.data(), key.size());
      std::vector<u128> hashes(count);
      md5_many(keys, hashes);
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_EQ(hashes[i], reference(keys[i])) << i << " of " << count << ", length " << keys[i].size();
      }
    }
  }
}

TEST(Md5Many, EveryLengthInEveryLane) {
  if (!md5_lanes::available()) GTEST_SKIP() << "this processor has no AVX2; the plain form is tested above";
  std::mt19937_64 random(20261126);
  for (std::size_t length = 0; length <= md5_lanes::key_bytes_max; ++length) {
    std::array<std::string, md5_lanes::count> bytes;
    std::array<std::string_view, md5_lanes::count> keys;
    std::array<const std::string_view*, md5_lanes::count> pointers{};
    for (std::size_t i = 0; i < keys.size(); ++i) {
      bytes[i] = random_bytes(random, (length + i) % (md5_lanes::key_bytes_max + 1));
      keys[i] = bytes[i];
      pointers[i] = &keys[i];
    }
    std::array<u128, md5_lanes::count> hashes{};
    md5_lanes::hash(pointers, hashes);
    for (std::size_t i = 0; i < keys.size(); ++i)
      EXPECT_EQ(hashes[i], reference(keys[i])) << i;
  }
}

}  // namespace
}  // namespace millrace::base
