#include "model/token.h"
#include "model/token_fields.h"

namespace millrace::model {

using Refusal = TokenSealer::Refusal;

std::string seal(const TokenSealer& sealer, const ShardIterator& iterator) {
  std::string plain;
  plain.reserve(64 + iterator.stream_name.size());
  token_fields::put(plain, token_fields::iterator_kind);
  token_fields::put(plain, iterator.stream_uid);
  token_fields::put(plain, iterator.shard);
  token_fields::put(plain, iterator.position);
  token_fields::put(plain, static_cast<std::uint64_t>(iterator.arrival_min_ms));
  token_fields::put(plain, static_cast<std::uint64_t>(iterator.issued_ms));
  plain += iterator.stream_name;
  return sealer.seal(plain);
}

std::expected<ShardIterator, Refusal> open_shard_iterator(const TokenSealer& sealer, std::string_view token) {
  if (token.size() >= 2 && token.front() == '"' && token.back() == '"') token = token.substr(1, token.size() - 2);
  const auto plain = sealer.open(token);
  if (!plain) return std::unexpected(plain.error());
  token_fields::Reader reader(*plain);
  if (reader.take<std::uint8_t>() != token_fields::iterator_kind) return std::unexpected(Refusal::malformed);
  ShardIterator iterator;
  iterator.stream_uid = reader.take<std::uint64_t>();
  iterator.shard = reader.take<ShardNo>();
  iterator.position = reader.take<Position>();
  iterator.arrival_min_ms = static_cast<std::int64_t>(reader.take<std::uint64_t>());
  iterator.issued_ms = static_cast<std::int64_t>(reader.take<std::uint64_t>());
  if (reader.failed()) return std::unexpected(Refusal::malformed);
  iterator.stream_name = reader.rest();
  return iterator;
}

}  // namespace millrace::model
