#include "base/memory_budget.h"

#include <malloc.h>

namespace millrace::base {
namespace {

constexpr bool rows_follow_the_enum() {
  unsigned percent = 0;
  for (std::size_t i = 0; i < memory_shares.size(); ++i) {
    if (static_cast<std::size_t>(memory_shares[i].share) != i) return false;
    percent += memory_shares[i].percent;
  }
  return percent == 100 && memory_shares.front().percent >= 50;
}
static_assert(rows_follow_the_enum(),
              "every share has one row in enum order, they make 100 percent, the log at least half");

}  // namespace

MemoryBudget::MemoryBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {
  for (const auto& row : memory_shares)
    shares_[index(row.share)].max = bytes_max / 100 * row.percent;
}

bool MemoryBudget::try_take(MemoryShare share, std::size_t bytes) {
  Counter& counter = shares_[index(share)];
  std::size_t used = counter.used.load(std::memory_order_relaxed);
  do {
    if (bytes > counter.max || used > counter.max - bytes) return false;
  } while (!counter.used.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

void MemoryBudget::take(MemoryShare share, std::size_t bytes) {
  shares_[index(share)].used.fetch_add(bytes, std::memory_order_relaxed);
}

void MemoryBudget::give_back(MemoryShare share, std::size_t bytes) {
  shares_[index(share)].used.fetch_sub(bytes, std::memory_order_relaxed);
}

void MemoryBudget::on_freed(std::size_t bytes) {
  if (freed_.fetch_add(bytes, std::memory_order_relaxed) + bytes < bytes_max_ / freed_parts) return;
  // Another thread may come here as well, and find little to do.
  freed_.store(0, std::memory_order_relaxed);
  ::malloc_trim(0);
}

void prepare_allocator() {
  // Bodies and answers of usual requests stay below and are used again while they are in the processor's cache: 1 MiB
  // makes reading 1,000 records of 1 KiB cost a third more.
  constexpr int large_bytes_min = 2 * 1024 * 1024;
  ::mallopt(M_MMAP_THRESHOLD, large_bytes_min);
  ::mallopt(M_TRIM_THRESHOLD, 2 * large_bytes_min);
}

MemoryHold& MemoryHold::operator=(MemoryHold&& other) noexcept {
  if (this == &other) return *this;
  release();
  budget_ = other.budget_;
  share_ = other.share_;
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

bool MemoryHold::try_grow(std::size_t bytes) {
  if (budget_ == nullptr || !budget_->try_take(share_, bytes)) return false;
  bytes_ += bytes;
  return true;
}

void MemoryHold::grow(std::size_t bytes) {
  if (budget_ == nullptr) return;
  budget_->take(share_, bytes);
  bytes_ += bytes;
}

void MemoryHold::release() {
  if (bytes_ != 0) budget_->give_back(share_, std::exchange(bytes_, 0));
}

}  // namespace millrace::base
