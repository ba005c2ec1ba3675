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

}  // namespace

// What arrived before it is expired, though it may still be there.
std::int64_t Reader::oldest_shown_ms(LogState& log) const {
  base::Lock lock(log.mutex);
  if (log.config.retention.count() <= 0) return std::numeric_limits<std::int64_t>::min();
  return core_.wall_clock.now_ms() - log.config.retention.count();
}

// The table is asked first: what leaves it meanwhile is in the index by then.
base::Result<std::vector<IndexRow>> Reader::rows_from(LogState& log, Position from, std::size_t count) const {
  std::vector<IndexRow> recent;
  Position recent_first = std::numeric_limits<Position>::max();
  {
    base::Lock lock(log.mutex);
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
    base::Lock lock(log.mutex);
    const auto at = std::partition_point(log.unindexed.begin(), log.unindexed.end(),
                                         [&](const IndexRow& row) { return row.arrival_ms < arrival_ms; });
    if (at != log.unindexed.end()) recent = *at;
  }
  auto indexed = core_.index->seek_time(log.id, arrival_ms);
  if (!indexed) return indexed;
  if (*indexed && (!recent || (*indexed)->first < recent->first)) return indexed;
  return recent;
}

base::Result<std::optional<Block>> Reader::read_block(const IndexRow& row) const {
  const auto file = core_.find_segment(row.segment, row.generation);
  if (file == nullptr) return std::nullopt;
  std::vector<std::byte> bytes(row.size);
  const auto header = file->read_block(row.generation, row.offset, bytes);
  if (!header && header.error().code == base::Errc::not_found) return std::nullopt;
  if (!header && header.error().code != base::Errc::data_loss) return base::fail(header.error());
  std::optional<Block> block;
  if (header && header->log == row.log && header->first == row.first && header->count == row.count) {
    block = BlockBuilder::from_payload(&core_.budget, base::MemoryShare::answers,
                                       std::span(bytes).subspan(block_header_bytes, header->payload_bytes),
                                       header->arrival_ms);
    if (block && block->record_count() == row.count) return block;
  }
  base::log::write_limited(fmt::format("damaged-{}-{}", row.segment, row.offset), core_.steady_clock.now_ms(),
                           base::log::Level::error, "stored records are damaged and are passed over",
                           {{"stream_uid", fmt::format("{}", row.log.stream_uid)},
                            {"shard", fmt::format("{}", row.log.shard_no)},
                            {"positions", fmt::format("{}-{}", row.first, last_of(row))},
                            {"file", file->path()},
                            {"offset", fmt::format("{}", row.offset)}});
  return std::nullopt;
}

base::Result<Page> Reader::read(LogState& log, Position from, const ReadLimits& limits) const {
  const bool closed = log.closed.load(std::memory_order_acquire);
  const Position tail = log.tail.load(std::memory_order_acquire);
  const std::int64_t arrival_min_ms = std::max(limits.arrival_min_ms, oldest_shown_ms(log));
  PageFiller page(from, limits);
  std::optional<std::int64_t> next_arrival_ms;
  bool sought = false;
  for (bool at_end = false; !at_end && !page.is_cut() && !next_arrival_ms;) {
    const auto rows = rows_from(log, page.next(), rows_max);
    if (!rows) return base::fail(rows.error());
    at_end = rows->empty();
    for (const IndexRow& row : *rows) {
      if (row.first > tail) {
        at_end = true;
        break;
      }
      if (row.arrival_ms < arrival_min_ms) {
        if (sought) {
          page.skip_to(last_of(row) + 1);
          continue;
        }
        // All that is hidden is passed over at once.
        sought = true;
        const auto shown = row_at_time(log, arrival_min_ms);
        if (!shown) return base::fail(shown.error());
        page.skip_to(*shown ? (*shown)->first : tail + 1);
        break;
      }
      if (!page.wants_more()) {
        page.skip_to(row.first);
        next_arrival_ms = row.arrival_ms;
        break;
      }
      const auto block = read_block(row);
      if (!block) return base::fail(block.error());
      if (*block) {
        page.add(**block, row.first);
      } else {
        page.skip_to(last_of(row) + 1);
      }
      if (page.is_cut()) break;
    }
  }
  if (!page.is_cut() && !next_arrival_ms) page.skip_to(tail + 1);
  if (next_arrival_ms) page.set_next_arrival_ms(*next_arrival_ms);
  page.set_closed(closed && page.next() > tail && !page.is_cut() && !next_arrival_ms);
  return page.finish();
}

base::Result<Position> Reader::seek_time(LogState& log, std::int64_t arrival_ms) const {
  const Position tail = log.tail.load(std::memory_order_acquire);
  Position first = 0;
  {
    base::Lock lock(log.mutex);
    first = log.first;
  }
  const auto row = row_at_time(log, std::max(arrival_ms, oldest_shown_ms(log)));
  if (!row) return base::fail(row.error());
  if (!*row || (*row)->first > tail) return tail + 1;
  return std::max((*row)->first, first);
}

}  // namespace millrace::log::segment
