#include "log/segment/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "log/segment/catalogue_snapshot.h"
#include "log/segment/core.h"
#include "log/segment/segment_file.h"
#include "log/segment/segment_scan.h"

namespace millrace::log::segment {
namespace {

constexpr std::uint64_t told_every = std::uint64_t{1} << 30;  // bytes between two lines of progress
constexpr std::size_t rows_at_once = 1'024;
constexpr std::size_t open_files_max = 64;
constexpr std::size_t pieces_max = 100'000;  // damaged ones that are remembered until the rows are read

std::string name_of(LogId log) {
  return log == catalogue_log ? "the catalogue" : fmt::format("stream_uid {} shard {}", log.stream_uid, log.shard_no);
}

std::string records_of(LogId log, Position first, std::uint32_t count) {
  return fmt::format("{} positions {}-{}", name_of(log), first, first + std::max(count, 1U) - 1);
}

// What there is of one segment.
struct Segment {
  std::string name;  // of the file
  SegmentHeader header;
  std::uint64_t end = 0;
  std::optional<SegmentUsage> usage;  // as the index has it, where it is of this life
  std::uint64_t named_bytes = 0;      // of the blocks that rows name
  // Damaged by the scan, by offset: where each ends.
  std::map<std::uint64_t, std::uint64_t> damaged;

  bool is_damaged(std::uint64_t begin, std::uint64_t end_of_block) const {
    auto next = damaged.lower_bound(end_of_block);
    return next != damaged.begin() && std::prev(next)->second > begin;
  }
};

class Checker final : public Reporter {
 public:
  Checker(const std::string& path, io::FileSystem& files, IndexStore& index,
          const std::function<void(std::string_view)>& tell)
      : path_(path), files_(files), index_(index), tell_(tell) {}

  base::Result<CheckReport> run() {
    if (auto done = load_index(); !done) return base::fail(std::move(done.error()));
    if (auto done = check_segments(); !done) return base::fail(std::move(done.error()));
    if (auto done = check_snapshots(); !done) return base::fail(std::move(done.error()));
    if (auto done = check_logs(); !done) return base::fail(std::move(done.error()));
    check_usages();
    tell_rest();
    return report_;
  }

 private:
  template <class... Args>
  void find(fmt::format_string<Args...> text, Args&&... args) {
    if (++report_.findings > findings_told_max) return;
    tell_("damaged: " + fmt::format(text, std::forward<Args>(args)...));
  }
  template <class... Args>
  void note(fmt::format_string<Args...> text, Args&&... args) {
    tell_("note: " + fmt::format(text, std::forward<Args>(args)...));
  }
  // Damage of the index is a finding; nothing where the index cannot be read for another reason.
  template <class T>
  base::Result<void> must_read(const base::Result<T>& read) {
    if (read) return {};
    if (read.error().code != base::Errc::data_loss) return base::fail(read.error());
    find("index: {}", read.error().message);
    return {};
  }

  base::Result<void> load_index() {
    const auto usages = index_.usages();
    if (auto done = must_read(usages); !done) return done;
    for (const SegmentUsage& usage : usages.value_or(std::vector<SegmentUsage>{}))
      usages_.emplace(usage.segment, usage);
    const auto watermark = index_.watermark();
    if (auto done = must_read(watermark); !done) return done;
    if (watermark) watermark_ = *watermark;
    if (watermark && !watermark_ && !usages_.empty()) find("index: it knows segments and lacks its watermark");
    for (const char* const name : {clean_value, incarnation_value, durability_value, generation_value}) {
      const auto value = index_.value(name);
      if (auto done = must_read(value); !done) return done;
      const bool has_value = value && value->has_value();
      if (name == clean_value) {
        clean_ = has_value;
      } else if (value && !has_value && watermark_) {
        find("index: it lacks the value {}", name);
      }
    }
    const auto logs = index_.logs();
    if (auto done = must_read(logs); !done) return done;
    if (logs) logs_ = *logs;
    return {};
  }

  base::Result<void> check_segments() {
    const std::string folder = path_ + "/segments";
    const auto names = files_.list(folder);
    if (!names) return base::fail(names.error());
    for (const std::string& name : *names) {
      const auto parsed = SegmentFile::parse_name(name);
      if (!parsed) {
        note("segments/{} is no segment and is left alone", name);
        continue;
      }
      const auto file = files_.open(folder + "/" + name, io::OpenMode::read);
      if (!file) return base::fail(file.error());
      if (auto done = check_segment(name, parsed->first, parsed->second, **file); !done) return done;
    }
    return {};
  }

  base::Result<void> check_segment(const std::string& name, SegmentClass segment_class, std::uint64_t number,
                                   io::File& file) {
    std::vector<std::byte> head(segment_header_bytes + run_header_bytes);
    const auto got = file.read_at(0, head);
    if (!got) return base::fail(got.error());
    head.resize(*got);
    const auto header = decode_segment_header(std::span(head).first(std::min(*got, segment_header_bytes)));
    if (!header) {
      check_headless(name, number, head);
      return {};
    }
    if (header->number != number || header->segment_class != segment_class) {
      find("segments/{} has the header of {}", name, SegmentFile::name_of(header->segment_class, header->number));
      return {};
    }
    std::array<std::byte, segment_header_bytes> page{};
    encode(*header, page);
    if (!std::ranges::equal(page, std::span(head).first(segment_header_bytes))) {
      find("segments/{}: its first page is not what was written; one whole header is left", name);
    }
    Segment segment{.name = name, .header = *header, .end = 0, .usage = {}, .named_bytes = 0, .damaged = {}};
    const auto usage = usages_.find(number);
    if (usage != usages_.end() && usage->second.generation == header->generation) segment.usage = usage->second;
    return scan(std::move(segment), file);
  }

  void check_headless(const std::string& name, std::uint64_t number, std::span<const std::byte> head) {
    const auto run = head.subspan(std::min(head.size(), segment_header_bytes));
    const bool is_blank = std::ranges::all_of(run, [](std::byte b) { return b == std::byte{0}; });
    if (!is_blank || usages_.contains(number)) {
      find("segments/{} has no whole header", name);
    } else {
      note("segments/{} was never begun; the next start removes it", name);
    }
  }

  base::Result<void> scan(Segment segment, io::File& file) {
    scanned_ = &segment;
    std::uint64_t last_run = 0;
    const auto on_block = [&](const ScannedBlock& block) {
      if (block.run < last_run) {
        find("segments/{} at offset {}: run {} stands behind run {}", segment.name, block.header.offset, block.run,
             last_run);
      }
      last_run = std::max(last_run, block.run);
      if (watermark_ && block.run > watermark_->run) ++report_.unindexed_blocks;
      ++report_.blocks;
      report_.bytes += block.size;
      tell_progress();
    };
    const auto result = scan_segment(file, segment.name, segment.header, {}, on_block, *this);
    scanned_ = nullptr;
    if (!result) return base::fail(result.error());
    ++report_.segments;
    report_.runs += result->runs;
    segment.end = result->end;
    const std::uint64_t indexed_end = segment.usage ? segment.usage->indexed_end : 0;
    if (!result->torn && result->end < indexed_end) {
      find("segments/{} ends at offset {}, and the index covers it up to {}", segment.name, result->end, indexed_end);
    }
    if (clean_ && !result->sealed) find("segments/{} has no seal, though the last stop was a clean one", segment.name);
    segments_.emplace(segment.header.number, std::move(segment));
    return {};
  }

  // Of scan_segment.
  void skipped(const Skipped& piece) override {
    Segment& segment = *scanned_;
    const bool is_torn = piece.kind == Skipped::Kind::torn_tail;
    const bool was_synced = clean_ || (segment.usage && piece.offset < segment.usage->indexed_end);
    if ((!is_torn || was_synced) && pieces_ < pieces_max) {
      ++pieces_;
      segment.damaged[piece.offset] = piece.offset + piece.bytes;
    }
    // Nothing that lives is in a hole: a row that names a block in one is a finding of its own.
    if (piece.hole) return;
    const std::string where =
        fmt::format("segments/{} at offset {}, {} bytes", segment.name, piece.offset, piece.bytes);
    const std::string records =
        piece.block ? records_of(piece.block->log, piece.block->first, piece.block->count) : "no whole block header";
    if (is_torn && !was_synced) {
      note("{}: the torn end of a commit that was never answered; the next start ends the segment there", where);
      return;
    }
    if (piece.kind == Skipped::Kind::unknown) {
      find("{}: {}: of a codec or under a key that this program does not know", where, records);
    } else {
      find("{}: not what was written; {}", where, records);
    }
  }
  void headless(const std::string& /*path*/, bool /*removed*/) override {}

  void tell_progress() {
    if (report_.bytes < told_bytes_ + told_every) return;
    told_bytes_ = report_.bytes;
    tell_(fmt::format("read {:.1f} GiB of blocks", static_cast<double>(told_bytes_) / static_cast<double>(told_every)));
  }

  base::Result<void> check_snapshots() {
    const std::string folder = path_ + "/catalogue";
    const auto names = files_.list(folder);
    if (!names) return base::fail(names.error());
    for (const std::string& name : *names) {
      const auto position = snapshot_position(name);
      if (!position) {
        note("catalogue/{} is {}", name,
             is_unfinished_snapshot(name) ? "an unfinished snapshot; the next one removes it" : "no snapshot");
        continue;
      }
      const auto file = files_.read_all(folder + "/" + name, snapshot_bytes_max);
      if (!file && file.error().code != base::Errc::too_large) return base::fail(file.error());
      const auto content = file ? decode_snapshot(*position, *file) : std::nullopt;
      if (content) {
        ++report_.snapshots;
        newest_snapshot_ = std::max(newest_snapshot_, *position);
        if (*file != encode_snapshot(*position, *content)) find("catalogue/{}: one of its two copies is damaged", name);
      } else {
        find("catalogue/{}: not what was written", name);
      }
    }
    return {};
  }

  base::Result<void> check_logs() {
    // Before the first command it has neither a row of its own nor rows of blocks.
    if (watermark_ && std::ranges::find(logs_, catalogue_log, &LogRow::log) == logs_.end()) {
      const auto row = index_.seek(catalogue_log, 0);
      if (auto done = must_read(row); !done) return done;
      if (row && *row) find("index: it has rows of the catalogue's log and does not know the log");
    }
    for (const LogRow& log : logs_) {
      ++report_.logs;
      if (log.log == catalogue_log && log.first > newest_snapshot_ + 1) {
        find("the catalogue: its commands begin at position {}, and the newest whole snapshot ends at {}", log.first,
             newest_snapshot_);
      }
      if (auto done = check_rows(log); !done) return done;
    }
    return {};
  }

  base::Result<void> check_rows(const LogRow& log) {
    std::optional<IndexRow> before;
    for (Position at = 0;;) {
      const auto rows = index_.scan(log.log, at, rows_at_once);
      if (!rows) return must_read(rows);
      for (const IndexRow& row : *rows) {
        ++report_.rows;
        if (row.log != log.log || row.count == 0) {
          find("index: {}: a row of {} records of {}", name_of(log.log), row.count, name_of(row.log));
          return {};
        }
        check_order(before, row);
        if (auto done = check_row(row); !done) return done;
        before = row;
      }
      if (rows->size() < rows_at_once) break;
      at = before->first + before->count;
    }
    if (before && log.tail > 0 && before->first + before->count - 1 > log.tail) {
      find("index: {}: its rows go up to position {}, and the log ends at {}", name_of(log.log),
           before->first + before->count - 1, log.tail);
    }
    return {};
  }

  void check_order(const std::optional<IndexRow>& before, const IndexRow& row) {
    if (!before) return;
    const Position next = before->first + before->count;
    if (row.first < next) {
      find("index: {}: a row begins at position {} and the one before it ends at {}", name_of(row.log), row.first,
           next - 1);
    } else if (row.arrival_ms < before->arrival_ms) {
      find("index: {}: the arrival of position {} lies before that of {}", name_of(row.log), row.first, before->first);
    } else if (row.first != next && row.first % (Position{1} << incarnation_shift) != 0) {
      note("{}: there is nothing between positions {} and {}", name_of(row.log), next - 1, row.first);
    }
  }

  // Its block is where it says, whole, and of the same records. The payload was read by the scan.
  base::Result<void> check_row(const IndexRow& row) {
    const std::string records = records_of(row.log, row.first, row.count);
    const auto found = segments_.find(row.segment);
    if (found == segments_.end() || found->second.header.generation != row.generation) {
      find("index: {}: segment {} of generation {} is not there", records, row.segment, row.generation);
      return {};
    }
    Segment& segment = found->second;
    segment.named_bytes += row.size;
    const std::uint64_t end = row.offset + row.size;
    if (segment.usage && end > segment.usage->indexed_end) {
      find("index: {}: segments/{} is covered up to offset {}, and the row goes up to {}", records, segment.name,
           segment.usage->indexed_end, end);
    }
    const auto file = open(segment);
    if (!file) return base::fail(file.error());
    std::array<std::byte, block_header_bytes> bytes{};
    const auto got = (*file)->read_at(row.offset, bytes);
    if (!got) return base::fail(got.error());
    const auto block = decode_block_header(std::span(bytes).first(*got), row.generation, row.offset);
    if (!block || segment.is_damaged(row.offset, end)) {
      find("{}: lost, with their block in segments/{} at offset {}, {} bytes", records, segment.name, row.offset,
           row.size);
    } else if (block->log != row.log || block->first != row.first || block->count != row.count ||
               block->arrival_ms != row.arrival_ms || block->payload_bytes + block_header_bytes != row.size) {
      find("index: {}: segments/{} has {} at offset {}", records, segment.name,
           records_of(block->log, block->first, block->count), row.offset);
    }
    return {};
  }

  // The file of a segment; lives until another one is asked for.
  base::Result<io::File*> open(const Segment& segment) {
    if (open_files_.size() >= open_files_max) open_files_.clear();
    auto& file = open_files_[segment.header.number];
    if (file == nullptr) {
      auto opened = files_.open(path_ + "/segments/" + segment.name, io::OpenMode::read);
      if (!opened) return base::fail(std::move(opened.error()));
      file = std::move(*opened);
    }
    return file.get();
  }

  void check_usages() {
    for (const auto& [number, segment] : segments_) {
      if (segment.named_bytes > 0 && !segment.usage) {
        find("index: rows name {} bytes of segments/{}, and its usage is missing", segment.named_bytes, segment.name);
      }
    }
    for (const auto& [number, usage] : usages_) {
      const auto found = segments_.find(number);
      const bool is_there = found != segments_.end() && found->second.usage.has_value();
      // What is gone, or lives again, had nothing that lives; the next batch drops its usage.
      if (!is_there && usage.live_bytes > 0) {
        find("index: segment {} of generation {} with {} bytes that live is not there", number, usage.generation,
             usage.live_bytes);
      }
      if (is_there && usage.live_bytes != found->second.named_bytes) {
        find("index: segments/{} has {} bytes that live, and rows name {}", found->second.name, usage.live_bytes,
             found->second.named_bytes);
      }
    }
  }

  void tell_rest() {
    if (!watermark_ && report_.blocks > 0) {
      note("the index is empty; the next start makes it anew from all segments");
    } else if (report_.unindexed_blocks > 0) {
      note("{} blocks are not in the index yet; the next start takes them in", report_.unindexed_blocks);
    }
    if (report_.findings > findings_told_max) {
      tell_(fmt::format("{} more findings are not shown", report_.findings - findings_told_max));
    }
  }

  const std::string path_;
  io::FileSystem& files_;
  IndexStore& index_;
  const std::function<void(std::string_view)>& tell_;

  CheckReport report_;
  std::uint64_t told_bytes_ = 0;
  std::map<std::uint64_t, SegmentUsage> usages_;  // by number
  std::optional<Watermark> watermark_;
  bool clean_ = false;
  std::vector<LogRow> logs_;
  std::map<std::uint64_t, Segment> segments_;  // by number
  Segment* scanned_ = nullptr;
  std::size_t pieces_ = 0;
  Position newest_snapshot_ = 0;
  std::map<std::uint64_t, std::unique_ptr<io::File>> open_files_;
};

}  // namespace

std::string CheckReport::summary() const {
  return fmt::format(
      "{}: {} segments with {} runs and {} blocks ({} bytes), {} snapshots, {} logs with {} index rows, {} blocks not "
      "indexed yet",
      findings == 0 ? "no damage" : fmt::format("{} findings", findings), segments, runs, blocks, bytes, snapshots,
      logs, rows, unindexed_blocks);
}

base::Result<CheckReport> check_folder(const std::string& path, io::FileSystem& files, IndexStore& index,
                                       const std::function<void(std::string_view)>& tell) {
  return Checker(path, files, index, tell).run();
}

}  // namespace millrace::log::segment
