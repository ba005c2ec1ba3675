#include "log/segment/embedded_engine.h"

#include <cassert>
#include <utility>

#include "log/segment/catalogue_log.h"
#include "log/segment/committer.h"
#include "log/segment/indexer.h"
#include "log/segment/reader.h"
#include "log/segment/recovery.h"

namespace millrace::log::segment {
namespace {

std::unexpected<base::Error> missing() {
  return base::fail(base::Errc::not_found, "no such log");
}

class EmbeddedWriter final : public Writer {
 public:
  EmbeddedWriter(std::shared_ptr<Committer> committer, std::shared_ptr<LogState> log, std::uint64_t epoch,
                 base::Executor& executor)
      : committer_(std::move(committer)), log_(std::move(log)), epoch_(epoch), executor_(executor) {}

  void append(Block block, Done<Appended> done) override {
    {
      const base::Lock lock(log_->mutex);
      assert(block.record_count() > 0 && block.arrival_ms() >= log_->queued_arrival_ms);
      log_->queued_arrival_ms = block.arrival_ms();
    }
    committer_->submit(log_, epoch_, std::move(block), &executor_, std::move(done));
  }
  void close(Done<Position> done) override {
    committer_->submit(log_, epoch_, Block(), &executor_,
                       [log = log_, done = std::move(done)](base::Result<Appended> outcome) mutable {
                         if (!outcome) return done(base::fail(std::move(outcome.error())));
                         done(log->tail.load(std::memory_order_acquire));
                       });
  }
  Position tail() const override { return log_->tail.load(std::memory_order_acquire); }
  std::int64_t last_arrival_ms() const override {
    const base::Lock lock(log_->mutex);
    return log_->queued_arrival_ms;
  }
  bool is_closed() const override { return log_->closed.load(std::memory_order_acquire); }

 private:
  const std::shared_ptr<Committer> committer_;
  const std::shared_ptr<LogState> log_;
  const std::uint64_t epoch_;
  base::Executor& executor_;
};

void set_config(LogState& log, const LogConfig& config) {
  const base::Lock lock(log.mutex);
  log.config = config;
}

// In memory at once; the index hears of it with its next cycle. What a crash takes of it the catalogue says again.
void make_log(const std::shared_ptr<Core>& core, const std::shared_ptr<Indexer>& indexer, LogId id, LogConfig config,
              Done<void> done) {
  if (core->stopped.load()) return done(engine_stopped());
  if (core->has_failed()) return done(engine_failed());
  // Nothing of a log that was dropped may rise in another one.
  if (indexer->is_dropping(id)) {
    indexer->run_after_drop(id, [core, indexer, id, config, done = std::move(done)]() mutable {
      make_log(core, indexer, id, config, std::move(done));
    });
    return;
  }
  const auto [log, made] = core->logs.find_or_add(LogRow{.log = id, .config = config}, false);
  if (!made) set_config(*log, config);
  done({});
}

class EmbeddedEngine final : public Engine {
 public:
  explicit EmbeddedEngine(std::shared_ptr<Core> core)
      : core_(std::move(core)),
        indexer_(std::make_shared<Indexer>(core_)),
        committer_(std::make_shared<Committer>(core_, [indexer = indexer_] { indexer->request_cycle(); })),
        meta_(core_, committer_, indexer_) {
    indexer_->set_committer(committer_);
    indexer_->start();
  }
  ~EmbeddedEngine() override { committer_->abandon(); }

  void create(LogId id, LogConfig config, Done<void> done) override {
    make_log(core_, indexer_, id, config, std::move(done));
  }
  void drop(LogId id, Done<void> done) override {
    if (auto log = core_->logs.remove(id)) {
      {
        const base::Lock lock(log->mutex);
        log->dropped = true;
      }
      indexer_->drop(std::move(log));
    }
    done({});
  }
  void configure(LogId id, LogConfig config, Done<void> done) override {
    const auto log = core_->logs.find(id);
    if (log == nullptr) return done(missing());
    set_config(*log, config);
    done({});
  }

  // Between two commits, so that what an older owner has in a commit is done with before the new one begins. The epoch
  // is durable with the next cycle of the index: no writer of this process outlives it, and the folder's lock keeps
  // others out.
  void acquire(LogId id, Epoch epoch, base::Executor& executor, Done<std::unique_ptr<Writer>> done) override {
    committer_->run_between(
        [core = core_, committer = committer_, id, epoch, &executor, done = std::move(done)]() mutable {
          if (core->stopped.load()) return done(engine_stopped());
          if (core->has_failed()) return done(engine_failed());
          auto log = core->logs.find(id);
          if (log == nullptr) return done(missing());
          {
            const base::Lock lock(log->mutex);
            if (epoch.value < log->epoch) return done(base::fail(base::Errc::fenced, "a higher epoch owns the log"));
            log->epoch = epoch.value;
          }
          done(std::make_unique<EmbeddedWriter>(std::move(committer), std::move(log), epoch.value, executor));
        });
  }

  void read(LogId id, Position from, ReadLimits limits, Done<Page> done) override {
    with_log<Page>(id, std::move(done),
                   [from, limits](const Reader& reader, LogState& log) { return reader.read(log, from, limits); });
  }
  void seek_time(LogId id, std::int64_t arrival_ms, Done<Position> done) override {
    with_log<Position>(id, std::move(done),
                       [arrival_ms](const Reader& reader, LogState& log) { return reader.seek_time(log, arrival_ms); });
  }
  void first(LogId id, Done<Position> done) override { seek_time(id, 0, std::move(done)); }

  void list(Done<std::vector<LogId>> done) override {
    std::vector<LogId> ids;
    for (const auto& log : core_->logs.all()) {
      if (log->id != catalogue_log) ids.push_back(log->id);
    }
    done(std::move(ids));
  }

  MetaLog& meta() override { return meta_; }
  DurabilityClass durability() const override {
    return core_->options.durability == Durability::sync ? DurabilityClass::local_fsync : DurabilityClass::process;
  }
  Health health() const override { return core_->health(); }

  Usage usage() const override {
    Usage usage;
    usage.logs = core_->logs.size() - 1;  // without the catalogue's
    usage.bytes = indexer_->live_bytes() + core_->new_bytes.load(std::memory_order_relaxed);
    usage.records = core_->records.load(std::memory_order_relaxed);
    usage.commits = core_->commits.load(std::memory_order_relaxed);
    usage.unindexed_blocks = core_->unindexed_blocks.load(std::memory_order_relaxed);
    for (const auto& set : core_->sets) {
      const auto totals = set->totals();
      if (!totals) continue;
      usage.segments += totals->segments + totals->recycled;
      usage.disk_bytes += totals->file_bytes;
    }
    return usage;
  }

  void stop(Done<void> done) override {
    committer_->run_behind([core = core_, indexer = indexer_, done = std::move(done)]() mutable {
      if (core->stopped.exchange(true)) return done({});
      indexer->stop(std::move(done));
    });
  }

 private:
  // Runs `ask` on one of the readers' loops.
  template <class T, class Ask>
  void with_log(LogId id, Done<T> done, Ask ask) {
    auto log = core_->logs.find(id);
    if (log == nullptr) return done(missing());
    const std::size_t turn = turn_.fetch_add(1, std::memory_order_relaxed);
    core_->loops.readers[turn % core_->loops.readers.size()]->post(
        [core = core_, log = std::move(log), ask = std::move(ask), done = std::move(done)]() mutable {
          done(ask(Reader(*core), *log));
        });
  }

  const std::shared_ptr<Core> core_;
  const std::shared_ptr<Indexer> indexer_;
  const std::shared_ptr<Committer> committer_;
  CatalogueLog meta_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace

base::Result<OpenedEngine> open_embedded_engine(EmbeddedOptions options, EngineLoops loops, io::FileSystem& files,
                                                Folder folder, std::unique_ptr<IndexStore> index,
                                                base::MemoryBudget& budget, const io::WallClock& wall_clock,
                                                const io::SteadyClock& steady_clock, io::Random& random,
                                                StreamNames names) {
  const auto generation = first_generation(*index, random);
  if (!generation) return base::fail(generation.error());
  auto core = std::make_shared<Core>(options, std::move(loops), files, std::move(index), budget, wall_clock,
                                     steady_clock, std::move(folder), *generation);
  core->names = std::move(names);
  auto recovered = recover(*core);
  if (!recovered) return base::fail(std::move(recovered.error()));
  if (auto whole = check_commands(*core); !whole) return base::fail(std::move(whole.error()));
  OpenedEngine opened;
  opened.damaged_streams = std::move(*recovered);
  opened.installation_key = core->folder.key();
  opened.engine = std::make_unique<EmbeddedEngine>(std::move(core));
  return opened;
}

}  // namespace millrace::log::segment
