#include "model/token.h"
#include "model/token_fields.h"

namespace millrace::model {

using Refusal = TokenSealer::Refusal;

std::string seal(const TokenSealer& sealer, const NextToken& token) {
  std::string plain;
  token_fields::put(plain, static_cast<std::uint8_t>(token.kind));
  token_fields::put(plain, static_cast<std::uint64_t>(token.issued_ms));
  plain += token.state;
  return sealer.seal(plain);
}

std::expected<NextToken, Refusal> open_next_token(const TokenSealer& sealer, TokenKind kind, std::string_view token) {
  const auto plain = sealer.open(token);
  if (!plain) return std::unexpected(plain.error());
  token_fields::Reader reader(*plain);
  if (reader.take<std::uint8_t>() != static_cast<std::uint8_t>(kind)) return std::unexpected(Refusal::malformed);
  NextToken opened{.kind = kind, .state = {}};
  opened.issued_ms = static_cast<std::int64_t>(reader.take<std::uint64_t>());
  if (reader.failed()) return std::unexpected(Refusal::malformed);
  opened.state = reader.rest();
  return opened;
}

}  // namespace millrace::model
