#include "app/engines.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "log/memory/memory_engine.h"
#include "log/rocksdb/rocksdb_index.h"
#include "log/segment/embedded_engine.h"
#include "log/segment/folder.h"
#include "shard/tail_cache.h"

namespace millrace::app {
namespace {

using base::MemoryShare;

// Reads from the disk at once. They wait for it more than they compute, and one that waits must not hold up the other.
constexpr std::size_t reading_threads = 2;

// Places are kept in vectors that double as they grow.
constexpr std::size_t unindexed_block_bytes = 2 * sizeof(log::segment::IndexRow);

std::size_t unindexed_max(const base::MemoryBudget& budget) {
  return budget.max(MemoryShare::unindexed) / unindexed_block_bytes;
}

log::segment::EmbeddedOptions embedded_options(const Options& options, const base::MemoryBudget& budget) {
  log::segment::EmbeddedOptions embedded;
  embedded.durability = options.durability;
  embedded.disk_reserve = options.disk_reserve;
  embedded.unindexed_blocks_max = unindexed_max(budget);
  return embedded;
}

}  // namespace

base::Result<std::unique_ptr<EngineHost>> EngineHost::open(const Options& options, base::MemoryBudget& budget,
                                                           const io::WallClock& wall_clock,
                                                           const io::SteadyClock& steady_clock, io::Random& random) {
  std::unique_ptr<EngineHost> host(new EngineHost(budget));
  if (options.engine == memory_engine) {
    host->engine_ = log::make_memory_engine(budget, wall_clock);
    random.fill(host->key_);
    return host;
  }
  if (auto opened = host->open_embedded(options, wall_clock, steady_clock, random); !opened) {
    return base::fail(std::move(opened.error()));
  }
  return host;
}

base::Result<void> EngineHost::open_embedded(const Options& options, const io::WallClock& wall_clock,
                                             const io::SteadyClock& steady_clock, io::Random& random) {
  files_ = io::system_files();
  data_dir_ = options.data_dir;
  auto folder = log::segment::Folder::open(options.data_dir, *files_, random);
  if (!folder) return base::fail(std::move(folder.error()));

  // The database does not tell how much of its share it has taken, and takes it all in time.
  index_memory_ = base::MemoryHold(budget_, MemoryShare::index);
  index_memory_.grow(budget_.max(MemoryShare::index));
  auto index = log::rocksdb::open_rocksdb_index({.folder = options.data_dir + "/index",
                                                 .block_cache_bytes = index_memory_.bytes() / 2,
                                                 .memtable_bytes = index_memory_.bytes() / 2});
  if (!index) return base::fail(std::move(index.error()));

  log::segment::EngineLoops loops;
  loops.commit = start_loop("commit");
  loops.sync = start_loop("sync");
  loops.index = start_loop("index");
  // A page from the disk takes whole milliseconds, for which puts and readers at the tail must not wait.
  for (std::size_t i = 0; i < reading_threads; ++i)
    loops.readers.push_back(start_loop(fmt::format("read-{}", i), io::ThreadPriority::background));
  auto opened = log::segment::open_embedded_engine(
      embedded_options(options, budget_), std::move(loops), *files_, std::move(*folder), std::move(*index), budget_,
      wall_clock, steady_clock, random, [this](std::uint64_t stream_uid) { return name_of(stream_uid); });
  if (!opened) return base::fail(std::move(opened.error()));
  engine_ = std::move(opened->engine);
  key_ = opened->installation_key;
  damaged_streams_ = std::move(opened->damaged_streams);
  return {};
}

io::Loop* EngineHost::start_loop(std::string name, io::ThreadPriority priority) {
  loops_.push_back(io::start_thread_loop(std::move(name), priority));
  return loops_.back().get();
}

std::size_t EngineHost::tail_cache_bytes() const {
  // Blocks of the memory engine are in the share already, and the tails share them.
  return !is_on_disk() ? shard::TailCache::bytes_max_of(budget_) : budget_.max(MemoryShare::log);
}

std::size_t EngineHost::unindexed_blocks_max() const {
  return unindexed_max(budget_);
}

std::uint64_t EngineHost::disk_free_bytes() const {
  return files_->free_bytes(data_dir_).value_or(0);
}

void EngineHost::name_streams(StreamNames names) {
  {
    const base::Lock lock(names_mutex_);
    names_ = std::move(names);
  }
  for (const std::uint64_t uid : std::exchange(damaged_streams_, {})) {
    base::log::error("stored records of a stream are damaged and are passed over",
                     {{"stream", name_of(uid)}, {"stream_uid", fmt::format("{}", uid)}});
  }
}

std::string EngineHost::name_of(std::uint64_t stream_uid) const {
  StreamNames names;
  {
    const base::Lock lock(names_mutex_);
    names = names_;
  }
  return names ? names(stream_uid) : std::string();
}

void EngineHost::end_threads() {
  for (const auto& loop : loops_)
    loop->stop();
}

EngineHost::~EngineHost() {
  end_threads();
}

}  // namespace millrace::app
