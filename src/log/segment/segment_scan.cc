#include "log/segment/segment_scan.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace millrace::log::segment {
namespace {

constexpr std::size_t window_bytes = std::size_t{1} << 20;   // that is read at once while looking ahead
constexpr std::size_t fetched_bytes = std::size_t{4} << 20;  // ahead of what is walked; files expect random reads
constexpr std::size_t page_bytes = 4096;                     // a punched hole is made of whole ones

static_assert(block_header_bytes >= run_header_bytes);

bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

class Scanner {
 public:
  Scanner(io::File& file, const std::string& path, const SegmentHeader& header, std::uint64_t after_run,
          const std::function<void(const ScannedBlock&)>& on_block, Reporter& reporter)
      : file_(file),
        path_(path),
        generation_(header.generation),
        after_run_(after_run),
        on_block_(on_block),
        reporter_(reporter) {}

  base::Result<ScanResult> run(std::uint64_t from) {
    auto size = file_.size();
    if (!size) return base::fail(std::move(size.error()));
    size_ = *size;
    if (auto looked = look_for_seal(); !looked) return base::fail(std::move(looked.error()));
    result_.end = from;
    while (!done_) {
      const auto stepped = step();
      if (!stepped) return base::fail(stepped.error());
    }
    return result_;
  }

 private:
  // What stands behind a bad piece.
  struct Ahead {
    std::optional<RunHeader> next;  // first whole run header
    bool proven = false;            // a run says that the bad piece was synced
    std::uint64_t seen_end = 0;     // end of the last whole header met, where nothing was proven
  };

  // Only sealed segments have holes, and those end with their seal.
  base::Result<void> look_for_seal() {
    if (size_ < segment_header_bytes + run_header_bytes) return {};
    const std::uint64_t at = size_ - run_header_bytes;
    const auto bytes = read(at, run_header_bytes);
    if (!bytes) return base::fail(bytes.error());
    const auto run = decode_run_header(*bytes, generation_, at);
    may_have_holes_ = run && (run->flags & RunHeader::sealed) != 0;
    return {};
  }

  // One run, or what stands where one should be.
  base::Result<void> step() {
    const std::uint64_t at = result_.end;
    const auto bytes = read(at, run_header_bytes);
    if (!bytes) return base::fail(bytes.error());
    const auto header = decode_run_header(*bytes, generation_, at);
    if (!header) return no_run(at);
    met(*header);
    if ((header->flags & RunHeader::sealed) != 0) {
      result_.sealed = done_ = true;
      return {};
    }
    const std::uint64_t begin = at + run_header_bytes;
    result_.end = begin + aligned(header->bytes);
    if (header->number <= after_run_) return {};
    ++result_.runs;
    return walk(begin, result_.end, header->number);
  }

  base::Result<void> no_run(std::uint64_t at) {
    const auto ahead = look_ahead(at);
    if (!ahead) return base::fail(ahead.error());
    if (!ahead->proven || !ahead->next) {
      end_here(at, ahead->seen_end);
      return {};
    }
    result_.end = ahead->next->offset;
    // Nobody checks what is passed over.
    if (ahead->next->number <= after_run_) return {};
    const auto from = skip_zeros(at, ahead->next->offset);
    if (!from) return base::fail(from.error());
    hole_end_ = may_have_holes_ && *from > at ? *from : 0;
    return walk(*from, ahead->next->offset, result_.last_run + 1);
  }

  // A hole may be as large as the segment. Gives where zeros end, and `end` at most.
  base::Result<std::uint64_t> skip_zeros(std::uint64_t begin, std::uint64_t end) {
    std::uint64_t at = begin;
    while (at < end) {
      const auto bytes = read(at, std::min<std::uint64_t>(end - at, window_bytes));
      if (!bytes) return base::fail(bytes.error());
      const auto written = std::ranges::find_if(*bytes, [](std::byte b) { return b != std::byte{0}; });
      at += static_cast<std::uint64_t>(written - bytes->begin()) / alignment * alignment;
      if (written != bytes->end() || bytes->empty()) break;
    }
    if (at > begin) report(Skipped::Kind::damaged, begin, at - begin, {}, may_have_holes_);
    return at;
  }

  // The blocks from `at` to `end`, whole ones and damaged ones. What is more than a run may hold is left to the next
  // step.
  base::Result<void> walk(std::uint64_t at, std::uint64_t end, std::uint64_t run_number) {
    const std::uint64_t begin = at;
    const bool is_cut = end - begin > run_bytes_max;
    if (is_cut) result_.end = end = begin + run_bytes_max;
    fetch_ahead(begin, end);
    const auto bytes = read(begin, std::min(end, size_) - std::min(begin, size_));
    if (!bytes) return base::fail(bytes.error());
    // The look-ahead reads into the other buffer, so these stay.
    const std::span<const std::byte> held = *bytes;
    std::swap(buffer_, walked_);
    const auto rest = [&](std::uint64_t from) {
      return held.subspan(std::min<std::size_t>(from - begin, held.size()));
    };
    while (at < end) {
      if (const auto block = decode_block(rest(at), generation_, at)) {
        at = hand_out(*block, rest(at), run_number);
        continue;
      }
      if (is_cut && at > begin && reaches_behind(rest(at), at, end)) {
        result_.end = at;
        return {};
      }
      const auto ahead = look_ahead(at);
      if (!ahead) return base::fail(ahead.error());
      if (!ahead->proven) {
        const auto seal = decode_run_header(rest(at), generation_, at);
        end_here(at, seal ? 0 : std::max(end, ahead->seen_end));
        if (seal) seal_here(*seal);
        return {};
      }
      // A seal that an earlier recovery wrote where it found the run torn.
      if (const auto seal = decode_run_header(rest(at), generation_, at)) {
        result_.end = at;
        seal_here(*seal);
        return {};
      }
      if (ahead->next && ahead->next->offset < end) result_.end = end = ahead->next->offset;
      at = skip_damaged(at, std::min(end, begin + held.size()), rest(at));
      if (at >= begin + held.size()) return {};
    }
    return {};
  }

  bool reaches_behind(std::span<const std::byte> bytes, std::uint64_t at, std::uint64_t end) const {
    if (end - at < block_header_bytes) return true;
    const auto block = decode_block_header(bytes, generation_, at);
    return block && at + block_header_bytes + block->payload_bytes > end;
  }

  // Reports what is damaged at `at`; gives the place of the next whole block header, or `end`.
  std::uint64_t skip_damaged(std::uint64_t at, std::uint64_t end, std::span<const std::byte> bytes) {
    const auto block = decode_block_header(bytes, generation_, at);
    std::uint64_t next = at + alignment;
    if (block) next = at + aligned(block_header_bytes + block->payload_bytes);
    while (!block && next < end && !decode_block_header(bytes.subspan(next - at), generation_, next))
      next += alignment;
    next = std::min(next, end);
    report(Skipped::Kind::damaged, at, next - at, block, has_hole(at, bytes.first(std::min(next - at, bytes.size()))));
    return next;
  }

  // Whether a page of the file that the piece lies in is zeros as far as the piece goes. The pieces at the edges of a
  // hole have only parts of its pages, and what stands directly behind one is the rest of what began in it.
  bool has_hole(std::uint64_t at, std::span<const std::byte> bytes) const {
    if (!may_have_holes_) return false;
    if (at == hole_end_) return true;
    while (!bytes.empty()) {
      const auto in_page = bytes.first(std::min<std::size_t>(page_bytes - at % page_bytes, bytes.size()));
      if (in_page.size() >= alignment && all_zero(in_page)) return true;
      at += in_page.size();
      bytes = bytes.subspan(in_page.size());
    }
    return false;
  }

  std::uint64_t hand_out(const BlockHeader& block, std::span<const std::byte> bytes, std::uint64_t run_number) {
    const std::uint32_t size = static_cast<std::uint32_t>(block_header_bytes) + block.payload_bytes;
    if (block.codec != 0 || block.key_id != 0) {
      report(Skipped::Kind::unknown, block.offset, aligned(size), block, false);
    } else {
      ++result_.blocks;
      result_.bytes += size;
      on_block_({.header = block,
                 .run = run_number,
                 .size = size,
                 .payload = bytes.subspan(block_header_bytes, block.payload_bytes)});
    }
    return block.offset + aligned(size);
  }

  // From behind `bad` on. Ends at the first proof; without one it has read the whole rest.
  base::Result<Ahead> look_ahead(std::uint64_t bad) {
    Ahead ahead{.next = {}, .proven = bad < proven_to_, .seen_end = 0};
    std::uint64_t at = bad + alignment;
    while (at < size_) {
      // Windows overlap by a header.
      const auto bytes = read(at, window_bytes);
      if (!bytes) return base::fail(bytes.error());
      const std::size_t headers = bytes->size() < window_bytes ? bytes->size() : window_bytes - block_header_bytes;
      for (std::size_t i = 0; i < headers; i += alignment) {
        if ((*bytes)[i] != std::byte{'M'}) continue;
        see(bytes->subspan(i), at + i, bad, ahead);
        if (ahead.proven && ahead.next) return ahead;
      }
      at += headers / alignment * alignment;
      if (bytes->size() < window_bytes) break;
    }
    return ahead;
  }

  void see(std::span<const std::byte> bytes, std::uint64_t at, std::uint64_t bad, Ahead& ahead) {
    if (const auto run = decode_run_header(bytes, generation_, at)) {
      if (!ahead.next) ahead.next = run;
      if (run->synced_end > bad) ahead.proven = true;
      proven_to_ = std::max(proven_to_, run->synced_end);
      ahead.seen_end = std::max(ahead.seen_end, at + run_header_bytes);
    } else if (const auto block = decode_block_header(bytes, generation_, at)) {
      ahead.seen_end = std::max(ahead.seen_end, at + aligned(block_header_bytes + block->payload_bytes));
    }
  }

  void met(const RunHeader& run) {
    result_.last_run = std::max(result_.last_run, run.number);
    proven_to_ = std::max(proven_to_, run.synced_end);
  }

  void seal_here(const RunHeader& seal) {
    met(seal);
    result_.sealed = (seal.flags & RunHeader::sealed) != 0;
    done_ = true;
  }

  // Nothing at or behind `at` was known to be synced. `seen_end`: 0 where nothing of this life stands there.
  void end_here(std::uint64_t at, std::uint64_t seen_end) {
    result_.end = at;
    done_ = true;
    if (seen_end <= at) return;
    result_.torn = true;
    report(Skipped::Kind::torn_tail, at, seen_end - at, {}, false);
  }

  void report(Skipped::Kind kind, std::uint64_t at, std::uint64_t bytes, const std::optional<BlockHeader>& block,
              bool hole) {
    reporter_.skipped({.kind = kind, .path = path_, .offset = at, .bytes = bytes, .block = block, .hole = hole});
  }

  // Asked for in large pieces, so that runs of a few KiB do not each wait for the disk.
  void fetch_ahead(std::uint64_t begin, std::uint64_t end) {
    if (end + fetched_bytes / 2 <= fetched_to_ || fetched_to_ >= size_) return;
    const std::uint64_t from = std::max(fetched_to_, begin);
    fetched_to_ = end + fetched_bytes;
    file_.will_need(from, fetched_to_ - from);
  }

  // Fewer bytes at the end of the file. Lives until the next read.
  base::Result<std::span<const std::byte>> read(std::uint64_t at, std::size_t bytes) {
    if (buffer_.size() < bytes) buffer_.resize(bytes);
    const auto got = file_.read_at(at, std::span(buffer_).first(bytes));
    if (!got) return base::fail(got.error());
    return std::span<const std::byte>(buffer_).first(*got);
  }

  io::File& file_;
  const std::string& path_;
  const std::uint64_t generation_;
  const std::uint64_t after_run_;
  const std::function<void(const ScannedBlock&)>& on_block_;
  Reporter& reporter_;
  std::uint64_t size_ = 0;
  std::uint64_t proven_to_ = 0;  // everything before it was synced, as runs met so far say
  std::uint64_t fetched_to_ = 0;
  bool may_have_holes_ = false;
  std::uint64_t hole_end_ = 0;  // of the one behind which the walk began
  bool done_ = false;
  std::vector<std::byte> buffer_;
  std::vector<std::byte> walked_;  // the run at hand
  ScanResult result_;
};

}  // namespace

base::Result<ScanResult> scan_segment(io::File& file, const std::string& path, const SegmentHeader& header,
                                      ScanFrom from, const std::function<void(const ScannedBlock&)>& on_block,
                                      Reporter& reporter) {
  return Scanner(file, path, header, from.after_run, on_block, reporter).run(from.offset);
}

}  // namespace millrace::log::segment
