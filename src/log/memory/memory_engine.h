#pragma once

#include <memory>

#include "base/memory_budget.h"
#include "io/clock.h"
#include "log/engine.h"

namespace millrace::log {

// An engine that keeps nothing: for tests and throw-away containers. Its logs live in the log share of the memory; when
// that is full the oldest block over all logs goes, which counts as expiry, with a counter and a log line that names
// the option. Every call is done before it returns.
//
// Threads: any, at once. `budget` and `clock` outlive it.
std::unique_ptr<Engine> make_memory_engine(base::MemoryBudget& budget, const io::WallClock& clock);

}  // namespace millrace::log
