#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "catalog/command.h"
#include "catalog/state.h"

namespace millrace::catalog {

// Why the command would be refused in that state; nothing where it would not. Errors: exists (the name is taken),
// not_found (no such stream, or another uid), guard_failed (with a code-like message: "status", "retention", "tags",
// "shard_count"), limit_exceeded (message "shards" or "on_demand_streams").
std::optional<base::Error> refusal(const State& state, const CommandBody& body);

// What a command did.
struct Applied {
  std::shared_ptr<const State> state;  // after it; of a refused command, too: it was seen
  base::Result<std::shared_ptr<const Stream>>
      outcome;  // the stream it touched, after it; null once removed; or refusal()
};

// Pure and deterministic: the same commands give the same states on every machine and in every replay. A command whose
// id was seen before (within History's bounds) is refused with guard_failed, "repeated".
Applied apply(const std::shared_ptr<const State>& state, const Command& command, model::Position position);

// The same on a state that nobody else holds yet, without a copy: for replays.
base::Result<std::shared_ptr<const Stream>> apply_to(State& state, const Command& command, model::Position position);

}  // namespace millrace::catalog
