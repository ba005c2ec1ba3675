#include "log/segment/segment_set.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "log/segment/mutations.h"

namespace millrace::log::segment {
namespace {

constexpr std::uint64_t page_bytes = 4096;  // a file's size is a multiple of it

// Whether the first run's place holds anything, which it does not in a file that never became a segment.
base::Result<bool> holds_a_run(io::FileSystem& files, const std::string& path) {
  auto file = files.open(path, io::OpenMode::read);
  if (!file) return base::fail(std::move(file.error()));
  std::array<std::byte, run_header_bytes> first{};
  const auto got = (*file)->read_at(segment_header_bytes, first);
  if (!got) return base::fail(got.error());
  return !std::ranges::all_of(std::span(first).first(*got), [](std::byte b) { return b == std::byte{0}; });
}

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
    const base::Lock lock(mutex_);
    segments_.emplace(header.number, std::move(*file));
  }
  return {};
}

std::vector<std::shared_ptr<SegmentFile>> SegmentSet::segments() const {
  const base::Lock lock(mutex_);
  const auto files = std::views::values(segments_);
  return {files.begin(), files.end()};
}

std::shared_ptr<SegmentFile> SegmentSet::find(std::uint64_t number, std::uint64_t generation) const {
  const base::Lock lock(mutex_);
  const auto found = segments_.find(number);
  if (found == segments_.end() || found->second->header().generation != generation) return nullptr;
  return found->second;
}

base::Result<void> SegmentSet::prepare(std::uint64_t bytes, std::int64_t now_ms) {
  if (failed_) return base::fail(base::Errc::closed, options_.folder + " takes no more runs");
  if (bytes > run_header_bytes + run_bytes_max) return base::fail(base::Errc::too_large, "a run is too large");
  const auto file = current();
  if (file != nullptr && file->fits(bytes)) return {};
  auto begun = begin_segment(bytes, now_ms);
  if (begun) return begun;
  if (begun.error().code == base::Errc::full) {
    // A smaller one may fit where this did not.
    next_bytes_ = std::max(options_.first_bytes, next_bytes_ / 2);
  } else {
    failed_ = true;
  }
  return begun;
}

// The one that took runs so far becomes one of the unsealed by no longer being the current one.
base::Result<void> SegmentSet::begin_segment(std::uint64_t bytes_needed, std::int64_t now_ms) {
  const std::uint64_t needed = segment_header_bytes + bytes_needed + run_header_bytes;
  const std::uint64_t capacity = std::max(next_bytes_, (needed + page_bytes - 1) / page_bytes * page_bytes);
  SegmentHeader header{.segment_class = options_.segment_class,
                       .number = 0,
                       .generation = numbering_.take_generation(),
                       .created_ms = now_ms};
  const std::shared_ptr<SegmentFile> free = take_recycled();
  header.number = free != nullptr ? free->header().number : numbering_.take_number();
  if (free != nullptr && mutations.recycle_keeps_generation) header.generation = free->header().generation;
  auto file = free != nullptr ? SegmentFile::recycle(free, header, capacity)
                              : SegmentFile::create(files_, options_.folder, header, capacity);
  if (!file) {
    // A free file in a state that nobody knows is of no use, and what it takes is what the disk lacks. Should it come
    // back, it is of a life that is over or of one that never held anything.
    if (free != nullptr) static_cast<void>(files_.remove(free->path()));
    return base::fail(std::move(file.error()));
  }
  next_bytes_ = std::min(next_bytes_ * 2, options_.bytes_max);
  const base::Lock lock(mutex_);
  current_ = std::move(*file);
  segments_[header.number] = current_;
  return {};
}

void SegmentSet::take_up(const std::shared_ptr<SegmentFile>& file) {
  file->take_runs_again();
  const base::Lock lock(mutex_);
  current_ = file;
}

std::shared_ptr<SegmentFile> SegmentSet::take_recycled() {
  const base::Lock lock(mutex_);
  if (recycled_.empty()) return nullptr;
  auto file = std::move(recycled_.back());
  recycled_.pop_back();
  return file;
}

base::Result<std::vector<Placed>> SegmentSet::append(std::uint64_t run_number, std::span<const NewBlock> blocks) {
  const auto file = current();
  if (failed_ || file == nullptr) return base::fail(base::Errc::closed, options_.folder + " takes no more runs");
  auto placed = file->append(run_number, blocks);
  failed_ = !placed;
  return placed;
}

base::Result<void> SegmentSet::sync() {
  if (failed_) return base::fail(base::Errc::closed, options_.folder + " takes no more runs");
  const auto file = current();
  if (file == nullptr || file->synced_end() == file->end()) return {};
  auto done = file->sync();
  failed_ = !done;
  return done;
}

void SegmentSet::end_current() {
  const base::Lock lock(mutex_);
  current_.reset();
}

std::vector<std::shared_ptr<SegmentFile>> SegmentSet::unsealed() const {
  const base::Lock lock(mutex_);
  std::vector<std::shared_ptr<SegmentFile>> files;
  for (const auto& [number, file] : segments_) {
    if (file != current_ && !file->sealed()) files.push_back(file);
  }
  return files;
}

base::Result<void> SegmentSet::free(std::uint64_t number) {
  std::shared_ptr<SegmentFile> file;
  {
    const base::Lock lock(mutex_);
    const auto found = segments_.find(number);
    if (found == segments_.end() || !found->second->sealed()) {
      return base::fail(base::Errc::not_found, options_.folder + " has no sealed segment of that number");
    }
    file = found->second;
    file->retire();
    if (recycled_.size() < options_.recycled_max) {
      recycled_.push_back(std::move(file));
      segments_.erase(found);
      return {};
    }
  }
  // A reader that still holds it goes on: its space comes back with the last one. The folder need not be synced: a name
  // that comes back after a power cut is that of a sealed segment in which nothing lives.
  if (auto done = files_.remove(file->path()); !done) return done;
  const base::Lock lock(mutex_);
  segments_.erase(number);
  return {};
}

base::Result<SegmentSet::Totals> SegmentSet::totals() const {
  std::vector<std::shared_ptr<SegmentFile>> files = segments();
  Totals totals{.segments = files.size()};
  {
    const base::Lock lock(mutex_);
    totals.recycled = recycled_.size();
    files.insert(files.end(), recycled_.begin(), recycled_.end());
  }
  for (const auto& file : files) {
    const auto bytes = file->allocated();
    if (!bytes) return base::fail(bytes.error());
    totals.file_bytes += *bytes;
  }
  return totals;
}

}  // namespace millrace::log::segment
