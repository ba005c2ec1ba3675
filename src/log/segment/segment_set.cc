#include "log/segment/segment_set.h"

#include <algorithm>
#include <array>
#include <limits>
#include <ranges>
#include <utility>

namespace millrace::log::segment {
namespace {

constexpr std::uint64_t page_bytes = 4096;          // what a file system can give back
constexpr std::size_t dead_ranges_max = 16 * 1024;  // remembered for one segment; more are only counted
constexpr std::uint64_t unpunched_min = 64 * 1024;  // a shorter range waits for its neighbours
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

std::int64_t expiry_of(std::int64_t expires_ms) {
  return expires_ms == 0 ? never : expires_ms;
}

// Whether the first run's place holds anything, which it does not in a file that never became a segment.
base::Result<bool> holds_a_run(io::FileSystem& files, const std::string& path) {
  auto file = files.open(path, io::OpenMode::read);
  if (!file) return base::fail(std::move(file.error()));
  std::array<std::byte, run_header_bytes> first{};
  const auto got = (*file)->read_at(segment_header_bytes, first);
  if (!got) return base::fail(got.error());
  return !std::ranges::all_of(std::span(first).first(*got), [](std::byte b) { return b == std::byte{0}; });
}

// Where nothing lives any more. Neighbours are one range.
class DeadRanges {
 public:
  void add(std::uint64_t begin, std::uint64_t end) {
    auto next = ranges_.lower_bound(begin);
    if (next != ranges_.begin()) {
      const auto before = std::prev(next);
      if (before->second.end >= begin) {
        begin = before->first;
        end = std::max(end, before->second.end);
        ranges_.erase(before);
      }
    }
    while (next != ranges_.end() && next->first <= end) {
      end = std::max(end, next->second.end);
      next = ranges_.erase(next);
    }
    if (ranges_.size() < dead_ranges_max) ranges_[begin] = {.end = end, .punched = false};
  }

  // Whole pages of ranges that grew since they were last given; each is given once more only if it grows again.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> take() {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> pages;
    for (auto& [begin, range] : ranges_) {
      const std::uint64_t first = (begin + page_bytes - 1) / page_bytes * page_bytes;
      const std::uint64_t last = range.end / page_bytes * page_bytes;
      if (range.punched || range.end - begin < unpunched_min || last <= first) continue;
      range.punched = true;
      pages.emplace_back(first, last);
    }
    return pages;
  }

  std::uint64_t punched_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [begin, range] : ranges_) {
      if (!range.punched) continue;
      bytes += range.end / page_bytes * page_bytes - (begin + page_bytes - 1) / page_bytes * page_bytes;
    }
    return bytes;
  }

 private:
  struct Range {
    std::uint64_t end = 0;
    bool punched = false;
  };
  std::map<std::uint64_t, Range> ranges_;  // by their begin
};

}  // namespace

std::uint64_t Numbering::take_number() {
  const base::Lock lock(mutex_);
  return number_++;
}

std::uint64_t Numbering::take_generation() {
  const base::Lock lock(mutex_);
  return generation_++;
}

void Numbering::raise(std::uint64_t number, std::uint64_t generation) {
  const base::Lock lock(mutex_);
  number_ = std::max(number_, number + 1);
  generation_ = std::max(generation_, generation + 1);
}

std::uint64_t Numbering::generation() const {
  const base::Lock lock(mutex_);
  return generation_;
}

struct SegmentSet::Segment {
  struct Share {
    std::uint64_t live_bytes = 0;
    std::int64_t expires_ms = 0;  // latest; `never` for never
  };

  std::shared_ptr<SegmentFile> file;
  std::map<LogId, Share> logs;
  std::uint64_t live_bytes = 0;
  DeadRanges dead;
  std::uint64_t punched_bytes = 0;
  bool changed = false;  // since the last take_changed_usages

  SegmentUsage usage() const {
    SegmentUsage usage{.segment = file->header().number, .generation = file->header().generation, .logs = {}};
    for (const auto& [log, share] : logs) {
      usage.logs.push_back(
          {.log = log, .live_bytes = share.live_bytes, .expires_ms = share.expires_ms == never ? 0 : share.expires_ms});
    }
    return usage;
  }
};

SegmentSet::SegmentSet(io::FileSystem& files, SegmentSetOptions options, Numbering& numbering)
    : files_(files), options_(std::move(options)), numbering_(numbering), next_bytes_(options_.first_bytes) {}

SegmentSet::~SegmentSet() = default;

base::Result<std::unique_ptr<SegmentSet>> SegmentSet::open(io::FileSystem& files, SegmentSetOptions options,
                                                           Numbering& numbering, Reporter& reporter) {
  std::unique_ptr<SegmentSet> set(new SegmentSet(files, std::move(options), numbering));
  if (auto done = set->load(reporter); !done) return base::fail(std::move(done.error()));
  return set;
}

base::Result<void> SegmentSet::load(Reporter& reporter) {
  const auto names = files_.list(options_.folder);
  if (!names) return base::fail(names.error());
  for (const std::string& name : *names) {
    const auto parsed = SegmentFile::parse_name(name);
    if (!parsed || parsed->first != options_.segment_class) continue;
    const std::string path = options_.folder + "/" + name;
    // Its number is taken, whatever the file holds.
    numbering_.raise(parsed->second, 0);
    auto file = SegmentFile::open(files_, path);
    if (!file && file.error().code == base::Errc::data_loss) {
      const auto holds = holds_a_run(files_, path);
      if (!holds) return base::fail(holds.error());
      if (!*holds) {
        if (auto done = files_.remove(path); !done) return done;
      }
      reporter.headless(path, !*holds);
      continue;
    }
    if (!file) return base::fail(std::move(file.error()));
    const SegmentHeader& header = (*file)->header();
    if (header.number != parsed->second || header.segment_class != options_.segment_class) {
      reporter.headless(path, false);
      continue;
    }
    numbering_.raise(header.number, header.generation);
    auto segment = std::make_unique<Segment>();
    segment->file = std::move(*file);
    const base::Lock lock(mutex_);
    segments_.emplace(header.number, std::move(segment));
  }
  return {};
}

std::vector<std::shared_ptr<SegmentFile>> SegmentSet::segments() const {
  const base::Lock lock(mutex_);
  std::vector<std::shared_ptr<SegmentFile>> files;
  for (const auto& [number, segment] : segments_)
    files.push_back(segment->file);
  return files;
}

std::shared_ptr<SegmentFile> SegmentSet::find(std::uint64_t number, std::uint64_t generation) const {
  const base::Lock lock(mutex_);
  const auto found = segments_.find(number);
  if (found == segments_.end() || found->second->file->header().generation != generation) return nullptr;
  return found->second->file;
}

base::Result<std::vector<Placed>> SegmentSet::append(const std::function<std::uint64_t()>& take_run,
                                                     std::span<const NewBlock> blocks, std::int64_t now_ms) {
  if (failed_) return base::fail(base::Errc::closed, options_.folder + " takes no more runs");
  const std::uint64_t bytes = SegmentFile::run_bytes(blocks);
  if (bytes - run_header_bytes > run_bytes_max) return base::fail(base::Errc::too_large, "a run is too large");
  const auto fail_set = [&](const base::Error& error) {
    failed_ = true;
    return base::fail(error);
  };
  if (current_ == nullptr || !current_->fits(bytes)) {
    if (current_ != nullptr) {
      if (const auto done = seal(take_run()); !done) return fail_set(done.error());
    }
    if (const auto done = begin_segment(bytes, now_ms); !done) return fail_set(done.error());
  }
  auto placed = current_->append(take_run(), blocks);
  if (!placed) return fail_set(placed.error());
  const base::Lock lock(mutex_);
  for (std::size_t i = 0; i < blocks.size(); ++i)
    account((*placed)[i], blocks[i].header.log, blocks[i].expires_ms);
  return placed;
}

base::Result<void> SegmentSet::begin_segment(std::uint64_t bytes_needed, std::int64_t now_ms) {
  const std::uint64_t needed = segment_header_bytes + bytes_needed + run_header_bytes;
  const std::uint64_t capacity = std::max(next_bytes_, (needed + page_bytes - 1) / page_bytes * page_bytes);
  SegmentHeader header{.segment_class = options_.segment_class,
                       .number = 0,
                       .generation = numbering_.take_generation(),
                       .created_ms = now_ms};
  const std::shared_ptr<SegmentFile> free = take_recycled();
  header.number = free != nullptr ? free->header().number : numbering_.take_number();
  auto file = free != nullptr ? SegmentFile::recycle(free, header, capacity)
                              : SegmentFile::create(files_, options_.folder, header, capacity);
  if (!file) return base::fail(std::move(file.error()));
  next_bytes_ = std::min(next_bytes_ * 2, options_.bytes_max);
  current_ = std::move(*file);
  auto segment = std::make_unique<Segment>();
  segment->file = current_;
  const base::Lock lock(mutex_);
  segments_[header.number] = std::move(segment);
  return {};
}

std::shared_ptr<SegmentFile> SegmentSet::take_recycled() {
  const base::Lock lock(mutex_);
  if (recycled_.empty()) return nullptr;
  auto file = std::move(recycled_.back());
  recycled_.pop_back();
  return file;
}

base::Result<void> SegmentSet::sync() {
  if (failed_) return base::fail(base::Errc::closed, options_.folder + " takes no more runs");
  if (current_ == nullptr || current_->synced_end() == current_->end()) return {};
  auto done = current_->sync();
  failed_ = !done;
  return done;
}

base::Result<void> SegmentSet::seal(std::uint64_t run_number) {
  if (current_ == nullptr) return {};
  auto done = current_->seal(run_number);
  failed_ = failed_ || !done;
  current_.reset();
  return done;
}

void SegmentSet::account(const Placed& at, LogId log, std::int64_t expires_ms) {
  const auto found = segments_.find(at.segment);
  if (found == segments_.end() || found->second->file->header().generation != at.generation) return;
  Segment& segment = *found->second;
  Segment::Share& share = segment.logs[log];
  share.live_bytes += at.size;
  share.expires_ms = std::max(share.expires_ms, expiry_of(expires_ms));
  segment.live_bytes += at.size;
  segment.changed = true;
}

void SegmentSet::add_live(const Placed& at, LogId log, std::int64_t expires_ms) {
  const base::Lock lock(mutex_);
  account(at, log, expires_ms);
}

void SegmentSet::restore(const SegmentUsage& usage) {
  const base::Lock lock(mutex_);
  const auto found = segments_.find(usage.segment);
  if (found == segments_.end() || found->second->file->header().generation != usage.generation) return;
  Segment& segment = *found->second;
  segment.logs.clear();
  segment.live_bytes = 0;
  for (const LogShare& share : usage.logs) {
    segment.logs[share.log] = {.live_bytes = share.live_bytes, .expires_ms = expiry_of(share.expires_ms)};
    segment.live_bytes += share.live_bytes;
  }
}

std::vector<SegmentUsage> SegmentSet::take_changed_usages() {
  const base::Lock lock(mutex_);
  std::vector<SegmentUsage> changed;
  for (const auto& [number, segment] : segments_) {
    if (std::exchange(segment->changed, false)) changed.push_back(segment->usage());
  }
  return changed;
}

std::vector<SegmentUsage> SegmentSet::usages() const {
  const base::Lock lock(mutex_);
  std::vector<SegmentUsage> all;
  for (const auto& [number, segment] : segments_)
    all.push_back(segment->usage());
  return all;
}

void SegmentSet::release(const Placed& at, LogId log) {
  const base::Lock lock(mutex_);
  const auto found = segments_.find(at.segment);
  if (found == segments_.end() || found->second->file->header().generation != at.generation) return;
  Segment& segment = *found->second;
  segment.dead.add(at.offset, at.offset + aligned(at.size));
  const auto share = segment.logs.find(log);
  if (share == segment.logs.end()) return;
  const std::uint64_t bytes = std::min<std::uint64_t>(share->second.live_bytes, at.size);
  segment.live_bytes -= bytes;
  share->second.live_bytes -= bytes;
  segment.changed = true;
  if (share->second.live_bytes == 0) segment.logs.erase(share);
}

void SegmentSet::release_log(LogId log) {
  const base::Lock lock(mutex_);
  for (const auto& [number, segment] : segments_) {
    const auto share = segment->logs.find(log);
    if (share == segment->logs.end()) continue;
    segment->live_bytes -= share->second.live_bytes;
    segment->logs.erase(share);
    segment->changed = true;
  }
}

bool SegmentSet::is_free(const Segment& segment, std::int64_t now_ms) const {
  return segment.file->sealed() &&
         std::ranges::all_of(segment.logs, [&](const auto& log) { return log.second.expires_ms <= now_ms; });
}

std::vector<std::uint64_t> SegmentSet::reclaimable(std::int64_t now_ms) const {
  const base::Lock lock(mutex_);
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, segment] : segments_) {
    if (is_free(*segment, now_ms)) numbers.push_back(number);
  }
  return numbers;
}

base::Result<SegmentSet::Reclaimed> SegmentSet::reclaim(std::int64_t now_ms) {
  std::vector<std::shared_ptr<SegmentFile>> free;
  {
    const base::Lock lock(mutex_);
    for (auto at = segments_.begin(); at != segments_.end();) {
      if (is_free(*at->second, now_ms)) {
        free.push_back(at->second->file);
        at = segments_.erase(at);
      } else {
        ++at;
      }
    }
  }
  Reclaimed result;
  for (const auto& file : free) {
    result.freed.push_back(file->header().number);
    result.freed_bytes += file->end() + run_header_bytes;
    if (auto done = retire(file); !done) return base::fail(std::move(done.error()));
  }
  const auto punched = punch_dead();
  if (!punched) return base::fail(punched.error());
  result.punched_bytes = *punched;
  return result;
}

base::Result<void> SegmentSet::retire(const std::shared_ptr<SegmentFile>& file) {
  file->retire();
  {
    const base::Lock lock(mutex_);
    if (recycled_.size() < options_.recycled_max) {
      recycled_.push_back(file);
      return {};
    }
  }
  // A reader that still holds it goes on: its space comes back with the last one. The folder need not be synced: a name
  // that comes back after a power cut is that of a sealed segment in which nothing lives.
  return files_.remove(file->path());
}

base::Result<std::uint64_t> SegmentSet::punch_dead() {
  struct Hole {
    std::shared_ptr<SegmentFile> file;
    std::uint64_t begin;
    std::uint64_t end;
  };
  std::vector<Hole> holes;
  std::uint64_t bytes = 0;
  {
    const base::Lock lock(mutex_);
    for (const auto& [number, segment] : segments_) {
      if (!segment->file->sealed()) continue;
      const std::uint64_t before = segment->punched_bytes;
      for (const auto& [begin, end] : segment->dead.take())
        holes.push_back({.file = segment->file, .begin = begin, .end = end});
      segment->punched_bytes = segment->dead.punched_bytes();
      bytes += segment->punched_bytes - std::min(before, segment->punched_bytes);
    }
  }
  for (const Hole& hole : holes) {
    if (auto done = hole.file->punch(hole.begin, hole.end - hole.begin); !done) {
      return base::fail(std::move(done.error()));
    }
  }
  return bytes;
}

SegmentSet::Totals SegmentSet::totals() const {
  const base::Lock lock(mutex_);
  Totals totals{.segments = segments_.size(), .recycled = recycled_.size()};
  for (const auto& [number, segment] : segments_) {
    const SegmentFile& file = *segment->file;
    const std::uint64_t bytes = file.sealed() ? file.end() + run_header_bytes : file.capacity();
    totals.file_bytes += bytes - std::min(bytes, segment->punched_bytes);
    totals.live_bytes += segment->live_bytes;
    if (file.sealed()) {
      const std::uint64_t kept = segment->live_bytes + segment->punched_bytes;
      totals.held_dead_bytes += bytes - std::min(bytes, kept);
    }
  }
  for (const auto& file : recycled_)
    totals.file_bytes += file->end() + run_header_bytes;
  return totals;
}

}  // namespace millrace::log::segment
