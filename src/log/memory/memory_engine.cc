#include "log/memory/memory_engine.h"

#include <fmt/format.h>

#include <atomic>
#include <cassert>
#include <map>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "log/block_fifo.h"
#include "log/memory/memory_meta_log.h"

namespace millrace::log {
namespace {

// One log. The mutex orders appends and fences; readers go to the queue's own lock.
struct MemoryLog {
  explicit MemoryLog(LogConfig c) : config(c) {}

  base::Mutex mutex;
  LogConfig config MILLRACE_GUARDED_BY(mutex);
  Epoch epoch MILLRACE_GUARDED_BY(mutex);
  bool dropped MILLRACE_GUARDED_BY(mutex) = false;
  std::int64_t last_arrival_ms MILLRACE_GUARDED_BY(mutex) = 0;
  std::atomic<Position> tail{0};
  std::atomic<bool> closed{false};
  std::shared_ptr<BlockFifo::Queue> queue = std::make_shared<BlockFifo::Queue>(1);
};

struct Store {
  Store(base::MemoryBudget& memory, const io::WallClock& wall)
      : clock(wall), fifo(memory.max(base::MemoryShare::log)) {}

  const io::WallClock& clock;
  BlockFifo fifo;
  std::atomic<std::uint64_t> records{0};
  std::atomic<std::uint64_t> records_dropped{0};
  std::atomic<std::uint64_t> commits{0};
  std::atomic<bool> stopped{false};

  void count_dropped(const BlockFifo::Dropped& dropped) {
    if (dropped.blocks == 0) return;
    records_dropped.fetch_add(dropped.records, std::memory_order_relaxed);
    base::log::write_limited("memory-engine-full", clock.now_ms(), base::log::Level::warn,
                             "the memory engine is full and drops its oldest records; raise --memory-max to keep more",
                             {{"records_dropped", fmt::format("{}", records_dropped.load())},
                              {"log_bytes_max", fmt::format("{}", fifo.bytes_max())}});
  }
};

class MemoryWriter final : public Writer {
 public:
  MemoryWriter(Store& store, std::shared_ptr<MemoryLog> log, Epoch epoch)
      : store_(store), log_(std::move(log)), epoch_(epoch) {}

  void append(Block block, Done<Appended> done) override {
    BlockFifo::Dropped dropped;
    auto outcome = append_now(std::move(block), dropped);
    store_.count_dropped(dropped);
    done(std::move(outcome));
  }

  void close(Done<Position> done) override {
    base::Result<Position> outcome = close_now();
    done(std::move(outcome));
  }

  Position tail() const override { return log_->tail.load(std::memory_order_acquire); }
  std::int64_t last_arrival_ms() const override {
    base::Lock lock(log_->mutex);
    return log_->last_arrival_ms;
  }
  bool is_closed() const override { return log_->closed.load(std::memory_order_acquire); }

 private:
  base::Result<void> check() MILLRACE_REQUIRES(log_->mutex) {
    if (store_.stopped.load(std::memory_order_relaxed)) return base::fail(base::Errc::closed, "the engine has stopped");
    if (log_->dropped) return base::fail(base::Errc::not_found, "the log was dropped");
    if (log_->epoch != epoch_) return base::fail(base::Errc::fenced, "a higher epoch owns the log");
    return {};
  }

  base::Result<Appended> append_now(Block block, BlockFifo::Dropped& dropped) {
    base::Lock lock(log_->mutex);
    if (auto good = check(); !good) return base::fail(std::move(good.error()));
    if (log_->closed.load(std::memory_order_relaxed)) return base::fail(base::Errc::closed, "the log is closed");
    if (log_->config.retention.count() > 0) {
      store_.fifo.drop_before(*log_->queue, store_.clock.now_ms() - log_->config.retention.count());
    }
    assert(block.record_count() > 0 && block.arrival_ms() >= log_->last_arrival_ms);
    const std::uint32_t count = block.record_count();
    const Position first = log_->tail.load(std::memory_order_relaxed) + 1;
    log_->last_arrival_ms = block.arrival_ms();
    block.charge(base::MemoryShare::log);
    dropped = store_.fifo.push(log_->queue, std::move(block), first);
    log_->tail.store(first + count - 1, std::memory_order_release);
    store_.records.fetch_add(count, std::memory_order_relaxed);
    store_.commits.fetch_add(1, std::memory_order_relaxed);
    return Appended{Run{first, count}};
  }

  base::Result<Position> close_now() {
    base::Lock lock(log_->mutex);
    if (auto good = check(); !good) return base::fail(std::move(good.error()));
    log_->closed.store(true, std::memory_order_release);
    return log_->tail.load(std::memory_order_relaxed);
  }

  Store& store_;
  std::shared_ptr<MemoryLog> log_;
  const Epoch epoch_;
};

class MemoryEngine final : public Engine {
 public:
  MemoryEngine(base::MemoryBudget& budget, const io::WallClock& clock) : store_(budget, clock) {}

  void create(LogId id, LogConfig config, Done<void> done) override {
    if (store_.stopped.load()) return done(stopped());
    {
      base::Lock lock(mutex_);
      std::shared_ptr<MemoryLog>& log = logs_[id];
      if (log == nullptr) log = std::make_shared<MemoryLog>(config);
    }
    done({});
  }

  void drop(LogId id, Done<void> done) override {
    std::shared_ptr<MemoryLog> log;
    {
      base::Lock lock(mutex_);
      if (const auto found = logs_.find(id); found != logs_.end()) {
        log = std::move(found->second);
        logs_.erase(found);
      }
    }
    if (log != nullptr) {
      base::Lock lock(log->mutex);
      log->dropped = true;
      store_.fifo.clear(*log->queue);
    }
    done({});
  }

  void configure(LogId id, LogConfig config, Done<void> done) override {
    const auto log = find(id);
    if (log == nullptr) return done(missing());
    {
      base::Lock lock(log->mutex);
      log->config = config;
    }
    done({});
  }

  void acquire(LogId id, Epoch epoch, base::Executor&, Done<std::unique_ptr<Writer>> done) override {
    if (store_.stopped.load()) return done(stopped());
    const auto log = find(id);
    if (log == nullptr) return done(missing());
    bool owns = false;
    {
      base::Lock lock(log->mutex);
      owns = epoch >= log->epoch;
      if (owns) log->epoch = epoch;
    }
    if (!owns) return done(base::fail(base::Errc::fenced, "a higher epoch owns the log"));
    done(std::make_unique<MemoryWriter>(store_, log, epoch));
  }

  void read(LogId id, Position from, ReadLimits limits, Done<Page> done) override {
    const auto log = find(id);
    if (log == nullptr) return done(missing());
    // The tail is read before the blocks: what is appended in between then only adds to the page.
    const bool closed = log->closed.load(std::memory_order_acquire);
    const Position tail = log->tail.load(std::memory_order_acquire);
    Page page;
    log->queue->collect(from, tail, limits, page);
    page.closed = closed && page.next > tail && !page.next_arrival_ms;
    done(std::move(page));
  }

  void seek_time(LogId id, std::int64_t arrival_ms, Done<Position> done) override {
    const auto log = find(id);
    if (log == nullptr) return done(missing());
    const Position tail = log->tail.load(std::memory_order_acquire);
    done(log->queue->seek_time(arrival_ms).value_or(tail + 1));
  }

  void first(LogId id, Done<Position> done) override { seek_time(id, 0, std::move(done)); }

  void list(Done<std::vector<LogId>> done) override {
    std::vector<LogId> ids;
    {
      base::Lock lock(mutex_);
      ids.reserve(logs_.size());
      for (const auto& [id, log] : logs_)
        ids.push_back(id);
    }
    done(std::move(ids));
  }

  MetaLog& meta() override { return meta_; }
  DurabilityClass durability() const override { return DurabilityClass::none; }
  Health health() const override { return {}; }

  Usage usage() const override {
    Usage usage;
    {
      base::Lock lock(mutex_);
      usage.logs = logs_.size();
      for (const auto& [id, log] : logs_) {
        if (const std::uint64_t records = log->queue->records_pushed_out(); records != 0) {
          usage.dropped_by_stream[id.stream_uid] += records;
        }
      }
    }
    usage.bytes = store_.fifo.bytes();
    usage.records = store_.records.load(std::memory_order_relaxed);
    usage.records_dropped = store_.records_dropped.load(std::memory_order_relaxed);
    usage.commits = store_.commits.load(std::memory_order_relaxed);
    return usage;
  }

  void stop(Done<void> done) override {
    store_.stopped.store(true);
    // An append that another thread has begun ends before its log's mutex can be had.
    for (const auto& log : all())
      base::Lock lock(log->mutex);
    done({});
  }

 private:
  static std::unexpected<base::Error> missing() { return base::fail(base::Errc::not_found, "no such log"); }
  static std::unexpected<base::Error> stopped() { return base::fail(base::Errc::closed, "the engine has stopped"); }

  std::shared_ptr<MemoryLog> find(LogId id) const {
    base::Lock lock(mutex_);
    const auto found = logs_.find(id);
    return found == logs_.end() ? nullptr : found->second;
  }

  std::vector<std::shared_ptr<MemoryLog>> all() const {
    std::vector<std::shared_ptr<MemoryLog>> logs;
    base::Lock lock(mutex_);
    logs.reserve(logs_.size());
    for (const auto& [id, log] : logs_)
      logs.push_back(log);
    return logs;
  }

  Store store_;
  MemoryMetaLog meta_;
  mutable base::Mutex mutex_;
  std::map<LogId, std::shared_ptr<MemoryLog>> logs_ MILLRACE_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Engine> make_memory_engine(base::MemoryBudget& budget, const io::WallClock& clock) {
  return std::make_unique<MemoryEngine>(budget, clock);
}

}  // namespace millrace::log
