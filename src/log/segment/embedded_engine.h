#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/random.h"
#include "log/engine.h"
#include "log/segment/folder.h"
#include "log/segment/index_store.h"

namespace millrace::log::segment {

// What an answer to a put means: `sync`, the record survives a power cut; `os`, it survives the death of the process.
enum class Durability : std::uint8_t { sync, os };

struct EmbeddedOptions {
  Durability durability = Durability::sync;
  std::uint64_t disk_reserve = std::uint64_t{1} << 30;  // bytes left free; below it appends are answered `full`
  // The index is brought up to the segments after so many bytes of them and so much time: what a start has to read.
  std::uint64_t index_flush_bytes = std::uint64_t{256} << 20;
  std::chrono::milliseconds index_flush_interval = std::chrono::seconds(30);
  // Blocks that may wait for the index; over it appends are answered `full`.
  std::size_t unindexed_blocks_max = 262'144;
  // Each set's first segment after a start has this size, each next one twice the last one's, up to the maximum.
  std::uint64_t segment_bytes_first = std::uint64_t{4} << 20;
  std::uint64_t segment_bytes_max = std::uint64_t{256} << 20;
};

// The threads of an engine: all its blocking work is done on them. Simulated loops make it run in one thread. They
// outlive the engine; stop them before the files, clocks and the budget go.
struct EngineLoops {
  io::Loop* commit = nullptr;      // gives positions, writes and syncs
  io::Loop* sync = nullptr;        // syncs the second set of segments where a commit touched several
  io::Loop* index = nullptr;       // the index, control calls, retention
  std::vector<io::Loop*> readers;  // at least one
};

// The name of a stream by its uid, for what is said of its records; empty where it is not known. Called on any thread
// of the engine.
using StreamNames = std::function<std::string(std::uint64_t stream_uid)>;

struct OpenedEngine {
  std::unique_ptr<Engine> engine;
  std::set<std::uint64_t> damaged_streams{};  // uids of those with records that recovery had to pass over
  // Made by this folder's first life and kept: what the installation's secrets are derived from.
  std::array<std::byte, Folder::key_bytes> installation_key{};
};

// Recovers what the folder holds and serves it. The folder's index is in `index`, which is this engine's alone. An
// error is one sentence. Blocks; the engine itself blocks on its loops only. Destroying it without stop() is what a
// kill is: the next start recovers.
base::Result<OpenedEngine> open_embedded_engine(EmbeddedOptions options, EngineLoops loops, io::FileSystem& files,
                                                Folder folder, std::unique_ptr<IndexStore> index,
                                                base::MemoryBudget& budget, const io::WallClock& wall_clock,
                                                const io::SteadyClock& steady_clock, io::Random& random,
                                                StreamNames names = {});

}  // namespace millrace::log::segment
