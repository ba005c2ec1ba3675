#include "log/segment/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "log/segment/page_filler.h"

namespace millrace::log::segment {
namespace {

Position last_of(const IndexRow& row) {
  return row.first + row.count - 1;
}

// How many of the rows a page with these limits needs at most, one at least.
std::size_t rows_needed(std::span<const IndexRow> rows, Position from, std::uint64_t records, std::uint64_t bytes) {
  std::size_t needed = 0;
  while (needed < rows.size() && records > 0 && bytes > 0) {
    const IndexRow& row = rows[needed++];
    const std::uint64_t skipped = from > row.first ? from - row.first : 0;
    records -= std::min(records, row.count - skipped);
    // Nobody knows how large the records before `from` are.
    if (skipped == 0) bytes -= std::min<std::uint64_t>(bytes, row.size);
  }
  return needed;
}

}  // namespace

// What arrived before it is expired, though it may still be there.
std::int64_t Reader::oldest_shown_ms(LogState& log) const {
  const base::Lock lock(log.mutex);
  if (log.config.retention.count() <= 0) return std::numeric_limits<std::int64_t>::min();
  return core_.wall_clock.now_ms() - log.config.retention.count();
}

// The table is asked first: what leaves it meanwhile is in the index by then.
base::Result<std::vector<IndexRow>> Reader::rows_from(LogState& log, Position from, std::size_t count) const {
  std::vector<IndexRow> recent;
  Position recent_first = std::numeric_limits<Position>::max();
  {
    const base::Lock lock(log.mutex);
    from = std::max(from, log.first);
    auto at = std::partition_point(log.unindexed.begin(), log.unindexed.end(),
                                   [&](const IndexRow& row) { return last_of(row) < from; });
    if (!log.unindexed.empty()) recent_first = log.unindexed.front().first;
    for (; at != log.unindexed.end() && recent.size() < count; ++at)
      recent.push_back(*at);
  }
  if (from >= recent_first) return recent;
  auto rows = core_.index->scan(log.id, from, count);
  if (!rows) return rows;
  std::erase_if(*rows, [&](const IndexRow& row) { return row.first >= recent_first; });
  for (const IndexRow& row : recent) {
    if (rows->size() < count) rows->push_back(row);
  }
  return rows;
}

base::Result<std::optional<IndexRow>> Reader::row_at_time(LogState& log, std::int64_t arrival_ms) const {
  std::optional<IndexRow> recent;
  {
    const base::Lock lock(log.mutex);
    const auto at = std::partition_point(log.unindexed.begin(), log.unindexed.end(),
                                         [&](const IndexRow& row) { return row.arrival_ms < arrival_ms; });
    if (at != log.unindexed.end()) recent = *at;
  }
  auto indexed = core_.index->seek_time(log.id, arrival_ms);
  if (!indexed) return indexed;
  if (*indexed && (!recent || (*indexed)->first < recent->first)) return indexed;
  return recent;
}

// Blocks whose file-system pages touch are one extent: what is read between them would be read anyway.
std::vector<Reader::Extent> Reader::extents_of(std::span<const IndexRow> rows) const {
  constexpr std::uint64_t page_bytes = 4096;
  std::vector<Extent> extents;
  const IndexRow* before = nullptr;
  for (const IndexRow& row : rows) {
    const std::uint64_t end = row.offset + row.size;
    const bool same_file = before != nullptr && before->segment == row.segment && before->generation == row.generation;
    if (same_file && row.offset >= extents.back().end &&
        row.offset / page_bytes <= extents.back().end / page_bytes + 1 &&
        end - extents.back().begin <= extent_bytes_max) {
      extents.back().end = end;
      ++extents.back().rows;
    } else {
      auto file = same_file ? extents.back().file : core_.find_segment(row.segment, row.generation);
      extents.push_back({.file = std::move(file), .begin = row.offset, .end = end, .rows = 1});
    }
    before = &row;
  }
  return extents;
}

base::Result<std::vector<Block>> Reader::read_blocks(std::span<const IndexRow> rows) const {
  std::vector<Block> blocks;
  blocks.reserve(rows.size());
  const auto extents = extents_of(rows);
  std::size_t asked = 0;
  std::uint64_t ahead = 0;  // bytes that the disk was asked for and that were not read yet
  for (const Extent& extent : extents) {
    for (; extents.size() > 1 && asked < extents.size() && ahead < ahead_bytes_max; ++asked) {
      const Extent& next = extents[asked];
      if (next.file != nullptr) next.file->will_need(next.begin, next.end - next.begin);
      ahead += next.end - next.begin;
    }
    if (auto read = read_extent(extent, rows.first(extent.rows), blocks); !read) return base::fail(read.error());
    ahead -= std::min(ahead, extent.end - extent.begin);
    rows = rows.subspan(extent.rows);
  }
  return blocks;
}

base::Result<void> Reader::read_extent(const Extent& extent, std::span<const IndexRow> rows,
                                       std::vector<Block>& into) const {
  if (extent.file == nullptr) {
    into.resize(into.size() + rows.size());
    for (const IndexRow& row : rows) {
      if (!is_gone(row)) tell_lost(row, "a segment that is missing");
    }
    return {};
  }
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(extent.end - extent.begin);
  const std::span<std::byte> bytes(buffer.get(), extent.end - extent.begin);
  const auto got = extent.file->read_at(extent.begin, bytes);
  if (!got) return base::fail(got.error());
  for (const IndexRow& row : rows) {
    const std::size_t at = std::min<std::size_t>(row.offset - extent.begin, *got);
    auto block =
        make_block(*extent.file, row, bytes.first(*got).subspan(at).first(std::min<std::size_t>(row.size, *got - at)));
    if (!block) return base::fail(block.error());
    into.push_back(std::move(*block));
  }
  return {};
}

// `bytes` are fewer than the row says at the end of a file that was cut.
base::Result<Block> Reader::make_block(const SegmentFile& file, const IndexRow& row,
                                       std::span<const std::byte> bytes) const {
  const auto header = decode_block(bytes, row.generation, row.offset);
  const bool is_it = header && header->log == row.log && header->first == row.first && header->count == row.count &&
                     header->payload_bytes + block_header_bytes == row.size;
  if (is_it && header->codec == 0 && header->key_id == 0) {
    auto block = BlockBuilder::from_payload(&core_.budget, base::MemoryShare::answers,
                                            bytes.subspan(block_header_bytes), header->arrival_ms);
    if (block && block->record_count() == row.count) return std::move(*block);
  }
  // Expired and given back while this read was on its way.
  if (!file.retired() && !is_gone(row)) tell_lost(row, file.path());
  return Block();
}

// Whether the row has left the index by now, so that its place may have been given back.
bool Reader::is_gone(const IndexRow& row) const {
  const auto log = core_.logs.find(row.log);
  if (log == nullptr) return true;
  const auto rows = rows_from(*log, row.first, 1);
  return rows && (rows->empty() || rows->front() != row);
}

void Reader::tell_lost(const IndexRow& row, const std::string& file) const {
  base::log::write_limited(fmt::format("damaged-{}-{}", row.segment, row.offset), core_.steady_clock.now_ms(),
                           base::log::Level::error, "stored records are damaged and are passed over",
                           {{"stream", core_.names ? core_.names(row.log.stream_uid) : std::string()},
                            {"stream_uid", fmt::format("{}", row.log.stream_uid)},
                            {"shard", fmt::format("{}", row.log.shard_no)},
                            {"positions", fmt::format("{}-{}", row.first, last_of(row))},
                            {"file", file},
                            {"offset", fmt::format("{}", row.offset)}});
}

base::Result<Page> Reader::read(LogState& log, Position from, const ReadLimits& limits) const {
  const bool closed = log.closed.load(std::memory_order_acquire);
  const Position tail = log.tail.load(std::memory_order_acquire);
  const std::int64_t arrival_min_ms = std::max(limits.arrival_min_ms, oldest_shown_ms(log));
  PageFiller page(from, limits);
  for (;;) {
    auto rows = rows_from(log, page.next(), rows_max);
    if (!rows) return base::fail(rows.error());
    std::erase_if(*rows, [&](const IndexRow& row) { return row.first > tail; });
    if (rows->empty()) break;
    if (rows->front().arrival_ms < arrival_min_ms) {
      // Arrival times never fall, so all that is hidden is passed over at once.
      const auto shown = row_at_time(log, arrival_min_ms);
      if (!shown) return base::fail(shown.error());
      page.skip_to(*shown ? (*shown)->first : tail + 1);
      if (!*shown) break;
      continue;
    }
    if (!page.wants_more()) {
      page.skip_to(rows->front().first);
      page.set_next_arrival_ms(rows->front().arrival_ms);
      return page.finish();
    }
    const auto needed =
        std::span<const IndexRow>(*rows).first(rows_needed(*rows, page.next(), page.records_left(), page.bytes_left()));
    const auto blocks = read_blocks(needed);
    if (!blocks) return base::fail(blocks.error());
    for (std::size_t i = 0; i < needed.size() && page.wants_more(); ++i) {
      if ((*blocks)[i]) {
        page.add((*blocks)[i], needed[i].first);
      } else {
        page.skip_to(last_of(needed[i]) + 1);
      }
    }
    if (page.is_cut()) return page.finish();
  }
  page.skip_to(tail + 1);
  page.set_closed(closed);
  return page.finish();
}

base::Result<bool> Reader::is_whole(LogState& log, Position from) const {
  const Position tail = log.tail.load(std::memory_order_acquire);
  const auto follows = [&from](const IndexRow& row) {
    const bool is_jump = row.first > from && row.first % (Position{1} << incarnation_shift) == 0;
    const bool is_next = row.first <= from || is_jump;
    from = last_of(row) + 1;
    return is_next;
  };
  for (;;) {
    const auto rows = rows_from(log, from, rows_max);
    if (!rows) return base::fail(rows.error());
    if (rows->empty()) return from > tail;
    if (!std::ranges::all_of(*rows, follows)) return false;
    const auto blocks = read_blocks(*rows);
    if (!blocks) return base::fail(blocks.error());
    if (!std::ranges::all_of(*blocks, [](const Block& block) { return static_cast<bool>(block); })) return false;
  }
}

base::Result<Position> Reader::seek_time(LogState& log, std::int64_t arrival_ms) const {
  const Position tail = log.tail.load(std::memory_order_acquire);
  Position first = 0;
  {
    const base::Lock lock(log.mutex);
    first = log.first;
  }
  const auto row = row_at_time(log, std::max(arrival_ms, oldest_shown_ms(log)));
  if (!row) return base::fail(row.error());
  if (!*row || (*row)->first > tail) return tail + 1;
  return std::max((*row)->first, first);
}

}  // namespace millrace::log::segment
