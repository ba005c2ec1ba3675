#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "log/segment/index_store.h"

namespace millrace::log::segment {

// What lives in each segment, as the index has it, and which ranges are dead. Of the index thread alone.
//
// Changes are gathered first (index, release), written by one batch (pending_usages), and taken over once that batch is
// on the disk (commit) or forgotten where it is not (roll_back).
class UsageTable {
 public:
  // As the index has it, at start.
  void restore(const SegmentUsage& usage);

  // A row that the batch puts.
  void add(const IndexRow& row);
  // Every run of the segment that ends at or before `end` is in the index with this batch.
  void set_indexed_end(std::uint64_t segment, std::uint64_t generation, std::uint64_t end);
  // A row that the batch deletes: its block is dead.
  void release(const IndexRow& row);
  // A block that no row names any more; changes no usage. Nothing where the segment is not known or has another life.
  void add_dead(std::uint64_t segment, std::uint64_t generation, std::uint64_t offset, std::uint32_t size);

  // Of every segment that has changed: for IndexBatch::put_usages.
  std::vector<SegmentUsage> pending_usages() const;
  void commit();
  void roll_back();

  // The segment is gone; the number may come back with another generation.
  void forget(std::uint64_t segment);

  const SegmentUsage* find(std::uint64_t segment) const;
  std::uint64_t live_bytes() const;  // of all segments, as committed

  // Whole file-system pages inside dead ranges of the segment that were not given yet: to be punched. Short ranges wait
  // for their neighbours.
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    friend bool operator==(const Range&, const Range&) = default;
  };
  // `ranges_max` of them, or one more; what is left is given by the next call.
  static constexpr std::size_t punched_at_once = 64;
  std::vector<Range> take_punchable(std::uint64_t segment, std::size_t ranges_max = punched_at_once);
  // Segments with dead ranges that take_punchable may give.
  std::vector<std::uint64_t> segments_with_dead() const;

 private:
  // Disjoint, neighbours joined; bounded by dead_ranges_max.
  class DeadRanges;
  struct Entry;
  Entry& entry(std::uint64_t segment);

  std::map<std::uint64_t, std::unique_ptr<Entry>> entries_;
  std::vector<IndexRow> released_;  // become dead ranges with the commit

 public:
  UsageTable();
  UsageTable(const UsageTable&) = delete;
  UsageTable& operator=(const UsageTable&) = delete;
  ~UsageTable();
};

}  // namespace millrace::log::segment
