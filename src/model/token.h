#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "model/sequence_number.h"

namespace millrace::model {

// Seals and opens opaque tokens (AES-256-GCM) with a key of the installation, so that the broker keeps no state for an
// iterator and a garbled or forged one is told from one of another installation. Layout before base64: magic (2), key
// id (4), salt of the sealing process (8), counter (8), sealed bytes, tag (16). Each process derives its own key from
// the installation's and its salt, so that a counter as nonce is never used twice. Thread-safe.
class TokenSealer {
 public:
  static constexpr std::size_t key_bytes = 32;
  using Key = std::array<std::byte, key_bytes>;
  static constexpr std::size_t salt_bytes = 8;

  enum class Refusal : std::uint8_t {
    malformed,    // no token of ours, or a known key and a failed tag
    unknown_key,  // sealed by another installation, or by a memory engine before its restart
  };

  // `salt` is random, and new whenever a process starts.
  TokenSealer(const Key& key, std::span<const std::byte, salt_bytes> salt);
  ~TokenSealer();

  // base64 text, textually different at every call.
  std::string seal(std::string_view plain) const;
  std::expected<std::string, Refusal> open(std::string_view token) const;

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
  mutable std::atomic<std::uint64_t> counter_{0};
};

// What a shard iterator says. Serialised by shard_iterator.cc: fixed little-endian fields, then the name.
struct ShardIterator {
  std::uint64_t stream_uid = 0;
  std::string stream_name;
  ShardNo shard = 0;
  Position position = 0;            // records from this position on
  std::int64_t arrival_min_ms = 0;  // and of this arrival time or later (AT_TIMESTAMP); 0: any
  std::int64_t issued_ms = 0;

  friend bool operator==(const ShardIterator&, const ShardIterator&) = default;
};
std::string seal(const TokenSealer& sealer, const ShardIterator& iterator);
// Accepts surrounding double quotes, as the service does. Does not look at the age.
std::expected<ShardIterator, TokenSealer::Refusal> open_shard_iterator(const TokenSealer& sealer,
                                                                       std::string_view token);

// What a next token of a listing says: which operation, for what, from where. `kind` keeps tokens of different
// operations apart; a token of the wrong kind is malformed.
enum class TokenKind : std::uint8_t { list_streams = 1, list_shards = 2, list_stream_consumers = 3 };
struct NextToken {
  TokenKind kind = TokenKind::list_streams;
  std::int64_t issued_ms = 0;
  std::string state;  // the operation's own
};
std::string seal(const TokenSealer& sealer, const NextToken& token);
std::expected<NextToken, TokenSealer::Refusal> open_next_token(const TokenSealer& sealer, TokenKind kind,
                                                               std::string_view token);

}  // namespace millrace::model
