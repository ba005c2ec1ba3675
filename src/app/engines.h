#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/options.h"
#include "base/memory_budget.h"
#include "base/mutex.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/random.h"
#include "io/system.h"
#include "log/engine.h"
#include "model/token.h"

namespace millrace::app {

// The engine that the options name, with all that it stands on: its folder and index, its files, and the threads that
// it writes, syncs and reads on.
class EngineHost {
 public:
  // Opens the folder of an engine that has one and recovers what it holds. Errors are sentences for whoever started the
  // broker: a folder that another process holds, of another program, of a newer version, that cannot be written.
  // Blocks. What is given outlives the host.
  static base::Result<std::unique_ptr<EngineHost>> open(const Options& options, base::MemoryBudget& budget,
                                                        const io::WallClock& wall_clock,
                                                        const io::SteadyClock& steady_clock, io::Random& random);
  // Ends the threads; what is in flight on them then is as after a kill. So Engine::stop comes first.
  ~EngineHost();
  EngineHost(const EngineHost&) = delete;
  EngineHost& operator=(const EngineHost&) = delete;

  log::Engine& engine() const { return *engine_; }
  bool is_on_disk() const { return files_ != nullptr; }
  // Of the folder, so that iterators outlive the process; where there is none, of this process.
  const model::TokenSealer::Key& installation_key() const { return key_; }
  // What the tail cache may hold of the log's share of the memory.
  std::size_t tail_cache_bytes() const;
  // Of an engine on disk: blocks that may wait for its index, and what is free where its folder is (0: not known).
  std::size_t unindexed_blocks_max() const;
  std::uint64_t disk_free_bytes() const;
  // Says how streams are called, so that what is said of their records names them: of those whose records the start
  // had to pass over, now, and from then on of every other. What `names` uses outlives end_threads().
  using StreamNames = std::function<std::string(std::uint64_t stream_uid)>;
  void name_streams(StreamNames names);
  // Ends the threads. The engine was stopped; it answers nothing any more.
  void end_threads();

 private:
  explicit EngineHost(base::MemoryBudget& budget) : budget_(budget) {}
  base::Result<void> open_embedded(const Options& options, const io::WallClock& wall_clock,
                                   const io::SteadyClock& steady_clock, io::Random& random);
  io::Loop* start_loop(std::string name, io::ThreadPriority priority = io::ThreadPriority::normal);
  std::string name_of(std::uint64_t stream_uid) const;

  mutable base::Mutex names_mutex_;
  StreamNames names_ MILLRACE_GUARDED_BY(names_mutex_);
  std::set<std::uint64_t> damaged_streams_;

  // In the order of their making; each outlives those after it.
  base::MemoryBudget& budget_;
  std::unique_ptr<io::FileSystem> files_;
  std::string data_dir_;
  base::MemoryHold index_memory_;
  std::vector<std::unique_ptr<io::ThreadLoop>> loops_;
  std::unique_ptr<log::Engine> engine_;
  model::TokenSealer::Key key_{};
};

}  // namespace millrace::app
