#include "model/token.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/base64.h"
#include "model/limits.h"

namespace millrace::model {
namespace {

using Refusal = TokenSealer::Refusal;

TokenSealer::Key key_of(int seed) {
  TokenSealer::Key key;
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = static_cast<std::byte>(static_cast<int>(i) * 7 + seed);
  return key;
}

std::array<std::byte, TokenSealer::salt_bytes> salt_of(int seed) {
  std::array<std::byte, TokenSealer::salt_bytes> salt;
  for (std::size_t i = 0; i < salt.size(); ++i)
    salt[i] = static_cast<std::byte>(static_cast<int>(i) + seed);
  return salt;
}

ShardIterator example() {
  return {.stream_uid = 0x0123'4567'89ab'cdefULL,
          .stream_name = "orders",
          .shard = 0xfedc'ba98U,
          .position = position_end,
          .arrival_min_ms = 1'768'469'400'123,
          .issued_ms = 1'768'469'400'124};
}

TEST(Token, WhatIsSealedOpens) {
  const TokenSealer sealer(key_of(1), salt_of(1));
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 100U, 5'000U}) {
    const std::string plain(size, 'p');
    EXPECT_EQ(sealer.open(sealer.seal(plain)), plain);
  }
  const ShardIterator iterator = example();
  EXPECT_EQ(open_shard_iterator(sealer, seal(sealer, iterator)), iterator);
}

TEST(Token, TextDiffersAtEveryCallAndHidesItsContent) {
  const TokenSealer sealer(key_of(1), salt_of(1));
  std::set<std::string> texts;
  for (int i = 0; i < 1'000; ++i)
    EXPECT_TRUE(texts.insert(seal(sealer, example())).second);
  std::string bytes(base::base64_decoded_size(*texts.begin()), '\0');
  ASSERT_TRUE(base::base64_decode(*texts.begin(), bytes.data()));
  EXPECT_EQ(bytes.find("orders"), std::string::npos);
}

TEST(Token, OfAnotherProcessOfTheInstallationOpens) {
  const TokenSealer before(key_of(1), salt_of(1));
  const TokenSealer after(key_of(1), salt_of(2));
  EXPECT_EQ(open_shard_iterator(after, seal(before, example())), example());
  EXPECT_NE(seal(before, example()), seal(after, example()));
}

TEST(Token, OfAnotherInstallationIsUnknown) {
  const TokenSealer here(key_of(1), salt_of(1));
  const TokenSealer there(key_of(2), salt_of(1));
  EXPECT_EQ(open_shard_iterator(here, seal(there, example())), std::unexpected(Refusal::unknown_key));
}

TEST(Token, EveryFlippedBitIsRefused) {
  const TokenSealer sealer(key_of(1), salt_of(1));
  const std::string token = seal(sealer, example());
  std::string bytes(base::base64_decoded_size(token), '\0');
  ASSERT_TRUE(base::base64_decode(token, bytes.data()));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string forged = bytes;
    forged[bit / 8] = static_cast<char>(forged[bit / 8] ^ (1 << bit % 8));
    const auto opened = open_shard_iterator(sealer, base::base64_encode(forged));
    // Bytes 2 to 5 are the key's id: with another one it looks like a token of another installation.
    const bool is_key_id = bit / 8 >= 2 && bit / 8 < 6;
    EXPECT_EQ(opened, std::unexpected(is_key_id ? Refusal::unknown_key : Refusal::malformed)) << bit;
  }
}

TEST(Token, EveryChangedCharacterIsRefused) {
  const TokenSealer sealer(key_of(1), salt_of(1));
  const std::string token = seal(sealer, example());
  for (std::size_t at = 0; at < token.size(); ++at) {
    for (const char c : {'A', 'B', 'z', '9', '/', '=', '-', ' ', '"', '\0'}) {
      if (token[at] == c) continue;
      std::string forged = token;
      forged[at] = c;
      EXPECT_FALSE(open_shard_iterator(sealer, forged)) << at << ' ' << c;
    }
  }
}

TEST(Token, CutAndLengthenedTextIsRefused) {
  const TokenSealer sealer(key_of(1), salt_of(1));
  const std::string token = seal(sealer, example());
  for (std::size_t size = 0; size < token.size(); ++size) {
    EXPECT_EQ(open_shard_iterator(sealer, std::string_view(token).substr(0, size)),
              std::unexpected(Refusal::malformed));
  }
  for (const char* more : {"A", "AAAA", "==", "====", " ", "\n"})
    EXPECT_FALSE(open_shard_iterator(sealer, token + more));
  EXPECT_FALSE(open_shard_iterator(sealer, token + token));
}

TEST(Token, IsNotWhatAClientMakesUp) {
  const TokenSealer sealer(key_of(1), salt_of(1));
  for (const std::string_view text :
       {"", "a", "AAAA", "iterator",
        "AAAAAAAAAAHSywljv0zEgPX4NyKdZ5wryMzP9yALs8NeKbUjp1IxtZs1Sp+KEd9I6AJ9ZG4lNR1EMi+9Md"}) {
    EXPECT_EQ(open_shard_iterator(sealer, text), std::unexpected(Refusal::malformed)) << text;
  }
}

TEST(Token, OfTheLongestNameFitsTheShape) {
  const TokenSealer sealer(key_of(1), salt_of(1));
  ShardIterator iterator = example();
  iterator.stream_name.assign(limits::stream_name_chars_max, 'n');
  const std::string token = seal(sealer, iterator);
  EXPECT_LE(token.size(), limits::iterator_chars_max - 2) << "two more for the quotes that some clients add";
  EXPECT_EQ(open_shard_iterator(sealer, token), iterator);
}

TEST(Token, SurroundingQuotesAreAccepted) {
  const TokenSealer sealer(key_of(1), salt_of(1));
  const std::string token = seal(sealer, example());
  EXPECT_EQ(open_shard_iterator(sealer, '"' + token + '"'), example());
  EXPECT_FALSE(open_shard_iterator(sealer, '"' + token));
  EXPECT_FALSE(open_shard_iterator(sealer, token + '"'));
  EXPECT_FALSE(open_shard_iterator(sealer, "\"\"" + token + "\"\""));
  EXPECT_FALSE(open_shard_iterator(sealer, "\""));
}

TEST(Token, KindsAreKeptApart) {
  const TokenSealer sealer(key_of(1), salt_of(1));
  const NextToken token{
      .kind = TokenKind::list_shards, .issued_ms = 1'768'469'400'123, .state = std::string("a\0b", 3)};
  const std::string text = seal(sealer, token);
  const auto opened = open_next_token(sealer, TokenKind::list_shards, text);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->kind, token.kind);
  EXPECT_EQ(opened->issued_ms, token.issued_ms);
  EXPECT_EQ(opened->state, token.state);
  const auto refused = [](const auto& result) { return !result && result.error() == Refusal::malformed; };
  EXPECT_TRUE(refused(open_next_token(sealer, TokenKind::list_streams, text)));
  EXPECT_TRUE(refused(open_shard_iterator(sealer, text)));
  EXPECT_TRUE(refused(open_next_token(sealer, TokenKind::list_shards, seal(sealer, example()))));
  EXPECT_TRUE(refused(open_next_token(sealer, TokenKind::list_shards, sealer.seal("\x02short"))));
  EXPECT_TRUE(refused(open_shard_iterator(sealer, sealer.seal(""))));
}

}  // namespace
}  // namespace millrace::model
