#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "catalog/codec.h"
#include "catalog/testing/keys.h"
#include "log/memory/memory_engine.h"
#include "shard/shard.h"
#include "sim/sim_clock.h"
#include "sim/sim_random.h"

// What a coordinator stands on, for tests.
namespace millrace::coordinator::testing {

// The memory engine, with calls that a test can hold or fail, and a look at each command before it is written.
class TestEngine final : public log::Engine {
 public:
  enum class Call : std::uint8_t { create, drop, configure };

  TestEngine(base::MemoryBudget& budget, const io::WallClock& clock)
      : engine_(log::make_memory_engine(budget, clock)), meta_(engine_->meta()) {}

  // Calls of that kind wait until release().
  void hold(Call call) {
    base::Lock lock(mutex_);
    holding_.insert(call);
  }
  void release() {
    std::vector<base::Task> held;
    {
      base::Lock lock(mutex_);
      holding_.clear();
      held.swap(held_);
    }
    for (base::Task& task : held)
      task();
  }
  // What is held is never done: the machine has lost its power.
  void forget_held() {
    std::vector<base::Task> held;
    base::Lock lock(mutex_);
    holding_.clear();
    held.swap(held_);
  }
  std::size_t held() {
    base::Lock lock(mutex_);
    return held_.size();
  }
  // Calls of that kind for that shard number fail, until mended.
  void fail(Call call, std::uint32_t shard_no) {
    base::Lock lock(mutex_);
    failing_.emplace(call, shard_no);
  }
  void mend() {
    base::Lock lock(mutex_);
    failing_.clear();
  }
  // Commands are looked at before they are written; an error keeps them out of the log. Set while nothing runs.
  using Look = std::function<base::Result<void>(const catalog::Command&)>;
  void look_at_commands(Look look) { meta_.look = std::move(look); }
  // What each log was last configured with.
  std::map<log::LogId, log::LogConfig> configs() {
    base::Lock lock(mutex_);
    return configs_;
  }
  void forget_configs() {
    base::Lock lock(mutex_);
    configs_.clear();
  }
  std::vector<log::LogId> logs() {
    std::vector<log::LogId> ids;
    engine_->list([&](base::Result<std::vector<log::LogId>> listed) { ids = std::move(listed.value()); });
    return ids;
  }

  void create(log::LogId id, log::LogConfig config, base::Done<void> done) override {
    call(Call::create, id, std::move(done), [this, id, config](base::Done<void> through) {
      note(id, config);
      engine_->create(id, config, std::move(through));
    });
  }
  void drop(log::LogId id, base::Done<void> done) override {
    call(Call::drop, id, std::move(done),
         [this, id](base::Done<void> through) { engine_->drop(id, std::move(through)); });
  }
  void configure(log::LogId id, log::LogConfig config, base::Done<void> done) override {
    call(Call::configure, id, std::move(done), [this, id, config](base::Done<void> through) {
      note(id, config);
      engine_->configure(id, config, std::move(through));
    });
  }
  void acquire(log::LogId id, log::Epoch epoch, base::Executor& executor,
               base::Done<std::unique_ptr<log::Writer>> done) override {
    engine_->acquire(id, epoch, executor, std::move(done));
  }
  void read(log::LogId id, log::Position from, log::ReadLimits limits, base::Done<log::Page> done) override {
    engine_->read(id, from, limits, std::move(done));
  }
  void seek_time(log::LogId id, std::int64_t arrival_ms, base::Done<log::Position> done) override {
    engine_->seek_time(id, arrival_ms, std::move(done));
  }
  void first(log::LogId id, base::Done<log::Position> done) override { engine_->first(id, std::move(done)); }
  void list(base::Done<std::vector<log::LogId>> done) override { engine_->list(std::move(done)); }
  log::MetaLog& meta() override { return meta_; }
  log::DurabilityClass durability() const override { return engine_->durability(); }
  log::Health health() const override { return engine_->health(); }
  log::Usage usage() const override { return engine_->usage(); }
  void stop(base::Done<void> done) override { engine_->stop(std::move(done)); }

 private:
  struct LookingLog final : log::MetaLog {
    explicit LookingLog(log::MetaLog& i) : inner(i) {}
    void append(std::span<const std::byte> command, base::Done<log::Position> done) override {
      if (look) {
        if (auto looked = look(catalog::decode_command(command).value()); !looked) {
          return done(base::fail(looked.error()));
        }
      }
      inner.append(command, std::move(done));
    }
    void follow(log::Position from, Follower follower) override { inner.follow(from, std::move(follower)); }
    void barrier(base::Done<log::Position> done) override { inner.barrier(std::move(done)); }
    void save_snapshot(log::Position position, std::span<const std::byte> bytes, base::Done<void> done) override {
      inner.save_snapshot(position, bytes, std::move(done));
    }
    std::optional<log::Snapshot> load_snapshot() override { return inner.load_snapshot(); }
    void trim(log::Position before, base::Done<void> done) override { inner.trim(before, std::move(done)); }

    log::MetaLog& inner;
    Look look;
  };

  using Through = std::function<void(base::Done<void>)>;

  void call(Call kind, log::LogId id, base::Done<void> done, Through through) {
    bool failing = false;
    {
      base::Lock lock(mutex_);
      if (holding_.contains(kind)) {
        held_.push_back([through, done = std::move(done)]() mutable { through(std::move(done)); });
        return;
      }
      failing = failing_.contains({kind, id.shard_no});
    }
    if (failing) return done(base::fail(base::Errc::unavailable, "as the test wants it"));
    through(std::move(done));
  }
  void note(log::LogId id, log::LogConfig config) {
    base::Lock lock(mutex_);
    configs_.insert_or_assign(id, config);
  }

  std::unique_ptr<log::Engine> engine_;
  LookingLog meta_;
  base::Mutex mutex_;
  std::set<Call> holding_ MILLRACE_GUARDED_BY(mutex_);
  std::set<std::pair<Call, std::uint32_t>> failing_ MILLRACE_GUARDED_BY(mutex_);
  std::vector<base::Task> held_ MILLRACE_GUARDED_BY(mutex_);
  std::map<log::LogId, log::LogConfig> configs_ MILLRACE_GUARDED_BY(mutex_);
};

struct Machine {
  explicit Machine(std::size_t memory_bytes = std::size_t{256} << 20) : budget(memory_bytes) {}

  sim::SimClock clock;
  sim::SimRandom random{11};
  base::MemoryBudget budget;
  TestEngine engine{budget, clock.wall()};
  shard::TailCache tail_cache{budget.max(base::MemoryShare::log) / 2};
  base::Counter commits;
  base::Histogram commit_records;
  base::Counter append_queue_full;
  shard::Shared shared{.engine = engine,
                       .clock = clock.wall(),
                       .budget = budget,
                       .tail_cache = tail_cache,
                       .commits = commits,
                       .commit_records = commit_records,
                       .append_queue_full = append_queue_full};
};

}  // namespace millrace::coordinator::testing
