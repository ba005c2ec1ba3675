#include "log/testing/scripted_engine.h"

#include <algorithm>
#include <utility>

namespace millrace::log::testing {

using base::Errc;

// Appends and closes go through the gate, so that they keep their order among one another.
class ScriptedEngine::ScriptedWriter final : public Writer {
 public:
  ScriptedWriter(ScriptedEngine& engine, std::shared_ptr<WriterState> state)
      : engine_(engine), state_(std::move(state)) {}

  void append(Block block, Done<Appended> done) override {
    std::optional<Fault> fault;
    bool stopped = false;
    {
      base::Lock lock(engine_.mutex_);
      stopped = engine_.stopped_;
      ++engine_.appends_;
      if (!engine_.faults_.empty()) {
        fault = engine_.faults_.front();
        engine_.faults_.pop_front();
      }
    }
    engine_.enter(Call::append, [&engine = engine_, state = state_, block = std::move(block), fault, stopped,
                                 done = std::move(done)]() mutable {
      base::Result<Appended> outcome = base::fail(Errc::closed, "the engine has stopped");
      if (!stopped) {
        base::Lock lock(engine.mutex_);
        outcome = engine.append_now(*state, block, fault);
      }
      block = {};
      base::Executor& executor = state->executor;
      executor.post([outcome = std::move(outcome), done = std::move(done)]() mutable { done(std::move(outcome)); });
    });
  }

  void close(Done<Position> done) override {
    engine_.enter(Call::append, [&engine = engine_, state = state_, done = std::move(done)]() mutable {
      base::Result<Position> outcome;
      {
        base::Lock lock(engine.mutex_);
        if (auto good = check(*state); !good) {
          outcome = base::fail(std::move(good.error()));
        } else {
          state->log->closed = true;
          outcome = state->log->tail;
        }
      }
      base::Executor& executor = state->executor;
      executor.post([outcome = std::move(outcome), done = std::move(done)]() mutable { done(std::move(outcome)); });
    });
  }

  Position tail() const override {
    base::Lock lock(engine_.mutex_);
    return state_->log->tail;
  }
  std::int64_t last_arrival_ms() const override {
    base::Lock lock(engine_.mutex_);
    return state_->log->last_arrival_ms;
  }
  bool is_closed() const override {
    base::Lock lock(engine_.mutex_);
    return state_->log->closed;
  }

 private:
  ScriptedEngine& engine_;
  std::shared_ptr<WriterState> state_;
};

void ScriptedEngine::hold(Call call) {
  base::Lock lock(mutex_);
  gates_[index(call)].open = false;
}

void ScriptedEngine::release(Call call, std::size_t count) {
  {
    base::Lock lock(mutex_);
    Gate& gate = gates_[index(call)];
    gate.permits = std::min(gate.permits + count, gate.waiting.size());
  }
  pass(call);
}

void ScriptedEngine::release_all(Call call) {
  {
    base::Lock lock(mutex_);
    gates_[index(call)].open = true;
  }
  pass(call);
}

std::size_t ScriptedEngine::held(Call call) const {
  base::Lock lock(mutex_);
  return gates_[index(call)].waiting.size();
}

void ScriptedEngine::fail_append(Fault fault) {
  base::Lock lock(mutex_);
  faults_.push_back(fault);
}

void ScriptedEngine::fail_acquires(std::size_t times, Errc code) {
  base::Lock lock(mutex_);
  acquires_to_fail_ = times;
  acquire_error_ = code;
}

void ScriptedEngine::skip_positions(Position count) {
  base::Lock lock(mutex_);
  skip_ += count;
}

void ScriptedEngine::split_blocks(std::uint32_t run_records, Position gap) {
  base::Lock lock(mutex_);
  run_records_ = run_records;
  run_gap_ = gap;
}

std::uint64_t ScriptedEngine::appends() const {
  base::Lock lock(mutex_);
  return appends_;
}

std::uint64_t ScriptedEngine::acquires() const {
  base::Lock lock(mutex_);
  return acquires_;
}

void ScriptedEngine::enter(Call call, base::Task task) {
  {
    base::Lock lock(mutex_);
    gates_[index(call)].waiting.push_back(std::move(task));
  }
  pass(call);
}

void ScriptedEngine::pass(Call call) {
  for (bool first = true;; first = false) {
    base::Task task;
    {
      base::Lock lock(mutex_);
      Gate& gate = gates_[index(call)];
      if (first && gate.passing) return;
      gate.passing = !gate.waiting.empty() && (gate.open || gate.permits > 0);
      if (!gate.passing) return;
      if (!gate.open) --gate.permits;
      task = std::move(gate.waiting.front());
      gate.waiting.pop_front();
    }
    task();
  }
}

std::shared_ptr<ScriptedEngine::Log> ScriptedEngine::find(LogId id) const {
  const auto found = logs_.find(id);
  return found == logs_.end() ? nullptr : found->second;
}

base::Result<void> ScriptedEngine::check(const WriterState& writer) {
  if (writer.dead) return base::fail(*writer.dead);
  if (writer.log->dropped) return base::fail(Errc::not_found, "the log was dropped");
  if (writer.log->epoch != writer.epoch) return base::fail(Errc::fenced, "a higher epoch owns the log");
  return {};
}

base::Result<Appended> ScriptedEngine::append_now(WriterState& writer, const Block& block, std::optional<Fault> fault) {
  if (auto good = check(writer); !good) return base::fail(std::move(good.error()));
  if (writer.log->closed) return base::fail(Errc::closed, "the log is closed");
  if (!fault) return store(*writer.log, block);
  if (*fault == Fault::unavailable) return base::fail(Errc::unavailable, "scripted");
  if (*fault == Fault::unknown_stored) store(*writer.log, block);
  writer.dead = base::Error(*fault == Fault::fenced ? Errc::fenced : Errc::unknown_outcome, "scripted");
  return base::fail(*writer.dead);
}

Appended ScriptedEngine::store(Log& log, const Block& block) {
  Appended runs;
  Position next = log.tail + 1 + std::exchange(skip_, 0);
  for (std::uint32_t left = block.record_count(); left > 0;) {
    const std::uint32_t count = run_records_ == 0 ? left : std::min(left, run_records_);
    runs.push_back(Run{next, count});
    next += count + run_gap_;
    left -= count;
  }
  log.tail = runs.back().first + runs.back().count - 1;
  log.last_arrival_ms = block.arrival_ms();
  log.stored.push_back(Stored{block, runs});
  usage_.records += block.record_count();
  usage_.bytes += block.memory_bytes();
  ++usage_.commits;
  return runs;
}

void ScriptedEngine::create(LogId id, LogConfig, Done<void> done) {
  base::Result<void> outcome;
  {
    base::Lock lock(mutex_);
    if (stopped_) {
      outcome = base::fail(Errc::closed, "the engine has stopped");
    } else if (auto& log = logs_[id]; log == nullptr) {
      log = std::make_shared<Log>();
    }
  }
  done(std::move(outcome));
}

void ScriptedEngine::drop(LogId id, Done<void> done) {
  std::vector<Stored> gone;
  {
    base::Lock lock(mutex_);
    if (const auto log = find(id); log != nullptr) {
      log->dropped = true;
      gone.swap(log->stored);
      for (const Stored& stored : gone)
        usage_.bytes -= stored.block.memory_bytes();
      logs_.erase(id);
    }
  }
  gone.clear();
  done({});
}

void ScriptedEngine::configure(LogId id, LogConfig, Done<void> done) {
  base::Result<void> outcome;
  {
    base::Lock lock(mutex_);
    if (find(id) == nullptr) outcome = base::fail(Errc::not_found, "no such log");
  }
  done(std::move(outcome));
}

void ScriptedEngine::acquire(LogId id, Epoch epoch, base::Executor& executor, Done<std::unique_ptr<Writer>> done) {
  enter(Call::acquire,
        [this, id, epoch, &executor, done = std::move(done)]() mutable { done(acquire_now(id, epoch, executor)); });
}

base::Result<std::unique_ptr<Writer>> ScriptedEngine::acquire_now(LogId id, Epoch epoch, base::Executor& executor) {
  base::Lock lock(mutex_);
  ++acquires_;
  if (stopped_) return base::fail(Errc::closed, "the engine has stopped");
  if (acquires_to_fail_ > 0) {
    --acquires_to_fail_;
    return base::fail(acquire_error_, "scripted");
  }
  const auto log = find(id);
  if (log == nullptr) return base::fail(Errc::not_found, "no such log");
  if (epoch < log->epoch) return base::fail(Errc::fenced, "a higher epoch owns the log");
  log->epoch = epoch;
  return std::make_unique<ScriptedWriter>(*this, std::make_shared<WriterState>(log, epoch, executor, std::nullopt));
}

void ScriptedEngine::read(LogId id, Position from, ReadLimits limits, Done<Page> done) {
  enter(Call::read, [this, id, from, limits, done = std::move(done)]() mutable { done(read_now(id, from, limits)); });
}

// Record by record, so that it shares no cleverness with the engines it is held against.
base::Result<Page> ScriptedEngine::read_now(LogId id, Position from, const ReadLimits& limits) const {
  base::Lock lock(mutex_);
  const auto log = find(id);
  if (log == nullptr) return base::fail(Errc::not_found, "no such log");
  Page page;
  std::uint32_t records = 0;
  std::size_t bytes = 0;
  for (const Stored& stored : log->stored) {
    if (stored.block.arrival_ms() < limits.arrival_min_ms) continue;
    auto at = stored.block.begin();
    for (const Run& run : stored.runs) {
      for (std::uint32_t i = 0; i < run.count; ++i, at.next()) {
        const Position position = run.first + i;
        if (position < from) continue;
        if (records == limits.records_max || (records > 0 && bytes + at.user_bytes() > limits.bytes_max)) {
          page.next = position;
          page.next_arrival_ms = stored.block.arrival_ms();
          return page;
        }
        ++records;
        bytes += at.user_bytes();
        Slice* const last = page.slices.empty() ? nullptr : &page.slices.back();
        const bool goes_on = last != nullptr && last->last == at.index() && at.index() > 0 &&
                             last->position + (last->last - last->first) == position;
        if (goes_on) {
          ++last->last;
        } else {
          page.slices.push_back({stored.block, at.index(), at.index() + 1, position});
        }
      }
    }
  }
  page.next = std::max(from, log->tail + 1);
  page.closed = log->closed;
  return page;
}

base::Result<Position> ScriptedEngine::seek_now(LogId id, std::int64_t arrival_ms) const {
  base::Lock lock(mutex_);
  const auto log = find(id);
  if (log == nullptr) return base::fail(Errc::not_found, "no such log");
  for (const Stored& stored : log->stored) {
    if (stored.block.arrival_ms() >= arrival_ms) return stored.runs.front().first;
  }
  return log->tail + 1;
}

void ScriptedEngine::seek_time(LogId id, std::int64_t arrival_ms, Done<Position> done) {
  done(seek_now(id, arrival_ms));
}

void ScriptedEngine::first(LogId id, Done<Position> done) {
  seek_time(id, 0, std::move(done));
}

void ScriptedEngine::list(Done<std::vector<LogId>> done) {
  std::vector<LogId> ids;
  {
    base::Lock lock(mutex_);
    for (const auto& [id, log] : logs_)
      ids.push_back(id);
  }
  done(std::move(ids));
}

Usage ScriptedEngine::usage() const {
  base::Lock lock(mutex_);
  Usage usage = usage_;
  usage.logs = logs_.size();
  return usage;
}

void ScriptedEngine::stop(Done<void> done) {
  {
    base::Lock lock(mutex_);
    stopped_ = true;
  }
  // Appends that were made before are through the gate when this is.
  enter(Call::append, [done = std::move(done)]() mutable { done({}); });
}

}  // namespace millrace::log::testing
