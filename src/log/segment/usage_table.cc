#include "log/segment/usage_table.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "log/segment/format.h"

namespace millrace::log::segment {
namespace {

constexpr std::uint64_t page_bytes = 4096;  // what a file system can give back

// Dead ranges that are remembered of one segment. As many as a full segment has in which every second block of 64 KiB
// is dead; a range beyond them goes with the segment.
constexpr std::size_t dead_ranges_max = 4096;

// A hole costs an entry in the file's map of the disk, so a dead range waits until it has this size,
constexpr std::uint64_t dead_range_min = std::uint64_t{64} << 10;
// and what joins one that is punched until it has this one.
constexpr std::uint64_t hole_min = std::uint64_t{16} << 10;

// What stands between two blocks at most where no block does: the header of a run. Between dead blocks it is dead, too:
// a scan finds the blocks behind a hole without it.
constexpr std::uint64_t gap_max = run_header_bytes;

constexpr std::uint64_t page_up(std::uint64_t at) {
  return (at + page_bytes - 1) / page_bytes * page_bytes;
}
constexpr std::uint64_t page_down(std::uint64_t at) {
  return at / page_bytes * page_bytes;
}

}  // namespace

class UsageTable::DeadRanges {
 public:
  void add(std::uint64_t begin, std::uint64_t end) {
    Dead dead{.end = end, .hole = {}};
    auto next = ranges_.lower_bound(begin);
    if (next != ranges_.begin() && std::prev(next)->second.end + gap_max >= begin) next = std::prev(next);
    while (next != ranges_.end() && next->first <= dead.end + gap_max) {
      begin = std::min(begin, next->first);
      dead.end = std::max(dead.end, next->second.end);
      dead.hole = joined(dead.hole, next->second.hole);
      next = ranges_.erase(next);
    }
    if (ranges_.size() >= dead_ranges_max) return;
    ranges_.emplace(begin, dead);
    grew_ = true;
  }

  bool grew() const { return grew_; }

  std::vector<Range> take(std::size_t ranges_max) {
    std::vector<Range> holes;
    if (!std::exchange(grew_, false)) return holes;
    for (auto& [begin, dead] : ranges_) {
      if (holes.size() >= ranges_max) {
        grew_ = true;
        break;
      }
      if (dead.end - begin < dead_range_min) continue;
      const Range pages{.begin = page_up(begin), .end = page_down(dead.end)};
      if (dead.hole.end == 0) {
        holes.push_back(pages);
        dead.hole = pages;
        continue;
      }
      if (dead.hole.begin - pages.begin >= hole_min) {
        holes.push_back({.begin = pages.begin, .end = dead.hole.begin});
        dead.hole.begin = pages.begin;
      }
      if (pages.end - dead.hole.end >= hole_min) {
        holes.push_back({.begin = dead.hole.end, .end = pages.end});
        dead.hole.end = pages.end;
      }
    }
    return holes;
  }

 private:
  struct Dead {
    std::uint64_t end = 0;
    Range hole;  // what of it was given already; its end is 0 where nothing was
  };

  // One hole that was certainly given whole: where there is something between the two, that is the larger of them, and
  // the other is given again.
  static Range joined(const Range& a, const Range& b) {
    if (a.end == 0) return b;
    if (b.end == 0) return a;
    if (a.end >= b.begin && b.end >= a.begin) return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
    return a.end - a.begin >= b.end - b.begin ? a : b;
  }

  std::map<std::uint64_t, Dead> ranges_;  // by their begin
  bool grew_ = false;                     // since the last take
};

struct UsageTable::Entry {
  std::optional<SegmentUsage> committed;  // nothing: the index does not know the segment yet
  std::optional<SegmentUsage> pending;
  DeadRanges dead;

  // What the batch that is gathered will say.
  SegmentUsage& changing(std::uint64_t segment, std::uint64_t generation) {
    if (!pending) pending = committed;
    if (!pending || pending->generation != generation) {
      // Ranges of an earlier life say nothing about this one.
      dead = {};
      pending = SegmentUsage{.segment = segment, .generation = generation, .indexed_end = 0, .live_bytes = 0};
    }
    return *pending;
  }
  bool is_of(std::uint64_t generation) const {
    const auto& usage = pending ? pending : committed;
    return usage && usage->generation == generation;
  }
};

UsageTable::UsageTable() = default;
UsageTable::~UsageTable() = default;

void UsageTable::restore(const SegmentUsage& usage) {
  auto entry = std::make_unique<Entry>();
  entry->committed = usage;
  entries_[usage.segment] = std::move(entry);
}

UsageTable::Entry& UsageTable::entry(std::uint64_t segment) {
  auto& entry = entries_[segment];
  if (entry == nullptr) entry = std::make_unique<Entry>();
  return *entry;
}

void UsageTable::add(const IndexRow& row) {
  entry(row.segment).changing(row.segment, row.generation).live_bytes += row.size;
}

void UsageTable::set_indexed_end(std::uint64_t segment, std::uint64_t generation, std::uint64_t end) {
  Entry& of = entry(segment);
  if (of.committed && of.is_of(generation) && !of.pending && of.committed->indexed_end == end) return;
  of.changing(segment, generation).indexed_end = end;
}

void UsageTable::release(const IndexRow& row) {
  const auto found = entries_.find(row.segment);
  if (found == entries_.end() || !found->second->is_of(row.generation)) return;
  SegmentUsage& usage = found->second->changing(row.segment, row.generation);
  usage.live_bytes -= std::min<std::uint64_t>(usage.live_bytes, row.size);
  released_.push_back(row);
}

void UsageTable::add_dead(std::uint64_t segment, std::uint64_t generation, std::uint64_t offset, std::uint32_t size) {
  const auto found = entries_.find(segment);
  if (found == entries_.end() || !found->second->is_of(generation)) return;
  found->second->dead.add(offset, offset + aligned(size));
}

std::vector<SegmentUsage> UsageTable::pending_usages() const {
  std::vector<SegmentUsage> usages;
  for (const auto& [segment, entry] : entries_) {
    if (entry->pending) usages.push_back(*entry->pending);
  }
  return usages;
}

void UsageTable::commit() {
  for (const auto& [segment, entry] : entries_) {
    if (!entry->pending) continue;
    entry->committed = entry->pending;
    entry->pending.reset();
  }
  for (const IndexRow& row : released_) {
    add_dead(row.segment, row.generation, row.offset, row.size);
  }
  released_.clear();
}

void UsageTable::roll_back() {
  for (const auto& [segment, entry] : entries_)
    entry->pending.reset();
  released_.clear();
}

void UsageTable::forget(std::uint64_t segment) {
  entries_.erase(segment);
}

const SegmentUsage* UsageTable::find(std::uint64_t segment) const {
  const auto found = entries_.find(segment);
  return found == entries_.end() || !found->second->committed ? nullptr : &*found->second->committed;
}

std::uint64_t UsageTable::live_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [segment, entry] : entries_)
    bytes += entry->committed ? entry->committed->live_bytes : 0;
  return bytes;
}

std::vector<UsageTable::Range> UsageTable::take_punchable(std::uint64_t segment, std::size_t ranges_max) {
  const auto found = entries_.find(segment);
  return found == entries_.end() ? std::vector<Range>() : found->second->dead.take(ranges_max);
}

std::vector<std::uint64_t> UsageTable::segments_with_dead() const {
  std::vector<std::uint64_t> segments;
  for (const auto& [segment, entry] : entries_) {
    if (entry->dead.grew()) segments.push_back(segment);
  }
  return segments;
}

}  // namespace millrace::log::segment
