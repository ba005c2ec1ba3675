#pragma once

#include <algorithm>
#include <cstdint>

#include "log/engine.h"

namespace millrace::log::segment {

// Fills one page with records of blocks that come in the log's order, as far as the limits allow.
class PageFiller {
 public:
  PageFiller(Position from, const ReadLimits& limits) : limits_(limits) { page_.next = from; }

  bool wants_more() const { return records_ < limits_.records_max && !cut_; }
  std::uint64_t records_left() const { return limits_.records_max - records_; }
  // One at least while more is wanted: the first record is given even where it is larger than the limit.
  std::uint64_t bytes_left() const { return bytes_ < limits_.bytes_max ? limits_.bytes_max - bytes_ : 1; }
  // Adds what fits of a block whose first record is at `first` and which ends at or after next().
  void add(const Block& block, Position first) {
    const Position begin = std::max(page_.next, first);
    const auto skip = static_cast<std::uint32_t>(begin - first);
    const std::uint32_t taken = take(block, skip);
    if (taken > 0) page_.slices.push_back({block, skip, skip + taken, begin});
    page_.next = begin + taken;
    if (skip + taken < block.record_count()) {
      cut_ = true;
      page_.next_arrival_ms = block.arrival_ms();
    }
  }
  Position next() const { return page_.next; }
  // True where the last block was not given whole, so that next_arrival_ms is known.
  bool is_cut() const { return cut_; }
  void skip_to(Position next) { page_.next = std::max(page_.next, next); }
  void set_next_arrival_ms(std::int64_t ms) { page_.next_arrival_ms = ms; }
  void set_closed(bool closed) { page_.closed = closed; }
  Page finish() { return std::move(page_); }

 private:
  // At least one record a page is given, even where it is larger than the limit.
  std::uint32_t take(const Block& block, std::uint32_t first) {
    std::uint32_t taken = 0;
    for (auto at = block.begin(first); at.valid() && records_ < limits_.records_max; at.next()) {
      const std::size_t size = at.user_bytes();
      if (records_ > 0 && bytes_ + size > limits_.bytes_max) break;
      bytes_ += size;
      ++records_;
      ++taken;
    }
    return taken;
  }

  const ReadLimits& limits_;
  Page page_;
  std::uint32_t records_ = 0;
  std::size_t bytes_ = 0;
  bool cut_ = false;
};

}  // namespace millrace::log::segment
