#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "catalog/command.h"
#include "catalog/state.h"

namespace millrace::catalog {

// Why the command would be refused in that state at that time; nothing where it would not. Errors:
// exists      the name is taken (message "consumer": a consumer's)
// not_found   no such stream, or another uid (message "consumer", "shard": no such consumer, no such shard)
// limit_exceeded  "shards", "on_demand_streams", "creating_streams", "stream_shards", "double", "half", "rescales",
//                 "mode_switches", "encryption_changes", "consumers", "creating_consumers"
// guard_failed    "status", "mode", "retention", "tags", "shard_count", "consumers", "consumer_status", "policy",
//                 "distribution", "closed" (the shard), "range" (the split), "adjacent" (the merge), "reshard"
std::optional<base::Error> refusal(const State& state, const CommandBody& body, std::int64_t time_ms);

// What a command did.
struct Applied {
  std::shared_ptr<const State> state;  // after it; of a refused command, too: it was seen
  // The stream it touched, after it; null once removed, and of a command that is about none; or refusal().
  base::Result<std::shared_ptr<const Stream>> outcome;
};

// Pure and deterministic: the same commands give the same states on every machine and in every replay. A command whose
// id was seen before (within History's bounds) is refused with guard_failed, "repeated".
Applied apply(const std::shared_ptr<const State>& state, const Command& command, model::Position position);

// The same on a state that nobody else holds yet, without a copy: for replays.
base::Result<std::shared_ptr<const Stream>> apply_to(State& state, const Command& command, model::Position position);

}  // namespace millrace::catalog
