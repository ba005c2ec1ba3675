#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>

#include "base/memory_budget.h"
#include "base/mutex.h"
#include "io/loop.h"

namespace millrace::http {

// Bodies up to this many bytes have a share of the memory of their own, so that large ones cannot starve them.
inline constexpr std::size_t small_body_max = 64 * 1024;
// Connections that wait for memory of one share; one more is answered 503.
inline constexpr std::size_t body_waiters_max = 1024;
// How often somebody who waits looks for stalled bodies to cut.
inline constexpr std::chrono::milliseconds pressure_check{50};

// Hands out the memory of request bodies. A body is admitted with all the memory it may need, so those that are
// admitted can finish and two half-received ones never wait for each other. Where a share is full, connections wait in
// the order they came; while one waits, those whose bodies stand still are cut, the longest first.
//
// Thread-safe. Members are told on their own loops.
class BodyGate {
 public:
  // A connection, as the gate sees it.
  class Member {
   public:
    // The memory that was waited for is held now, or, where the member withdrew meanwhile, must be released by it.
    virtual void on_admitted() = 0;
    // The body has stood still while others wait. The member leaves or, where it moved since, enrols again; until then
    // its memory is taken for free.
    virtual void on_stalled() = 0;

   protected:
    explicit Member(io::Loop& loop) : loop_(loop) {}
    ~Member() = default;
    std::int64_t last_progress_ms() const { return last_progress_ms_.load(std::memory_order_relaxed); }

   private:
    friend class BodyGate;
    enum class Role : std::uint8_t { none, waiting, receiving };

    io::Loop& loop_;
    // The rest is guarded by the gate's mutex, except last_progress_ms_, which any thread may read.
    Role role_ = Role::none;
    bool told_ = false;  // that it stands still
    base::MemoryShare share_ = base::MemoryShare::bodies;
    std::size_t bytes_ = 0;
    std::list<std::weak_ptr<Member>>::iterator place_;
    std::atomic<std::int64_t> last_progress_ms_{0};
  };

  enum class Admission : std::uint8_t { admitted, waiting, refused };

  BodyGate(base::MemoryBudget& budget, std::chrono::milliseconds stall_max) : budget_(budget), stall_max_(stall_max) {}

  static base::MemoryShare share_for(std::size_t bytes) {
    return bytes <= small_body_max ? base::MemoryShare::small_bodies : base::MemoryShare::bodies;
  }

  // Takes `bytes` of the share, or lets the member wait, or refuses where too many wait. A body larger than its whole
  // share is admitted when it is alone.
  Admission admit(const std::shared_ptr<Member>& member, base::MemoryShare share, std::size_t bytes);
  // Ends waiting or receiving.
  void leave(Member& member);
  void release(base::MemoryShare share, std::size_t bytes);

  // The member receives a body over `bytes` of memory, and may be cut when it stalls. Where it is enrolled, it has not
  // stalled after all.
  void enrol(const std::shared_ptr<Member>& member, base::MemoryShare share, std::size_t bytes, std::int64_t now_ms);
  void progress(Member& member, std::int64_t now_ms) {
    member.last_progress_ms_.store(now_ms, std::memory_order_relaxed);
  }

  // Cuts stalled bodies as far as those who wait need it.
  void relieve(std::int64_t now_ms);
  std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  using Members = std::list<std::weak_ptr<Member>>;
  struct Side {
    Members waiters;
    Members receivers;
    bool newest_first = false;  // a cut was made for the newest waiter
    std::int64_t relieved_ms = INT64_MIN / 2;
  };

  static std::size_t index_of(base::MemoryShare share) { return share == base::MemoryShare::small_bodies ? 1 : 0; }
  bool take(base::MemoryShare share, std::size_t bytes);
  // Admits from the queue as long as memory lasts.
  void serve(base::MemoryShare share) MILLRACE_REQUIRES(mutex_);
  // False where there is no memory for it.
  bool admit_waiter(Side& side, Members::iterator waiter) MILLRACE_REQUIRES(mutex_);
  void relieve_share(base::MemoryShare share, std::int64_t now_ms) MILLRACE_REQUIRES(mutex_);

  base::MemoryBudget& budget_;
  std::chrono::milliseconds stall_max_;
  std::atomic<std::size_t> waiting_{0};
  base::Mutex mutex_;
  std::array<Side, 2> sides_ MILLRACE_GUARDED_BY(mutex_);
};

}  // namespace millrace::http
