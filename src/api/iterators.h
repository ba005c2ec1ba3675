#pragma once

#include <string>
#include <string_view>

#include "api/context.h"
#include "base/result.h"
#include "model/token.h"

namespace millrace::api {

// The iterator in a token that is of this installation and not too old. Errors: invalid_argument (garbled or forged),
// expired_iterator (too old, or sealed by another installation: a client then fetches a new one).
base::Result<model::ShardIterator> open_iterator(const Context& context, std::string_view token);

// Seals a next token for a listing, and opens one that is not too old. It is good in the account and region it was
// given in only. Errors: invalid_argument, expired_next_token.
std::string seal_next_token(const Context& context, model::TokenKind kind, std::string_view state);
base::Result<std::string> open_next_token(const Context& context, model::TokenKind kind, std::string_view token);

}  // namespace millrace::api
