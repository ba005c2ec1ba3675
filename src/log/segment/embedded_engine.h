#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/random.h"
#include "log/engine.h"
#include "log/segment/index_store.h"

namespace millrace::log::segment {

// What an answer to a put means: `sync`, the record survives a power cut; `os`, it survives the death of the process.
enum class Durability : std::uint8_t { sync, os };

struct EmbeddedOptions {
  std::string data_dir;
  Durability durability = Durability::sync;
  std::uint64_t disk_reserve = std::uint64_t{1} << 30;  // bytes left free; below it appends are answered `full`
  // The index is brought up to the segments after so many bytes of them and so much time: what a start has to read.
  std::uint64_t index_flush_bytes = std::uint64_t{256} << 20;
  std::chrono::milliseconds index_flush_interval = std::chrono::seconds(30);
  // Blocks that may wait for the index; over it appends are answered `full`.
  std::size_t unindexed_blocks_max = 262'144;
};

// The threads of an engine: all its blocking work is done on them. Simulated loops make it run in one thread. They
// outlive the engine; stop them before the files, clocks and the budget go.
struct EngineLoops {
  io::Loop* commit = nullptr;      // gives positions, writes and syncs
  io::Loop* index = nullptr;       // the index, control calls, retention
  std::vector<io::Loop*> readers;  // at least one
};

// Opens the data folder, recovers what it holds, and serves it. `bad_config`, `exists`, `data_loss` or the system's
// error, in one sentence, where it cannot. Blocks; the rest of the engine blocks on its loops only. Destroying the
// engine without stop() is what a kill is: the next start recovers.
base::Result<std::unique_ptr<Engine>> open_embedded_engine(EmbeddedOptions options, EngineLoops loops,
                                                           io::FileSystem& files, std::unique_ptr<IndexStore> index,
                                                           base::MemoryBudget& budget, const io::WallClock& wall_clock,
                                                           const io::SteadyClock& steady_clock, io::Random& random);

}  // namespace millrace::log::segment
