#include "log/segment/index_flusher.h"

#include <fmt/format.h>

#include <utility>

#include "log/segment/reader.h"

namespace millrace::log::segment {

void IndexFlusher::start() {
  core_->loops.index->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->schedule();
  });
}

void IndexFlusher::schedule() {
  core_->loops.index->timers().after(core_->options.index_flush_interval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->core_->stopped.load()) return;
    self->request_flush();
    self->schedule();
  });
}

void IndexFlusher::request_flush() {
  if (flush_requested_.exchange(true)) return;
  flush(false, nullptr, [self = shared_from_this()](base::Result<void> outcome) {
    self->flush_requested_.store(false);
    if (outcome && !self->core_->has_failed()) outcome = self->expire();
    if (!outcome) self->core_->fail(outcome.error());
  });
}

void IndexFlusher::flush(bool ends_segments, std::function<void(IndexBatch&)> add, Next next) {
  core_->loops.commit->post(
      [self = shared_from_this(), ends_segments, add = std::move(add), next = std::move(next)]() mutable {
        auto taken = self->take_picture(ends_segments);
        self->core_->loops.index->post(
            [self, taken = std::move(taken), add = std::move(add), next = std::move(next)]() mutable {
              if (!taken) return next(base::fail(std::move(taken.error())));
              if (add) add(taken->batch);
              next(self->write(*taken));
            });
      });
}

// The segments are synced before the index names what is in them.
base::Result<IndexFlusher::Picture> IndexFlusher::take_picture(bool ends_segments) {
  Core& core = *core_;
  if (core.has_failed()) return engine_failed();
  for (const auto& set : core.sets) {
    const auto synced = ends_segments ? set->seal(core.last_run + 1) : set->sync();
    if (!synced) {
      core.fail(synced.error());
      return base::fail(synced.error());
    }
    if (ends_segments) ++core.last_run;
  }
  Picture picture;
  picture.bytes = core.unindexed_bytes.load(std::memory_order_relaxed);
  picture.batch.watermark = Watermark{core.last_run};
  for (auto& log : core.logs.all()) {
    base::Lock lock(log->mutex);
    if (log->dropped) continue;
    LogRow row = log->indexed;
    row.config = log->config;
    row.epoch = log->epoch;
    row.closed = log->closed.load(std::memory_order_relaxed);
    row.tail = log->tail.load(std::memory_order_relaxed);
    row.first = log->first;
    if (!log->unindexed.empty()) row.last_arrival_ms = log->unindexed.back().arrival_ms;
    if (row == log->indexed && log->unindexed.empty()) continue;
    picture.batch.put_logs.push_back(row);
    picture.batch.put_rows.insert(picture.batch.put_rows.end(), log->unindexed.begin(), log->unindexed.end());
    picture.parts.push_back({log, log->unindexed.size(), row});
  }
  return picture;
}

base::Result<void> IndexFlusher::write(Picture& picture) {
  if (auto written = core_->index->write(picture.batch); !written) return written;
  if (auto flushed = core_->index->flush(); !flushed) return flushed;
  for (const Picture::Part& part : picture.parts) {
    base::Lock lock(part.log->mutex);
    part.log->indexed = part.row;
    part.log->unindexed.erase(part.log->unindexed.begin(),
                              part.log->unindexed.begin() + static_cast<std::ptrdiff_t>(part.rows));
    core_->unindexed_blocks.fetch_sub(part.rows, std::memory_order_relaxed);
  }
  core_->unindexed_bytes.fetch_sub(picture.bytes, std::memory_order_relaxed);
  return {};
}

void IndexFlusher::create(LogId id, LogConfig config, Done<void> done) {
  core_->loops.index->post([self = shared_from_this(), id, config, done = std::move(done)]() mutable {
    Core& core = *self->core_;
    if (const auto dropped = self->dropping_.find(id); dropped != self->dropping_.end()) {
      dropped->second.push_back(
          [self, id, config, done = std::move(done)]() mutable { self->create(id, config, std::move(done)); });
      return;
    }
    if (core.stopped.load()) return done(engine_stopped());
    if (core.has_failed()) return done(engine_failed());
    if (core.logs.find(id) == nullptr) {
      const LogRow row{.log = id, .config = config};
      if (auto put = self->put_log(row); !put) return done(std::move(put));
      core.logs.find_or_add(row);
    }
    self->answer_flushed(std::move(done));
  });
}

void IndexFlusher::configure(std::shared_ptr<LogState> log, LogConfig config, Done<void> done) {
  core_->loops.index->post([self = shared_from_this(), log = std::move(log), config, done = std::move(done)]() mutable {
    if (self->core_->has_failed()) return done(engine_failed());
    LogRow row;
    {
      base::Lock lock(log->mutex);
      if (log->dropped) {
        return done(base::fail(base::Errc::not_found, "the log was dropped"));
      }
      log->config = config;
      log->indexed.config = config;
      row = log->indexed;
    }
    if (auto put = self->put_log(row); !put) return done(std::move(put));
    self->answer_flushed(std::move(done));
  });
}

base::Result<void> IndexFlusher::put_log(const LogRow& row) {
  IndexBatch batch;
  batch.put_logs.push_back(row);
  auto written = core_->index->write(batch);
  if (!written) core_->fail(written.error());
  return written;
}

// Everything that waits in the loop's queue when the first one asks shares one flush.
void IndexFlusher::answer_flushed(Done<void> done) {
  waiting_.push_back(std::move(done));
  if (std::exchange(answering_, true)) return;
  core_->loops.index->post([self = shared_from_this()] { self->answer_all(); });
}

void IndexFlusher::answer_all() {
  answering_ = false;
  const auto flushed = core_->index->flush();
  if (!flushed) core_->fail(flushed.error());
  for (Done<void>& done : std::exchange(waiting_, {}))
    done(flushed);
}

// The watermark moves past the blocks of a dropped log with its deletion, so that no start meets them again: what is
// made anew under its id shares nothing with it.
void IndexFlusher::drop(LogId id, Done<void> done) {
  core_->loops.index->post([self = shared_from_this(), id, done = std::move(done)]() mutable {
    if (const auto dropped = self->dropping_.find(id); dropped != self->dropping_.end()) {
      dropped->second.push_back([self, id, done = std::move(done)]() mutable { self->drop(id, std::move(done)); });
      return;
    }
    const auto log = self->core_->logs.remove(id);
    if (log == nullptr) return done({});
    {
      base::Lock lock(log->mutex);
      log->dropped = true;
      self->core_->unindexed_blocks.fetch_sub(log->unindexed.size(), std::memory_order_relaxed);
      log->unindexed.clear();
    }
    self->dropping_.emplace(id, std::vector<base::Task>());
    self->flush(
        false, [id](IndexBatch& batch) { batch.drop_logs.push_back(id); },
        [self, id, done = std::move(done)](base::Result<void> outcome) mutable {
          if (outcome) {
            for (const auto& set : self->core_->sets)
              set->release_log(id);
          }
          done(std::move(outcome));
          auto waiting = self->dropping_.extract(id);
          for (base::Task& task : waiting.mapped())
            task();
        });
  });
}

void IndexFlusher::trim(std::shared_ptr<LogState> log, Position before, Done<void> done) {
  core_->loops.index->post([self = shared_from_this(), log = std::move(log), before, done = std::move(done)]() mutable {
    Position old_first = 0;
    {
      base::Lock lock(log->mutex);
      old_first = log->first;
      log->first = std::max(log->first, before);
    }
    if (before <= old_first) return done({});
    self->flush(false, nullptr,
                [self, log, old_first, before, done = std::move(done)](base::Result<void> outcome) mutable {
                  if (!outcome) return done(std::move(outcome));
                  // The rows are all indexed now; what they name is released once their deletion is flushed.
                  std::vector<IndexRow> dead;
                  for (Position at = old_first;;) {
                    const auto rows = self->core_->index->scan(log->id, at, Reader::rows_max);
                    if (!rows) return done(base::fail(rows.error()));
                    bool more = !rows->empty();
                    for (const IndexRow& row : *rows) {
                      more = more && row.first + row.count <= before;
                      if (more) dead.push_back(row);
                      at = row.first + row.count;
                    }
                    if (!more) break;
                  }
                  IndexBatch batch;
                  batch.trims.push_back({log->id, before});
                  auto written = self->core_->index->write(batch);
                  if (written) written = self->core_->index->flush();
                  if (!written) return done(std::move(written));
                  for (const IndexRow& row : dead) {
                    for (const auto& set : self->core_->sets)
                      set->release({row.segment, row.generation, row.offset, row.size}, row.log);
                  }
                  done({});
                });
  });
}

// Deletes what is expired from the index, then frees the segments in which nothing lives. On the index loop.
base::Result<void> IndexFlusher::expire() {
  Core& core = *core_;
  const std::int64_t now_ms = core.wall_clock.now_ms();
  const Reader reader(core);
  IndexBatch batch;
  for (const auto& log : core.logs.all()) {
    {
      base::Lock lock(log->mutex);
      if (log->config.retention.count() <= 0 || log->dropped) continue;
    }
    const auto oldest = reader.rows_from(*log, 0, 1);
    if (!oldest) return base::fail(oldest.error());
    const auto shown = reader.seek_time(*log, 0);
    if (!shown) return base::fail(shown.error());
    if (oldest->empty() || oldest->front().first >= *shown) continue;
    batch.trims.push_back({log->id, *shown});
    base::Lock lock(log->mutex);
    log->first = std::max(log->first, *shown);
  }
  if (!batch.trims.empty()) {
    if (auto written = core.index->write(batch); !written) return written;
    if (auto flushed = core.index->flush(); !flushed) return flushed;
  }
  for (const auto& set : core.sets) {
    const auto reclaimed = set->reclaim(now_ms);
    if (!reclaimed) return base::fail(reclaimed.error());
  }
  return {};
}

void IndexFlusher::stop(Done<void> done) {
  flush(
      true, [](IndexBatch& batch) { batch.put_values.emplace_back(clean_value, "1"); },
      [self = shared_from_this(), done = std::move(done)](base::Result<void> outcome) mutable {
        // An engine that has failed leaves no mark: the next start recovers.
        if (self->core_->has_failed()) outcome = {};
        done(std::move(outcome));
      });
}

}  // namespace millrace::log::segment
