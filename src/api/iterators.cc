#include "api/iterators.h"

#include <utility>

#include "model/limits.h"
#include "wire/sentences.h"

namespace millrace::api {

using base::Errc;
using Refusal = model::TokenSealer::Refusal;

base::Result<model::ShardIterator> open_iterator(const Context& context, std::string_view token) {
  auto iterator = model::open_shard_iterator(context.sealer, token);
  if (!iterator) {
    if (iterator.error() == Refusal::malformed) return base::fail(wire::invalid_shard_iterator());
    return base::fail(Errc::expired_iterator,
                      "Iterator expired. The iterator was created by another installation or before a restart.");
  }
  const std::int64_t now_ms = context.clock.now_ms();
  if (now_ms - iterator->issued_ms > model::limits::iterator_life_ms) {
    return base::fail(wire::iterator_expired(iterator->issued_ms, now_ms));
  }
  return std::move(*iterator);
}

namespace {

// What a token's state begins with; neither holds a '/'.
std::string place_text(const Context& context) {
  return context.identity.account + "/" + context.identity.region + "/";
}

}  // namespace

std::string seal_next_token(const Context& context, model::TokenKind kind, std::string_view state) {
  return model::seal(context.sealer, model::NextToken{kind, context.clock.now_ms(), place_text(context).append(state)});
}

base::Result<std::string> open_next_token(const Context& context, model::TokenKind kind, std::string_view token) {
  auto opened = model::open_next_token(context.sealer, kind, token);
  if (!opened) {
    if (opened.error() == Refusal::malformed) return base::fail(wire::invalid_next_token());
    return base::fail(Errc::expired_next_token,
                      "The NextToken was issued by another installation or before a restart.");
  }
  const std::int64_t now_ms = context.clock.now_ms();
  if (now_ms - opened->issued_ms > model::limits::next_token_life_ms) {
    return base::fail(wire::next_token_expired(opened->issued_ms, now_ms));
  }
  const std::string place = place_text(context);
  if (!opened->state.starts_with(place)) return base::fail(wire::invalid_next_token());
  return opened->state.substr(place.size());
}

}  // namespace millrace::api
