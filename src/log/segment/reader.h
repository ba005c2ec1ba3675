#pragma once

#include <memory>
#include <optional>
#include <span>
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

  // Whether every record from that one on is there and can be read, in a log that leaves no position out but for the
  // jumps after unclean stops.
  base::Result<bool> is_whole(LogState& log, Position from) const;

  static constexpr std::size_t rows_max = 256;  // looked up at a time
  // Of neighbouring blocks that are read at once, save for a block that is larger alone.
  static constexpr std::uint64_t extent_bytes_max = std::uint64_t{4} << 20;
  // What the disk is asked for ahead of what is waited for: enough to keep it busy, and no more, since the syncs of
  // writers stand behind it.
  static constexpr std::uint64_t ahead_bytes_max = std::uint64_t{128} << 10;

 private:
  // Neighbouring blocks of one segment.
  struct Extent {
    std::shared_ptr<SegmentFile> file;  // null where the segment is gone
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::size_t rows = 0;
  };

  base::Result<std::optional<IndexRow>> row_at_time(LogState& log, std::int64_t arrival_ms) const;
  // One entry a row, in their order: null where the block is gone, since it expired, or damaged, which is said.
  base::Result<std::vector<Block>> read_blocks(std::span<const IndexRow> rows) const;
  std::vector<Extent> extents_of(std::span<const IndexRow> rows) const;
  base::Result<void> read_extent(const Extent& extent, std::span<const IndexRow> rows, std::vector<Block>& into) const;
  base::Result<Block> make_block(const SegmentFile& file, const IndexRow& row, std::span<const std::byte> bytes) const;
  bool is_gone(const IndexRow& row) const;
  void tell_lost(const IndexRow& row, const std::string& file) const;
  std::int64_t oldest_shown_ms(LogState& log) const;

  const Core& core_;
};

}  // namespace millrace::log::segment
