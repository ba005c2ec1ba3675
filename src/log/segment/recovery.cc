#include "log/segment/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>
#include <vector>

namespace millrace::log::segment {
namespace {

constexpr unsigned incarnation_shift = 32;
// More records than one log can lose unseen in `os` durability: the index is flushed, and the segments before it, far
// sooner.
constexpr Position lost_max = Position{1} << 31;
// More segments than one life can begin.
constexpr std::uint64_t generations_a_life = std::uint64_t{1} << 24;

class LogReporter final : public Reporter {
 public:
  void skipped(const Skipped& piece) override {
    const bool torn = piece.kind == Skipped::Kind::torn_tail;
    const char* const what =
        torn ? "dropped the unfinished end of a segment"
             : (piece.kind == Skipped::Kind::unknown ? "passed over stored records of an unknown kind"
                                                     : "passed over damaged bytes of a segment");
    const auto level = torn ? base::log::Level::info : base::log::Level::error;
    std::string records = "unknown";
    if (piece.block) {
      records = fmt::format("stream_uid {} shard {} positions {}-{}", piece.block->log.stream_uid,
                            piece.block->log.shard_no, piece.block->first, piece.block->first + piece.block->count - 1);
    }
    base::log::write(level, what,
                     {{"file", piece.path},
                      {"offset", fmt::format("{}", piece.offset)},
                      {"bytes", fmt::format("{}", piece.bytes)},
                      {"records", records}});
  }
  void headless(const std::string& path, bool removed) override {
    base::log::warn(removed ? "removed a segment that was never begun" : "left alone a segment with a damaged header",
                    {{"file", path}});
  }
};

base::Result<std::optional<std::uint64_t>> number_value(IndexStore& index, const char* name) {
  const auto text = index.value(name);
  if (!text) return base::fail(text.error());
  if (!*text) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = (*text)->data() + (*text)->size();
  const auto parsed = std::from_chars((*text)->data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return base::fail(base::Errc::data_loss, fmt::format("the index is damaged: its value {} is no number", name));
  }
  return number;
}

struct Met {
  std::uint64_t run = 0;
  bool closes = false;
  IndexRow row;
};

struct Scanned {
  std::vector<Met> blocks;
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;
};

base::Result<void> scan_set(Core& core, SegmentSet& set, std::uint64_t after_run, Reporter& reporter, Scanned& all) {
  for (const auto& file : set.segments()) {
    const auto result = file->scan(
        {.after_run = after_run},
        [&](const ScannedBlock& block) {
          const BlockHeader& header = block.header;
          IndexRow row{.log = header.log,
                       .first = header.first,
                       .count = header.count,
                       .arrival_ms = header.arrival_ms,
                       .segment = file->header().number,
                       .generation = file->header().generation,
                       .offset = header.offset,
                       .size = block.size};
          all.blocks.push_back({block.run, (header.flags & BlockHeader::closes) != 0, row});
        },
        reporter);
    if (!result) return base::fail(result.error());
    ++all.segments;
    all.bytes += result->bytes;
    core.last_run = std::max(core.last_run, result->last_run);
  }
  return {};
}

// Every file that a crash left open ends here, durably.
base::Result<void> end_segments(Core& core) {
  for (const auto& set : core.sets) {
    for (const auto& file : set->segments()) {
      if (file->sealed()) continue;
      if (auto sealed = file->seal(++core.last_run); !sealed) return sealed;
    }
  }
  return {};
}

// Puts what the segments hold beyond the index into the logs and into a batch. A block of a log that the index does not
// know is of one that was dropped.
IndexBatch index_met(Core& core, Scanned& scanned) {
  std::ranges::sort(scanned.blocks, {}, [](const Met& met) {
    return std::tuple(met.run, met.row.segment, met.row.offset);
  });
  IndexBatch batch;
  std::vector<std::shared_ptr<LogState>> changed;
  for (Met& met : scanned.blocks) {
    const auto log = core.logs.find(met.row.log);
    if (log == nullptr) continue;
    base::Lock lock(log->mutex);
    changed.push_back(log);
    if (met.closes) {
      log->closed.store(true);
      log->indexed.closed = true;
      continue;
    }
    // Written and met twice, or older than what the index has: it is there already.
    if (met.row.first <= log->assigned) continue;
    if (log->config.retention.count() > 0) met.row.expires_ms = met.row.arrival_ms + log->config.retention.count();
    log->assigned = met.row.first + met.row.count - 1;
    log->tail.store(log->assigned);
    log->indexed.tail = log->assigned;
    log->indexed.last_arrival_ms = std::max(log->indexed.last_arrival_ms, met.row.arrival_ms);
    log->queued_arrival_ms = log->indexed.last_arrival_ms;
    batch.put_rows.push_back(met.row);
  }
  std::ranges::sort(changed);
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  for (const auto& log : changed) {
    base::Lock lock(log->mutex);
    batch.put_logs.push_back(log->indexed);
  }
  return batch;
}

// Says to the sets what lives in their segments.
base::Result<void> account(Core& core) {
  constexpr std::size_t rows_at_once = 1'024;
  for (const auto& log : core.logs.all()) {
    for (Position at = 0;;) {
      const auto rows = core.index->scan(log->id, at, rows_at_once);
      if (!rows) return base::fail(rows.error());
      for (const IndexRow& row : *rows) {
        for (const auto& set : core.sets) {
          if (set->find(row.segment, row.generation) == nullptr) continue;
          set->add_live({row.segment, row.generation, row.offset, row.size}, row.log, row.expires_ms);
        }
        at = row.first + row.count;
      }
      if (rows->size() < rows_at_once) break;
    }
  }
  return {};
}

base::Result<void> load_logs(Core& core) {
  const auto rows = core.index->logs();
  if (!rows) return base::fail(rows.error());
  for (const LogRow& row : *rows)
    core.logs.find_or_add(row);
  core.logs.find_or_add(LogRow{.log = catalogue_log, .config = {}});
  return {};
}

// Positions that a life in `os` durability gave and a power cut took are never given again.
base::Result<void> choose_incarnation(Core& core, bool clean, bool first_life) {
  const auto stored = number_value(*core.index, incarnation_value);
  if (!stored) return base::fail(stored.error());
  core.incarnation = stored->value_or(0);
  const auto durability = core.index->value(durability_value);
  if (!durability) return base::fail(durability.error());
  if (clean || first_life || *durability == "sync") return {};
  ++core.incarnation;
  for (const auto& log : core.logs.all())
    core.incarnation = std::max(core.incarnation, ((log->assigned + lost_max) >> incarnation_shift) + 1);
  return {};
}

}  // namespace

base::Result<std::uint64_t> first_generation(IndexStore& index, io::Random& random) {
  const auto stored = number_value(index, generation_value);
  if (!stored) return base::fail(stored.error());
  if (*stored) return **stored;
  return random.next_u64() >> 1;
}

base::Result<void> recover(Core& core) {
  const std::int64_t began_ms = core.steady_clock.now_ms();
  LogReporter reporter;
  for (std::size_t c = 0; c < segment_class_count; ++c) {
    auto set = SegmentSet::open(core.files, {.folder = core.folder.segments(), .segment_class = SegmentClass(c)},
                                core.numbering, reporter);
    if (!set) return base::fail(std::move(set.error()));
    core.sets[c] = std::move(*set);
  }
  if (auto loaded = load_logs(core); !loaded) return loaded;
  const auto mark = core.index->value(clean_value);
  if (!mark) return base::fail(mark.error());
  const auto watermark = core.index->watermark();
  if (!watermark) return base::fail(watermark.error());
  const bool clean = mark->has_value();
  const bool first_life = !clean && !*watermark;
  core.last_run = *watermark ? (*watermark)->run : 0;

  Scanned scanned;
  const std::uint64_t after_run = core.last_run;
  for (const auto& set : core.sets) {
    if (auto done = scan_set(core, *set, after_run, reporter, scanned); !done) return done;
  }
  if (first_life && !scanned.blocks.empty()) {
    return base::fail(base::Errc::data_loss,
                      fmt::format("{} has segments and no index: it is not whole", core.folder.path()));
  }
  if (auto ended = end_segments(core); !ended) return ended;
  IndexBatch batch = index_met(core, scanned);
  if (auto chosen = choose_incarnation(core, clean, first_life); !chosen) return chosen;
  batch.watermark = Watermark{core.last_run};
  batch.drop_values.emplace_back(clean_value);
  batch.put_values.emplace_back(incarnation_value, fmt::format("{}", core.incarnation));
  batch.put_values.emplace_back(durability_value, core.options.durability == Durability::sync ? "sync" : "os");
  batch.put_values.emplace_back(generation_value, fmt::format("{}", core.numbering.generation() + generations_a_life));
  if (auto written = core.index->write(batch); !written) return written;
  if (auto flushed = core.index->flush(); !flushed) return flushed;
  if (auto accounted = account(core); !accounted) return accounted;
  if (!clean && !first_life) {
    base::log::info("recovered from a stop that was not clean",
                    {{"segments", fmt::format("{}", scanned.segments)},
                     {"bytes", fmt::format("{}", scanned.bytes)},
                     {"blocks", fmt::format("{}", batch.put_rows.size())},
                     {"ms", fmt::format("{}", core.steady_clock.now_ms() - began_ms)}});
  }
  return {};
}

}  // namespace millrace::log::segment
