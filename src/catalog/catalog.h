#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "catalog/command.h"
#include "catalog/state.h"
#include "io/clock.h"
#include "io/random.h"
#include "log/engine.h"

namespace millrace::catalog {

// What a command that was applied gives back.
struct Outcome {
  std::shared_ptr<const State> state;    // right after it
  std::shared_ptr<const Stream> stream;  // the stream it touched, after it; null once removed
};

// Pure and deterministic: the same commands give the same states on every machine and in every replay. Errors: exists (the
// name is taken), not_found (no such stream, or another uid), guard_failed (with a code-like message: "retention",
// "tags", "status"), limit_exceeded (message "shards" or "on_demand_streams").
base::Result<std::shared_ptr<const State>> apply(const std::shared_ptr<const State>& state, const Command& command,
                                                 model::Position position);

// The catalogue's state machine over an engine's MetaLog. Thread-safe.
class Catalog {
 public:
  // Loads the newest snapshot and replays what follows it. `meta` outlives the catalogue.
  static base::Result<std::unique_ptr<Catalog>> open(log::MetaLog& meta, const io::WallClock& clock, io::Random& random);
  ~Catalog();

  // Writes the command (its id and time are filled in here) and calls back with what it did, in the order of the log. The
  // new state is published before the call-back.
  void propose(decltype(Command::body) body, base::Done<Outcome> done);
  // The current state.
  std::shared_ptr<const State> state() const;
  // Grows with every change; compare before taking state().
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // Called after each published change, on the thread that applied it, in order. Once, before the first propose.
  void on_change(std::function<void(const std::shared_ptr<const State>&)> observer);

 private:
  struct Impl;
  explicit Catalog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace millrace::catalog
