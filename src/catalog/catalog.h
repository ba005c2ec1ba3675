#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/memory_budget.h"
#include "base/result.h"
#include "catalog/apply.h"
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

struct CatalogOptions {
  // Where the memory of the state counts (share `catalogue`); null: it does not.
  base::MemoryBudget* budget = nullptr;
  MemoryCosts costs{};
  // A snapshot is saved, and the log trimmed, after this many commands: what a start replays at most, give or take
  // those that were written while the snapshot was.
  std::uint32_t commands_per_snapshot = 1'000;
};

// The catalogue's state machine over an engine's MetaLog. Thread-safe.
//
// Threads: commands are applied on whatever thread the log's follower is called on, one at a time and in order. No lock
// is held while a call-back runs, so it may call the catalogue again.
class Catalog {
 public:
  using Observer = std::function<void(const std::shared_ptr<const State>&)>;

  // Commands that wait for their outcome; one more is refused.
  static constexpr std::size_t proposals_max = 4'096;

  // Loads the newest snapshot and replays what follows it. `meta`, the clock, the random source and the budget outlive
  // the catalogue. Errors: bad_config (a newer version wrote it), data_loss (it cannot be read).
  static base::Result<std::unique_ptr<Catalog>> open(log::MetaLog& meta, const io::WallClock& clock, io::Random& random,
                                                     CatalogOptions options = {});
  // Closes it.
  ~Catalog();

  // Answers what still waits, and everything proposed from now on, with `cancelled`; the observer is called no more. No
  // command is being applied on another thread: whoever runs the log has stopped.
  void close();

  // Writes the command (its id and time are filled in here) and calls back with what it did, in the order of the log.
  // The new state is published before the call-back, and the observer has seen it.
  //
  // Errors: those of refusal(); limit_exceeded (message "memory": the catalogue's share of it is full); full
  // (proposals_max wait); those of MetaLog::append. What is refused in the current state is not written at all. Once
  // the log holds a command that cannot be read, everything is refused with that error.
  //
  // Where the log does not know whether the command was written, the answer waits for a barrier of the log: what was
  // written before it is in front of it. If the command has come when the follower has passed the barrier, its outcome
  // is given; if not, or if the barrier fails too, unknown_outcome. It is applied all the same should it come later.
  void propose(CommandBody body, base::Done<Outcome> done);
  // The current state.
  std::shared_ptr<const State> state() const;
  // That of state(). Grows with every command; compare before taking state().
  std::uint64_t version() const;
  // Proposals that wait for their outcome.
  std::size_t proposals() const;
  // Called after each published change, on the thread that applied it, in order. Once, before the first propose.
  void on_change(Observer observer);

 private:
  struct Impl;
  explicit Catalog(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace millrace::catalog
