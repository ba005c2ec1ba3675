#include "log/segment/indexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "log/segment/sweep.h"

namespace millrace::log::segment {
namespace {

constexpr std::size_t rows_at_once = 1'024;
// Deleted rows cost space and time in the index until it is compacted.
constexpr std::size_t compact_after_rows = 1'000'000;

Position last_of(const IndexRow& row) {
  return row.first + row.count - 1;
}

}  // namespace

Indexer::Indexer(std::shared_ptr<Core> core) : core_(std::move(core)), indexed_run_(core_->last_run) {
  live_bytes_.store(core_->usages.live_bytes(), std::memory_order_relaxed);
  for (const auto& set : core_->sets)
    std::ranges::move(set->segments(), std::back_inserter(unswept_));
}

void Indexer::start() {
  core_->loops.index->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->schedule();
  });
}

void Indexer::schedule() {
  core_->loops.index->timers().after(core_->options.index_flush_interval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->core_->stopped.load()) return;
    self->request_cycle();
    self->schedule();
  });
}

void Indexer::request_cycle() {
  begin(false, nullptr);
}

void Indexer::begin(bool clean, Done<void> done) {
  {
    const base::Lock lock(mutex_);
    if (done) waiting_.push_back(std::move(done));
    clean_ = clean_ || clean;
    again_ = true;
    if (std::exchange(under_way_, true)) return;
  }
  start_cycle();
}

void Indexer::start_cycle() {
  core_->loops.index->post([self = shared_from_this()] {
    const auto committer = self->committer_.lock();
    if (committer == nullptr || !self->settle()) return;
    committer->run_between([self] {
      auto cycle = std::make_unique<Cycle>();
      self->take_picture(cycle->picture);
      self->core_->loops.index->post([self, cycle = std::move(cycle)]() mutable { self->work(std::move(cycle)); });
    });
  });
}

// Brings to the disk what a cycle before could only write. False, and this cycle is over, where that fails again.
bool Indexer::settle() {
  if (unflushed_ == nullptr || core_->has_failed()) return true;
  if (auto flushed = core_->index->flush(); !flushed) {
    Cycle none;
    {
      const base::Lock lock(mutex_);
      again_ = false;
      none.picture.clean = clean_;
      none.picture.waiting.swap(waiting_);
    }
    tell_failure(flushed.error());
    end_cycle(none, std::move(flushed));
    return false;
  }
  const auto cycle = std::move(unflushed_);
  complete(*cycle);
  hand_on(*cycle, {});
  return true;
}

// Between two commits, so that everything that was written is in the table, too.
void Indexer::take_picture(Picture& picture) {
  Core& core = *core_;
  {
    const base::Lock lock(mutex_);
    again_ = false;
    picture.clean = clean_;
    picture.waiting.swap(waiting_);
    picture.dropped.swap(dropped_);
    picture.trims.swap(trims_);
  }
  picture.run = core.last_run;
  picture.bytes = core.new_bytes.exchange(0, std::memory_order_relaxed);
  core.new_blocks.store(0, std::memory_order_relaxed);
  for (const auto& set : core.sets) {
    if (picture.clean) set->end_current();
    for (auto& file : set->unsealed()) {
      const std::uint64_t end = file->end();
      picture.ends.push_back({.file = std::move(file), .end = end, .is_last = true});
    }
    if (auto file = set->current()) {
      const std::uint64_t end = file->end();
      picture.ends.push_back({.file = std::move(file), .end = end, .is_last = false});
    }
  }
  for (const auto& log : core.logs.all()) {
    const base::Lock lock(log->mutex);
    if (log->dropped) continue;
    LogRow row = log->indexed;
    row.config = log->config;
    row.epoch = log->epoch;
    row.closed = log->closed.load(std::memory_order_relaxed);
    row.tail = log->tail.load(std::memory_order_relaxed);
    row.first = log->first;
    if (!log->unindexed.empty()) row.last_arrival_ms = log->unindexed.back().arrival_ms;
    if (log->in_index && row == log->indexed && log->unindexed.empty()) continue;
    picture.parts.push_back({.log = log, .row = row, .rows = log->unindexed.size()});
  }
}

void Indexer::work(std::unique_ptr<Cycle> cycle) {
  cycle->picture.ends.insert(cycle->picture.ends.end(), ends_left_.begin(), ends_left_.end());
  ends_left_.clear();
  auto outcome = core_->has_failed() ? base::Result<void>(engine_failed()) : run(*cycle);
  if (outcome) {
    complete(*cycle);
    return end_cycle(*cycle, std::move(outcome));
  }
  tell_failure(outcome.error());
  if (cycle->is_written && !core_->has_failed()) {
    Cycle answered;
    answered.picture.clean = cycle->picture.clean;
    answered.picture.waiting.swap(cycle->picture.waiting);
    unflushed_ = std::move(cycle);
    return end_cycle(answered, std::move(outcome));
  }
  put_back(*cycle);
  end_cycle(*cycle, std::move(outcome));
}

// A full disk passes; anything else is for good.
void Indexer::tell_failure(const base::Error& why) {
  if (why.code != base::Errc::full) return core_->fail(why);
  base::log::write_limited("index-full", core_->steady_clock.now_ms(), base::log::Level::warn,
                           "the index cannot be written for want of space and is tried again",
                           {{"why", base::describe(why)}});
}

void Indexer::complete(Cycle& cycle) {
  take_over(cycle);
  // Whoever stops does not wait for what the next start does as well.
  if (!cycle.picture.clean) give_back(cycle);
}

// What the deleted rows leave: segments, parts of segments, space in the index.
void Indexer::give_back(Cycle& cycle) {
  free_segments();
  // What is to be deleted next may free whole segments, which costs less than a hole for each block.
  if (cycle.has_more) return;
  sweep_one();
  cycle.has_more = !punch_segments();
  compact();
}

base::Result<void> Indexer::run(Cycle& cycle) {
  if (auto synced = sync_segments(cycle.picture); !synced) return synced;
  put_parts(cycle);
  if (auto put = put_drops(cycle); !put) return put;
  if (auto put = put_trims(cycle); !put) return put;
  if (auto put = put_expired(cycle); !put) return put;
  if (is_empty(cycle)) return {};
  return write(cycle);
}

// The segments are on the disk before the index names what is in them.
base::Result<void> Indexer::sync_segments(const Picture& picture) {
  for (const Picture::End& end : picture.ends) {
    base::Result<void> done;
    if (end.is_last && !end.file->sealed()) {
      done = end.file->seal();
    } else if (end.file->synced_end() < end.end) {
      done = end.file->sync();
    }
    if (!done) return done;
  }
  return {};
}

void Indexer::put_parts(Cycle& cycle) {
  UsageTable& usages = core_->usages;
  for (const Picture::Part& part : cycle.picture.parts) {
    const base::Lock lock(part.log->mutex);
    cycle.logs.emplace(part.log->id, part);
    const auto rows = std::span(part.log->unindexed).first(part.rows);
    cycle.batch.put_rows.insert(cycle.batch.put_rows.end(), rows.begin(), rows.end());
  }
  for (const IndexRow& row : cycle.batch.put_rows)
    usages.add(row);
  for (const Picture::End& end : cycle.picture.ends)
    usages.set_indexed_end(end.file->header().number, end.file->header().generation, end.end);
}

base::Result<void> Indexer::put_drops(Cycle& cycle) {
  for (const auto& log : cycle.picture.dropped) {
    forget_unindexed(*log);
    const auto all = delete_rows(*log, cycle, [](const IndexRow&) { return true; });
    if (!all) return base::fail(all.error());
    if (*all) {
      cycle.batch.drop_logs.push_back(log->id);
      cycle.gone.push_back(log->id);
    } else {
      cycle.dropped_later.push_back(log);
    }
  }
  return {};
}

// The blocks of a dropped log that no row names: their places are dead as they are.
void Indexer::forget_unindexed(LogState& log) {
  const base::Lock lock(log.mutex);
  for (const IndexRow& row : log.unindexed)
    core_->usages.add_dead(row.segment, row.generation, row.offset, row.size);
  core_->unindexed_blocks.fetch_sub(log.unindexed.size(), std::memory_order_relaxed);
  log.unindexed.clear();
  log.unindexed.shrink_to_fit();
}

base::Result<void> Indexer::put_trims(Cycle& cycle) {
  for (Trim& trim : cycle.picture.trims) {
    const auto all = delete_rows(*trim.log, cycle, [&](const IndexRow& row) { return last_of(row) < trim.before; });
    if (!all) return base::fail(all.error());
    (*all ? cycle.trims_done : cycle.trims_later).push_back(std::move(trim));
  }
  cycle.picture.trims.clear();
  return {};
}

base::Result<void> Indexer::put_expired(Cycle& cycle) {
  Core& core = *core_;
  const std::int64_t now_ms = core.wall_clock.now_ms();
  for (const auto& log : core.logs.all()) {
    std::int64_t cutoff_ms = 0;
    {
      const base::Lock lock(log->mutex);
      if (log->config.retention.count() <= 0 || log->dropped) continue;
      cutoff_ms = now_ms - log->config.retention.count();
    }
    if (log->oldest_ms == LogState::not_known) {
      const auto oldest = core.index->seek(log->id, 0);
      if (!oldest) return base::fail(oldest.error());
      const std::optional<IndexRow>& row = *oldest;
      log->oldest_ms = row ? row->arrival_ms : LogState::no_block;
    }
    if (log->oldest_ms >= cutoff_ms) continue;
    log->oldest_ms = LogState::not_known;
    const auto all = delete_rows(*log, cycle, [&](const IndexRow& row) { return row.arrival_ms < cutoff_ms; });
    if (!all) return base::fail(all.error());
    if (!*all) break;
  }
  return {};
}

base::Result<bool> Indexer::delete_rows(LogState& log, Cycle& cycle,
                                        const std::function<bool(const IndexRow&)>& is_dead) {
  Position at = 0;
  bool all = true;
  for (bool more = true; more;) {
    const auto rows = core_->index->scan(log.id, at, rows_at_once);
    if (!rows) return base::fail(rows.error());
    more = rows->size() == rows_at_once;
    for (const IndexRow& row : *rows) {
      more = more && is_dead(row);
      if (!is_dead(row)) break;
      if (cycle.deleted == deleted_rows_max) {
        more = all = false;
        cycle.has_more = true;
        break;
      }
      core_->usages.release(row);
      ++cycle.deleted;
      at = row.first + row.count;
    }
  }
  if (at > 0) cycle.batch.trims.push_back({.log = log.id, .before = at});
  return all;
}

bool Indexer::is_empty(const Cycle& cycle) const {
  const IndexBatch& batch = cycle.batch;
  return cycle.logs.empty() && batch.put_rows.empty() && batch.drop_logs.empty() && batch.trims.empty() &&
         freed_.empty() && cycle.picture.run == indexed_run_ && !cycle.picture.clean;
}

base::Result<void> Indexer::write(Cycle& cycle) {
  IndexBatch& batch = cycle.batch;
  for (const auto& [id, part] : cycle.logs)
    batch.put_logs.push_back(part.row);
  batch.put_usages = core_->usages.pending_usages();
  batch.drop_usages = freed_;
  batch.watermark = Watermark{cycle.picture.run};
  batch.put_values.emplace_back(generation_value, fmt::format("{}", core_->numbering.generation() + generations_ahead));
  if (cycle.picture.clean) batch.put_values.emplace_back(clean_value, "1");
  if (auto written = core_->index->write(batch); !written) return written;
  cycle.is_written = true;
  return core_->index->flush();
}

// The batch is on the disk: what it covers leaves the table, and what it deleted may be given back.
void Indexer::take_over(Cycle& cycle) {
  Core& core = *core_;
  core.usages.commit();
  live_bytes_.store(core.usages.live_bytes(), std::memory_order_relaxed);
  for (const auto& [id, part] : cycle.logs) {
    const base::Lock lock(part.log->mutex);
    part.log->indexed = part.row;
    part.log->in_index = true;
    if (part.rows == 0) continue;
    auto& unindexed = part.log->unindexed;
    unindexed.erase(unindexed.begin(), unindexed.begin() + static_cast<std::ptrdiff_t>(part.rows));
    // A log that rests keeps no room for the rows of its busy times.
    if (unindexed.empty()) unindexed.shrink_to_fit();
    core.unindexed_blocks.fetch_sub(part.rows, std::memory_order_relaxed);
    if (part.log->oldest_ms == LogState::no_block) part.log->oldest_ms = LogState::not_known;
  }
  indexed_run_ = cycle.picture.run;
  freed_.clear();
  deleted_since_compaction_ += cycle.deleted;
}

// Nobody knows what of the batch is in the index; the next one says all of it again.
void Indexer::put_back(Cycle& cycle) {
  core_->usages.roll_back();
  core_->new_bytes.fetch_add(cycle.picture.bytes, std::memory_order_relaxed);
  std::ranges::copy_if(cycle.picture.ends, std::back_inserter(ends_left_), &Picture::End::is_last);
  cycle.dropped_later = std::move(cycle.picture.dropped);
  cycle.gone.clear();
  for (auto* trims : {&cycle.trims_done, &cycle.picture.trims}) {
    for (Trim& trim : *trims)
      cycle.trims_later.push_back(std::move(trim));
    trims->clear();
  }
}

void Indexer::free_segments() {
  for (const auto& set : core_->sets) {
    for (const auto& file : set->segments()) {
      if (!file->sealed()) continue;
      const SegmentUsage* const usage = core_->usages.find(file->header().number);
      const bool is_known = usage != nullptr && usage->generation == file->header().generation;
      if (!is_known || usage->indexed_end < file->end() || usage->live_bytes > 0) continue;
      const std::uint64_t number = file->header().number;
      if (const auto freed = set->free(number); !freed) {
        base::log::warn("cannot free a segment in which nothing lives",
                        {{"file", file->path()}, {"why", base::describe(freed.error())}});
        continue;
      }
      core_->usages.forget(number);
      freed_.push_back(number);
    }
  }
}

bool Indexer::punch_segments() {
  const std::int64_t began_ms = core_->steady_clock.now_ms();
  for (const std::uint64_t number : core_->usages.segments_with_dead()) {
    const SegmentUsage* const usage = core_->usages.find(number);
    const auto file = usage == nullptr ? nullptr : core_->find_segment(number, usage->generation);
    if (file == nullptr || !file->sealed()) continue;
    for (auto ranges = core_->usages.take_punchable(number); !ranges.empty();
         ranges = core_->usages.take_punchable(number)) {
      punch(*file, ranges);
      if (core_->steady_clock.now_ms() - began_ms >= punching_max.count()) return false;
    }
  }
  return true;
}

void Indexer::punch(SegmentFile& file, std::span<const UsageTable::Range> ranges) {
  for (const UsageTable::Range& range : ranges) {
    const auto punched = file.punch(range.begin, range.end - range.begin);
    if (punched) continue;
    base::log::write_limited("punch", core_->steady_clock.now_ms(), base::log::Level::warn,
                             "cannot give back a dead part of a segment; it goes with the segment",
                             {{"file", file.path()}, {"why", base::describe(punched.error())}});
    return;
  }
}

// What died in an earlier life and was not given back, one segment a cycle.
void Indexer::sweep_one() {
  while (!unswept_.empty()) {
    const auto file = std::move(unswept_.back());
    unswept_.pop_back();
    const SegmentUsage* const usage = core_->usages.find(file->header().number);
    if (file->retired() || usage == nullptr || usage->generation != file->header().generation) continue;
    if (!is_worth_sweeping(*file, *usage)) continue;
    if (const auto swept = sweep(*core_, *file); !swept) {
      base::log::warn("cannot look for dead parts of a segment; they go with the segment",
                      {{"file", file->path()}, {"why", base::describe(swept.error())}});
    }
    return;
  }
}

void Indexer::compact() {
  if (deleted_since_compaction_ < compact_after_rows) return;
  deleted_since_compaction_ = 0;
  if (const auto compacted = core_->index->compact(); !compacted) {
    base::log::warn("the index could not be compacted", {{"why", base::describe(compacted.error())}});
  }
}

// What the cycle did is told to whoever waits for it, and what it did not do goes to the next one.
void Indexer::hand_on(Cycle& cycle, const base::Result<void>& outcome) {
  const bool failed = core_->has_failed();
  std::vector<base::Task> free_ids;
  {
    const base::Lock lock(mutex_);
    if (failed) {
      // What waits for the end of a drop is told by the engine that it has failed.
      for (const auto& [id, tasks] : dropping_)
        cycle.gone.push_back(id);
    }
    for (const LogId id : cycle.gone) {
      auto waiting = dropping_.extract(id);
      if (waiting.empty()) continue;
      for (base::Task& task : waiting.mapped())
        free_ids.push_back(std::move(task));
    }
    if (!failed) {
      again_ = again_ || (outcome && cycle.has_more);
      std::ranges::move(cycle.dropped_later, std::back_inserter(dropped_));
      std::ranges::move(cycle.trims_later, std::back_inserter(trims_));
      cycle.trims_later.clear();
    }
  }
  for (Trim& trim : cycle.trims_done)
    trim.done({});
  for (Trim& trim : cycle.trims_later)
    trim.done(engine_failed());
  for (base::Task& task : free_ids)
    task();
  // An engine that has failed leaves no mark of a clean stop; that it stops is no failure of its own.
  for (Done<void>& done : cycle.picture.waiting)
    done(failed && cycle.picture.clean ? base::Result<void>() : outcome);
}

void Indexer::end_cycle(Cycle& cycle, base::Result<void> outcome) {
  if (core_->has_failed() && unflushed_ != nullptr) hand_on(*std::exchange(unflushed_, nullptr), engine_failed());
  hand_on(cycle, outcome);
  bool again = false;
  {
    const base::Lock lock(mutex_);
    again = under_way_ = again_;
  }
  if (again) start_cycle();
}

void Indexer::drop(std::shared_ptr<LogState> log) {
  {
    const base::Lock lock(mutex_);
    dropping_.try_emplace(log->id);
    dropped_.push_back(std::move(log));
  }
  request_cycle();
}

bool Indexer::is_dropping(LogId id) const {
  const base::Lock lock(mutex_);
  return dropping_.contains(id);
}

void Indexer::run_after_drop(LogId id, base::Task task) {
  {
    const base::Lock lock(mutex_);
    if (const auto found = dropping_.find(id); found != dropping_.end()) {
      found->second.push_back(std::move(task));
      return;
    }
  }
  task();
}

void Indexer::trim(std::shared_ptr<LogState> log, Position before, Done<void> done) {
  {
    const base::Lock lock(log->mutex);
    log->first = std::max(log->first, before);
  }
  {
    const base::Lock lock(mutex_);
    trims_.push_back({.log = std::move(log), .before = before, .done = std::move(done)});
  }
  request_cycle();
}

void Indexer::stop(Done<void> done) {
  begin(true, std::move(done));
}

}  // namespace millrace::log::segment
