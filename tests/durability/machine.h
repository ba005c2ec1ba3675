#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/memory_budget.h"
#include "log/segment/embedded_engine.h"
#include "sim/sim_clock.h"
#include "sim/sim_files.h"
#include "sim/sim_loop.h"
#include "sim/sim_random.h"

namespace millrace::durability {

// What stands between the engine and its disk: nothing, or what breaks a rule on purpose.
struct Seams {
  std::function<std::unique_ptr<io::FileSystem>(io::FileSystem&)> files;
  std::function<std::unique_ptr<log::segment::IndexStore>(std::unique_ptr<log::segment::IndexStore>)> index;
};

// A machine with a disk and a clock, but without threads. Files and index are on one simulated disk, so that a write to
// one and a flush of the other are events of one order.
class Machine {
 public:
  static constexpr const char* data_folder = "/data";

  explicit Machine(const sim::DiskImage& disk = {}, std::int64_t wall_ms = sim::SimClock::start_ms);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  sim::SimFileSystem files;
  std::shared_ptr<log::segment::MemoryIndexDisk> index;
  sim::SimClock clock;
};

// One life of the engine on that machine, from its start to its end, which is a kill unless stop() came before. All in
// the thread of the test; the seed decides which of the engine's loops has its turn.
class Life {
 public:
  Life(Machine& machine, const log::segment::EmbeddedOptions& options, const Seams& seams, std::uint64_t seed);
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;
  ~Life();

  bool is_open() const { return engine_ != nullptr; }
  const base::Error& error() const { return error_; }
  log::Engine& engine() { return *engine_; }
  base::Executor& executor() { return *caller_; }

  // Runs everything that can run. False where that has no end.
  bool run() { return scheduler_.run_until_idle(steps_max); }
  // Moves the clock and runs what is due on the way.
  void advance(std::chrono::milliseconds by);

  // The outcome of a call, run to its end; `internal_failure` where it has none.
  template <class T, class Start>
  base::Result<T> wait(Start start) {
    auto told = std::make_shared<std::optional<base::Result<T>>>();
    start(base::Done<T>([told](base::Result<T> result) { told->emplace(std::move(result)); }));
    run();
    if (!told->has_value()) return base::fail(base::Errc::internal_failure, "the call was never completed");
    return std::move(**told);
  }
  base::Result<void> create(log::LogId id, std::chrono::milliseconds retention);
  base::Result<void> drop(log::LogId id);
  base::Result<void> configure(log::LogId id, std::chrono::milliseconds retention);
  base::Result<std::unique_ptr<log::Writer>> acquire(log::LogId id);
  base::Result<log::Page> read(log::LogId id, log::Position from, std::uint32_t records_max);
  base::Result<log::Position> command(std::string_view text);
  base::Result<void> stop();

 private:
  static constexpr std::size_t steps_max = 1'000'000;

  base::MemoryBudget budget_{64 << 20};
  sim::SimRandom random_;
  sim::SimScheduler scheduler_;
  sim::SimLoop* caller_ = nullptr;
  std::unique_ptr<io::FileSystem> wrapped_;
  base::Error error_;
  std::unique_ptr<log::Engine> engine_;
};

}  // namespace millrace::durability
