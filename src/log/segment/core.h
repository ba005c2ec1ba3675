#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "log/segment/embedded_engine.h"
#include "log/segment/folder.h"
#include "log/segment/log_state.h"
#include "log/segment/segment_set.h"
#include "log/segment/usage_table.h"

namespace millrace::log::segment {

// Values the engine keeps in the index by name; see docs/formats/index.md.
inline constexpr const char* clean_value = "clean";              // there after a clean stop alone
inline constexpr const char* incarnation_value = "incarnation";  // positions begin at it times 2^32
inline constexpr const char* durability_value = "durability";    // of the life that is running or ran last
inline constexpr const char* generation_value = "generation";    // segments of later lives have this one or a higher
inline constexpr unsigned incarnation_shift = 32;
// More segments than are begun between two batches of the index.
inline constexpr std::uint64_t generations_ahead = std::uint64_t{1} << 24;

// What the parts of one engine share. Kept by every task in flight, so it lives until the last of them is gone.
struct Core {
  Core(const EmbeddedOptions& o, EngineLoops l, io::FileSystem& f, std::unique_ptr<IndexStore> i, base::MemoryBudget& b,
       const io::WallClock& w, const io::SteadyClock& s, Folder&& d, std::uint64_t first_generation)
      : options(o),
        loops(std::move(l)),
        files(f),
        budget(b),
        wall_clock(w),
        steady_clock(s),
        folder(std::move(d)),
        index(std::move(i)),
        numbering(first_generation) {}

  const EmbeddedOptions options;
  const EngineLoops loops;
  io::FileSystem& files;
  base::MemoryBudget& budget;
  const io::WallClock& wall_clock;
  const io::SteadyClock& steady_clock;
  StreamNames names;  // set before the engine serves
  Folder folder;
  const std::unique_ptr<IndexStore> index;
  Numbering numbering;
  std::array<std::unique_ptr<SegmentSet>, segment_class_count> sets;
  LogMap logs;
  UsageTable usages;  // of recovery, then of the index loop alone

  std::uint64_t last_run = 0;     // given out; of the thread that commits
  std::uint64_t incarnation = 0;  // set before the first append
  Position first_position() const { return incarnation << incarnation_shift; }

  std::atomic<bool> stopped{false};
  std::atomic<std::size_t> unindexed_blocks{0};
  std::atomic<std::size_t> new_blocks{0};   // since the indexer took its last picture
  std::atomic<std::uint64_t> new_bytes{0};  // of segments, since then
  std::atomic<std::uint64_t> records{0};
  std::atomic<std::uint64_t> commits{0};

  SegmentSet& set_of(std::chrono::milliseconds retention) { return *sets[std::size_t(class_of(retention))]; }
  // The segment of a row, in whichever set; null where it is gone.
  std::shared_ptr<SegmentFile> find_segment(std::uint64_t number, std::uint64_t generation) const {
    for (const auto& set : sets) {
      if (auto file = set->find(number, generation)) return file;
    }
    return nullptr;
  }

  // The engine has failed for good: nobody knows what reached the disk. The first reason stays.
  void fail(const base::Error& why) {
    {
      const base::Lock lock(health_mutex_);
      if (health_.state == Health::State::failed) return;
      health_ = {Health::State::failed, base::describe(why)};
    }
    failed_.store(true, std::memory_order_release);
    base::log::error("the storage engine has failed and takes no more writes; a restart opens it again",
                     {{"why", base::describe(why)}});
  }
  bool has_failed() const { return failed_.load(std::memory_order_acquire); }
  // Appends are throttled for want of space. Said by the commit loop when it looks.
  void set_disk_full(bool is_full) { disk_full_.store(is_full, std::memory_order_relaxed); }
  // Looks again where it was full, since nobody may be writing any more.
  Health health() const {
    {
      const base::Lock lock(health_mutex_);
      if (health_.state == Health::State::failed) return health_;
    }
    if (disk_full_.load(std::memory_order_relaxed)) {
      const auto free = files.free_bytes(folder.path());
      if (!free || *free < options.disk_reserve) {
        return {Health::State::read_only, "the disk is full up to its reserve"};
      }
    }
    return {};
  }

 private:
  mutable base::Mutex health_mutex_;
  Health health_ MILLRACE_GUARDED_BY(health_mutex_);
  std::atomic<bool> failed_{false};
  std::atomic<bool> disk_full_{false};
};

inline std::unexpected<base::Error> engine_failed() {
  return base::fail(base::Errc::unknown_outcome, "the engine has failed");
}
inline std::unexpected<base::Error> engine_stopped() {
  return base::fail(base::Errc::closed, "the engine has stopped");
}

}  // namespace millrace::log::segment
