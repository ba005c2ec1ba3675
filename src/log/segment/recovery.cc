#include "log/segment/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>
#include <vector>

#include "log/segment/catalogue_log.h"
#include "log/segment/mutations.h"

namespace millrace::log::segment {
namespace {

// More records than one log can lose unseen in `os` durability: the index is flushed, and the segments before it, far
// sooner.
constexpr Position lost_max = Position{1} << 31;

std::uint64_t minutes_since_2020(std::int64_t now_ms) {
  constexpr std::int64_t begin_of_2020_ms = 1'577'836'800'000;
  constexpr std::int64_t minute_ms = 60'000;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(now_ms - begin_of_2020_ms, 0) / minute_ms);
}

class LogReporter final : public Reporter {
 public:
  void skipped(const Skipped& piece) override {
    const bool torn = piece.kind == Skipped::Kind::torn_tail;
    // A dead range that was given back, in a segment that is read once more.
    if (piece.hole) return;
    const char* const what =
        torn ? "dropped the unfinished end of a segment"
             : (piece.kind == Skipped::Kind::unknown ? "passed over stored records of an unknown kind"
                                                     : "passed over damaged bytes of a segment");
    if (!torn) note_command(piece);
    const auto level = torn ? base::log::Level::info : base::log::Level::error;
    std::string records = "unknown";
    if (piece.block) {
      if (!torn && piece.block->log != catalogue_log) damaged_streams.insert(piece.block->log.stream_uid);
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

  std::set<std::uint64_t> damaged_streams;  // uids of those with records that were passed over
  Position damaged_command = 0;             // the last one of the catalogue that may have been; 0: none

 private:
  // Where the header is damaged, too, nobody knows which commands they were.
  void note_command(const Skipped& piece) {
    const auto name = SegmentFile::parse_name(std::string_view(piece.path).substr(piece.path.rfind('/') + 1));
    if (!name || name->first != SegmentClass::catalogue) return;
    const Position last = piece.block ? piece.block->first + piece.block->count - 1 : ~Position{0};
    damaged_command = std::max(damaged_command, last);
  }
};

base::Result<std::optional<std::uint64_t>> number_value(IndexStore& index, const char* name) {
  const auto text = index.value(name);
  if (!text) return base::fail(text.error());
  const std::optional<std::string>& digits = *text;
  if (!digits) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = digits->data() + digits->size();
  const auto parsed = std::from_chars(digits->data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return base::fail(base::Errc::data_loss, fmt::format("the index is damaged: its value {} is no number", name));
  }
  return number;
}

// A block that the segments hold and the index does not.
struct Met {
  std::uint64_t run = 0;
  bool closes = false;
  IndexRow row;
};

// One recovery, step by step.
class Recovery {
 public:
  explicit Recovery(Core& core) : core_(core) {}
  const std::set<std::uint64_t>& damaged_streams() const { return reporter_.damaged_streams; }

  base::Result<void> run() {
    const std::int64_t began_ms = core_.steady_clock.now_ms();
    if (auto done = open_sets(); !done) return done;
    if (auto done = load_index(); !done) return done;
    if (auto done = scan_segments(); !done) return done;
    if (auto whole = check_met_commands(core_, reporter_.damaged_command); !whole) return whole;
    if (auto done = end_segments(); !done) return done;
    take_in();
    if (auto done = choose_incarnation(); !done) return done;
    if (auto done = write_index(); !done) return done;
    if (!clean_ && !is_new()) tell(core_.steady_clock.now_ms() - began_ms);
    return {};
  }

 private:
  base::Result<void> open_sets() {
    for (std::size_t c = 0; c < segment_class_count; ++c) {
      auto set = SegmentSet::open(core_.files,
                                  {.folder = core_.folder.segments(),
                                   .segment_class = SegmentClass(c),
                                   .first_bytes = core_.options.segment_bytes_first,
                                   .bytes_max = core_.options.segment_bytes_max},
                                  core_.numbering, reporter_);
      if (!set) return base::fail(std::move(set.error()));
      core_.sets[c] = std::move(*set);
    }
    return {};
  }

  base::Result<void> load_index() {
    IndexStore& index = *core_.index;
    const auto logs = index.logs();
    if (!logs) return base::fail(logs.error());
    for (const LogRow& row : *logs)
      core_.logs.find_or_add(row, true);
    if (auto known = check_catalogue_is_known(core_); !known) return known;
    core_.logs.find_or_add(LogRow{.log = catalogue_log, .config = {}}, false);
    const auto usages = index.usages();
    if (!usages) return base::fail(usages.error());
    for (const SegmentUsage& usage : *usages) {
      // Its number is taken, whether the file is there or not.
      core_.numbering.raise(usage.segment, usage.generation);
      const bool is_there = core_.find_segment(usage.segment, usage.generation) != nullptr;
      if (!is_there && usage.live_bytes == 0) {
        batch_.drop_usages.push_back(usage.segment);
        continue;
      }
      // Kept, so that the file is known again should somebody put it back.
      core_.usages.restore(usage);
      if (is_there) continue;
      base::log::error(
          "a segment is missing or damaged: the records in it cannot be read",
          {{"segment", fmt::format("{:016x}", usage.segment)}, {"bytes", fmt::format("{}", usage.live_bytes)}});
    }
    const auto clean = index.value(clean_value);
    if (!clean) return base::fail(clean.error());
    clean_ = clean->has_value();
    const auto watermark = index.watermark();
    if (!watermark) return base::fail(watermark.error());
    const std::optional<Watermark>& indexed = *watermark;
    has_index_ = indexed.has_value();
    after_run_ = core_.last_run = indexed ? indexed->run : 0;
    return {};
  }

  bool is_new() const { return !has_index_ && segments_ == 0; }

  base::Result<void> scan_segments() {
    for (const auto& set : core_.sets) {
      for (const auto& file : set->segments()) {
        const SegmentUsage* const usage = core_.usages.find(file->header().number);
        if (file->sealed() && usage != nullptr && usage->indexed_end >= file->end()) continue;
        if (auto done = scan(*file, usage == nullptr ? segment_header_bytes : usage->indexed_end); !done) return done;
      }
    }
    if (!has_index_ && segments_ > 0) {
      base::log::warn("the index is empty: it was made anew from all segments",
                      {{"segments", fmt::format("{}", segments_)}, {"bytes", fmt::format("{}", bytes_)}});
    }
    return {};
  }

  base::Result<void> scan(SegmentFile& file, std::uint64_t from) {
    const auto on_block = [&](const ScannedBlock& block) {
      const BlockHeader& header = block.header;
      met_.push_back({.run = block.run,
                      .closes = (header.flags & BlockHeader::closes) != 0,
                      .row = {.log = header.log,
                              .first = header.first,
                              .count = header.count,
                              .arrival_ms = header.arrival_ms,
                              .segment = file.header().number,
                              .generation = file.header().generation,
                              .offset = header.offset,
                              .size = block.size}});
    };
    const auto result = file.scan({.offset = from, .after_run = after_run_}, on_block, reporter_);
    if (!result) return base::fail(result.error());
    ++segments_;
    bytes_ += result->bytes;
    core_.last_run = std::max(core_.last_run, result->last_run);
    tell_progress();
    return {};
  }

  // Every file that a crash left open ends here, durably: nothing recovered is ever appended to.
  base::Result<void> end_segments() {
    for (const auto& set : core_.sets) {
      for (const auto& file : set->unsealed()) {
        if (mutations.append_after_recovery) {
          set->take_up(file);
          continue;
        }
        if (auto sealed = file->seal(); !sealed) return sealed;
      }
      for (const auto& file : set->segments())
        core_.usages.set_indexed_end(file->header().number, file->header().generation, file->end());
    }
    return {};
  }

  // Puts what the index lacks into the logs and into the batch. A log that the index does not know is made: whether it
  // is to be there is for the catalogue to say.
  void take_in() {
    // By their positions: of one log they need not stand in the order of the runs, since a change of its retention may
    // fall between two blocks of one commit, and a damaged run header leaves its number unknown.
    std::ranges::sort(met_, {}, [](const Met& met) { return std::tuple(met.row.log, met.row.first, met.run); });
    std::set<LogId> changed;
    for (const Met& met : met_) {
      const auto log = core_.logs.find_or_add(LogRow{.log = met.row.log, .config = {}}, true).first;
      const base::Lock lock(log->mutex);
      LogRow& row = log->indexed;
      changed.insert(log->id);
      if (met.closes) {
        log->closed.store(true);
        row.closed = true;
        continue;
      }
      // Older than what the index has: it is there already, or was deleted.
      if (met.row.first <= log->assigned) continue;
      log->assigned = met.row.first + met.row.count - 1;
      log->tail.store(log->assigned);
      row.tail = log->assigned;
      row.last_arrival_ms = std::max(row.last_arrival_ms, met.row.arrival_ms);
      log->queued_arrival_ms = row.last_arrival_ms;
      batch_.put_rows.push_back(met.row);
      core_.usages.add(met.row);
    }
    std::ranges::sort(batch_.put_rows, {}, [](const IndexRow& row) { return std::tuple(row.log, row.first); });
    for (const LogId id : changed) {
      const auto log = core_.logs.find(id);
      const base::Lock lock(log->mutex);
      batch_.put_logs.push_back(log->indexed);
    }
  }

  // Positions that a life in `os` durability gave and a power cut took are never given again.
  base::Result<void> choose_incarnation() {
    const auto stored = number_value(*core_.index, incarnation_value);
    if (!stored) return base::fail(stored.error());
    core_.incarnation = stored->value_or(0);
    const auto durability = core_.index->value(durability_value);
    if (!durability) return base::fail(durability.error());
    if (clean_ || is_new() || *durability == "sync") return {};
    // With the index it was forgotten how far it had come. No folder grows old faster than a life a minute.
    if (!has_index_) core_.incarnation = std::max(core_.incarnation, minutes_since_2020(core_.wall_clock.now_ms()));
    if (mutations.no_position_jump) return {};
    ++core_.incarnation;
    for (const auto& log : core_.logs.all())
      core_.incarnation = std::max(core_.incarnation, ((log->assigned + lost_max) >> incarnation_shift) + 1);
    return {};
  }

  // From this batch on the life that begins is known to be running, and in which durability.
  base::Result<void> write_index() {
    batch_.watermark = Watermark{core_.last_run};
    batch_.put_usages = core_.usages.pending_usages();
    batch_.drop_values.emplace_back(clean_value);
    batch_.put_values.emplace_back(incarnation_value, fmt::format("{}", core_.incarnation));
    batch_.put_values.emplace_back(durability_value, core_.options.durability == Durability::sync ? "sync" : "os");
    batch_.put_values.emplace_back(generation_value,
                                   fmt::format("{}", core_.numbering.generation() + generations_ahead));
    if (auto written = core_.index->write(batch_); !written) return written;
    if (auto flushed = core_.index->flush(); !flushed) return flushed;
    core_.usages.commit();
    return {};
  }

  void tell_progress() {
    constexpr std::uint64_t told_every = std::uint64_t{1} << 30;
    if (bytes_ < told_bytes_ + told_every) return;
    told_bytes_ = bytes_;
    base::log::info("reading segments", {{"bytes", fmt::format("{}", bytes_)}});
  }

  void tell(std::int64_t ms) const {
    base::log::info("recovered from a stop that was not clean", {{"segments", fmt::format("{}", segments_)},
                                                                 {"bytes", fmt::format("{}", bytes_)},
                                                                 {"blocks", fmt::format("{}", batch_.put_rows.size())},
                                                                 {"ms", fmt::format("{}", ms)}});
  }

  Core& core_;
  LogReporter reporter_;
  IndexBatch batch_;
  std::vector<Met> met_;
  bool clean_ = false;
  bool has_index_ = false;
  std::uint64_t after_run_ = 0;
  std::uint64_t segments_ = 0;  // read
  std::uint64_t bytes_ = 0;     // of blocks
  std::uint64_t told_bytes_ = 0;
};

}  // namespace

base::Result<std::uint64_t> first_generation(IndexStore& index, io::Random& random) {
  const auto stored = number_value(index, generation_value);
  if (!stored) return base::fail(stored.error());
  return stored->value_or(random.next_u64() >> 1);
}

base::Result<std::set<std::uint64_t>> recover(Core& core) {
  Recovery recovery(core);
  if (auto done = recovery.run(); !done) return base::fail(std::move(done.error()));
  return recovery.damaged_streams();
}

}  // namespace millrace::log::segment
