#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace millrace::base {

// What the memory of --memory-max is divided among. A row of memory_shares says how much each may hold and what happens
// when it is full.
enum class MemoryShare : std::uint8_t {
  log,           // the memory engine's records and the tail cache: a block counts once wherever it is held
  append_queue,  // blocks that wait in shard actors for their commit
  bodies,        // request bodies over small_body_max that are being received or handled
  small_bodies,  // the rest of the bodies, so that large ones cannot starve small requests
  answers,       // answers that are being written
  connections,   // heads and buffers of connections
  catalogue,     // streams, shards, tags
  unindexed,     // places of blocks on the disk that the index has not taken yet
  index,         // caches and tables of the index's database, which has its share as a whole
};
inline constexpr std::size_t memory_share_count = 9;

struct MemoryShareRow {
  MemoryShare share;
  std::string_view name;
  unsigned percent;            // of --memory-max
  std::string_view when_full;  // for the documentation and the metrics' help text
};

inline constexpr std::array<MemoryShareRow, memory_share_count> memory_shares = {{
    {MemoryShare::log, "log", 50,
     "the memory engine drops its oldest records; the tail cache forgets its oldest blocks"},
    {MemoryShare::append_queue, "append_queue", 10, "puts are throttled"},
    {MemoryShare::bodies, "bodies", 15, "sockets are not read; the longest stalled body is cut after a moment"},
    {MemoryShare::small_bodies, "small_bodies", 3,
     "sockets are not read; the longest stalled body is cut after a moment"},
    {MemoryShare::answers, "answers", 10, "GetRecords is throttled"},
    {MemoryShare::connections, "connections", 5, "the connection is closed"},
    {MemoryShare::catalogue, "catalogue", 2, "control calls are refused with LimitExceededException"},
    {MemoryShare::unindexed, "unindexed", 2, "puts are throttled until the index has caught up"},
    {MemoryShare::index, "index", 3, "the index writes to the disk sooner and reads from it more often"},
}};

// Counts what is held against what may be held, by share. Thread-safe and lock-free. Lives as long as the broker.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t bytes_max);

  std::size_t bytes_max() const { return bytes_max_; }
  std::size_t max(MemoryShare share) const { return shares_[index(share)].max; }
  std::size_t used(MemoryShare share) const { return shares_[index(share)].used.load(std::memory_order_relaxed); }
  bool is_full(MemoryShare share) const { return used(share) >= max(share); }

  // Takes `bytes` where they fit; false where they do not, and then nothing is taken.
  bool try_take(MemoryShare share, std::size_t bytes);
  // Takes them even where the share is over its maximum thereby: for what must be held and is brought down afterwards.
  void take(MemoryShare share, std::size_t bytes);
  void give_back(MemoryShare share, std::size_t bytes);

  // Says that memory of long life was freed, such as records. The C library keeps it for the thread it came from, whose
  // turn may never come again; once this part of bytes_max was freed, what it keeps goes back to the system.
  void on_freed(std::size_t bytes);
  static constexpr std::size_t freed_parts = 32;

 private:
  static constexpr std::size_t index(MemoryShare share) { return static_cast<std::size_t>(share); }

  struct alignas(64) Counter {
    std::size_t max = 0;
    std::atomic<std::size_t> used{0};
  };
  std::size_t bytes_max_;
  std::atomic<std::size_t> freed_{0};  // since memory went back to the system
  std::array<Counter, memory_share_count> shares_;
};

// Has the C library's allocator give large pieces back to the system as soon as they are freed, for good: left alone it
// keeps them once it has seen some, and what it then holds beside what is used has no bound. For the program, before
// its threads start; a library leaves its host's allocator as it is.
void prepare_allocator();

// Bytes taken from a share, given back at the end of its life. Move-only.
class MemoryHold {
 public:
  MemoryHold() = default;
  MemoryHold(MemoryBudget& budget, MemoryShare share) : budget_(&budget), share_(share) {}
  MemoryHold(MemoryHold&& other) noexcept
      : budget_(other.budget_), share_(other.share_), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryHold& operator=(MemoryHold&& other) noexcept;
  ~MemoryHold() { release(); }

  // Holds `bytes` more; false, and nothing changes, where they do not fit.
  bool try_grow(std::size_t bytes);
  void grow(std::size_t bytes);
  void release();
  std::size_t bytes() const { return bytes_; }

 private:
  MemoryBudget* budget_ = nullptr;
  MemoryShare share_ = MemoryShare::log;
  std::size_t bytes_ = 0;
};

}  // namespace millrace::base
