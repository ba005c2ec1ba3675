#include "http/body_gate.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace millrace::http {

bool BodyGate::take(base::MemoryShare share, std::size_t bytes) {
  if (budget_.try_take(share, bytes)) return true;
  if (bytes <= budget_.max(share) || budget_.used(share) != 0) return false;
  budget_.take(share, bytes);
  return true;
}

BodyGate::Admission BodyGate::admit(const std::shared_ptr<Member>& member, base::MemoryShare share, std::size_t bytes) {
  if (waiting_.load() == 0 && take(share, bytes)) return Admission::admitted;
  const base::Lock lock(mutex_);
  Side& side = sides_[index_of(share)];
  if (side.waiters.empty() && take(share, bytes)) return Admission::admitted;
  if (side.waiters.size() >= body_waiters_max) return Admission::refused;
  member->role_ = Member::Role::waiting;
  member->share_ = share;
  member->bytes_ = bytes;
  member->place_ = side.waiters.insert(side.waiters.end(), member);
  // From here on a release looks at the queue; one that came just before is made good by looking once more.
  waiting_.fetch_add(1);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  serve(share);
  return Admission::waiting;
}

void BodyGate::leave(Member& member) {
  const base::Lock lock(mutex_);
  Side& side = sides_[index_of(member.share_)];
  const Member::Role role = std::exchange(member.role_, Member::Role::none);
  if (role == Member::Role::receiving) side.receivers.erase(member.place_);
  if (role == Member::Role::waiting) {
    side.waiters.erase(member.place_);
    waiting_.fetch_sub(1);
    serve(member.share_);
  }
}

void BodyGate::release(base::MemoryShare share, std::size_t bytes) {
  budget_.give_back(share, bytes);
  // Between giving back and looking, so that either this thread sees the waiter or the waiter sees the memory.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (waiting_.load() == 0) return;
  const base::Lock lock(mutex_);
  serve(share);
}

void BodyGate::enrol(const std::shared_ptr<Member>& member, base::MemoryShare share, std::size_t bytes,
                     std::int64_t now_ms) {
  progress(*member, now_ms);
  const base::Lock lock(mutex_);
  member->told_ = false;
  if (member->role_ != Member::Role::none) return;
  Side& side = sides_[index_of(share)];
  member->role_ = Member::Role::receiving;
  member->share_ = share;
  member->bytes_ = bytes;
  member->place_ = side.receivers.insert(side.receivers.end(), member);
}

void BodyGate::serve(base::MemoryShare share) {
  Side& side = sides_[index_of(share)];
  if (side.newest_first && !side.waiters.empty()) {
    if (!admit_waiter(side, std::prev(side.waiters.end()))) return;
  }
  side.newest_first = false;
  while (!side.waiters.empty()) {
    if (!admit_waiter(side, side.waiters.begin())) return;
  }
}

bool BodyGate::admit_waiter(Side& side, Members::iterator waiter) {
  if (const std::shared_ptr<Member> member = waiter->lock()) {
    if (!take(member->share_, member->bytes_)) return false;
    member->role_ = Member::Role::none;
    member->loop_.post([member] { member->on_admitted(); });
  }
  side.waiters.erase(waiter);
  waiting_.fetch_sub(1);
  return true;
}

void BodyGate::relieve(std::int64_t now_ms) {
  const base::Lock lock(mutex_);
  // A connection that nobody held any more gave its memory back without looking at the queue.
  serve(base::MemoryShare::bodies);
  serve(base::MemoryShare::small_bodies);
  relieve_share(base::MemoryShare::bodies, now_ms);
  relieve_share(base::MemoryShare::small_bodies, now_ms);
}

void BodyGate::relieve_share(base::MemoryShare share, std::int64_t now_ms) {
  Side& side = sides_[index_of(share)];
  if (side.waiters.empty() || now_ms - side.relieved_ms < pressure_check.count() / 2) return;
  side.relieved_ms = now_ms;
  const std::shared_ptr<Member> newest = side.waiters.back().lock();
  if (newest == nullptr) return;

  // The moments are read once: they move while this thread sorts.
  std::vector<std::pair<std::int64_t, std::shared_ptr<Member>>> stalled;
  std::size_t free = budget_.max(share) - std::min(budget_.max(share), budget_.used(share));
  for (const std::weak_ptr<Member>& receiver : side.receivers) {
    std::shared_ptr<Member> member = receiver.lock();
    if (member == nullptr) continue;
    if (member->told_) {
      free += member->bytes_;
      continue;
    }
    const std::int64_t since = member->last_progress_ms_.load(std::memory_order_relaxed);
    if (now_ms - since >= stall_max_.count()) stalled.emplace_back(since, std::move(member));
  }
  if (stalled.empty()) return;
  // What fits beside bodies that stand still need not wait for them, nor behind one that does not fit.
  if (admit_waiter(side, std::prev(side.waiters.end()))) return;
  std::ranges::sort(stalled, {}, &std::pair<std::int64_t, std::shared_ptr<Member>>::first);

  const std::size_t wanted = std::min(newest->bytes_, budget_.max(share));
  for (const auto& [since, member] : stalled) {
    if (free >= wanted) break;
    side.newest_first = true;
    free += member->bytes_;
    member->told_ = true;
    member->loop_.post([cut = member] { cut->on_stalled(); });
  }
}

}  // namespace millrace::http
