#pragma once

#include <optional>
#include <vector>

#include "log/segment/core.h"

namespace millrace::log::segment {

// Finds and reads what is durable: in the table of blocks that are not indexed yet, in the index, in the segments. All
// calls block on the disk; any thread.
class Reader {
 public:
  explicit Reader(const Core& core) : core_(core) {}

  base::Result<Page> read(LogState& log, Position from, const ReadLimits& limits) const;
  // First shown record of that arrival time or later; one past the tail where there is none.
  base::Result<Position> seek_time(LogState& log, std::int64_t arrival_ms) const;
  // Up to `rows_max` rows from the one that holds `from`, or the first one after it, on. Empty: there is none.
  base::Result<std::vector<IndexRow>> rows_from(LogState& log, Position from, std::size_t rows_max) const;

  static constexpr std::size_t rows_max = 64;  // looked up at a time

 private:
  base::Result<std::optional<IndexRow>> row_at_time(LogState& log, std::int64_t arrival_ms) const;
  // Nothing where the block is gone, since it expired, or damaged, which is said.
  base::Result<std::optional<Block>> read_block(const IndexRow& row) const;
  std::int64_t oldest_shown_ms(LogState& log) const;

  const Core& core_;
};

}  // namespace millrace::log::segment
