#include "shard/shard.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace millrace::shard {
using base::Errc;

namespace {

// Blocks up to this size that wait together become one of at most joined_bytes_max: what a commit costs is then shared,
// and readers find few blocks. Larger ones go as they are, without a second copy.
constexpr std::size_t joinable_bytes_max = 8 * 1024;

base::Error internal(const base::Error& cause) {
  return {base::Errc::internal_failure, base::describe(cause), cause.sys};
}

// The part of a joined block's runs that belongs to its records first ... first + count - 1.
log::Appended part_of(const log::Appended& runs, std::uint32_t first, std::uint32_t count) {
  log::Appended part;
  for (const log::Run& run : runs) {
    if (count == 0) break;
    if (first >= run.count) {
      first -= run.count;
      continue;
    }
    const std::uint32_t taken = std::min(run.count - first, count);
    part.push_back({run.first + first, taken});
    count -= taken;
    first = 0;
  }
  return part;
}

// What a failed append says to those who wait for it.
base::Error told(const base::Error& error) {
  switch (error.code) {
    case base::Errc::closed:
      return base::Error(base::Errc::closed);
    case base::Errc::not_found:
      return base::Error(base::Errc::resource_not_found);
    case base::Errc::full:
      return base::Error(base::Errc::throughput_exceeded);
    default:
      return internal(error);
  }
}

bool kills_writer(base::Errc code) {
  return code == base::Errc::fenced || code == base::Errc::unknown_outcome;
}

}  // namespace

struct Shard::Commit {
  log::Block block;
  std::vector<Append> appends;
};

log::Position Stored::position(std::uint32_t index) const {
  for (const log::Run& run : runs) {
    if (index < run.count) return run.first + index;
    index -= run.count;
  }
  assert(false);
  return 0;
}

Shard::Shard(Shared& shared, ShardConfig config)
    : shared_(shared), config_(config), retention_ms_(config.retention.count()) {}

Shard::~Shard() {
  if (tail_ != nullptr) shared_.tail_cache.forget(*tail_);
}

void Shard::append(log::Block block, base::Done<Stored> done) {
  if (queued_.fetch_add(1, std::memory_order_relaxed) >= appends_queued_max) {
    queued_.fetch_sub(1, std::memory_order_relaxed);
    shared_.append_queue_full.add();
    return done(base::fail(base::Errc::throughput_exceeded));
  }
  inbox_.post(Append{std::move(block), std::move(done)});
}

bool Shard::take_read_place() {
  if (reads_queued_.fetch_add(1, std::memory_order_relaxed) < reads_queued_max) return true;
  reads_queued_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void Shard::read(ReadRequest request, base::Done<ReadPage> done) {
  if (!take_read_place()) return done(base::fail(base::Errc::throughput_exceeded));
  inbox_.post(Read{request, std::move(done)});
}

void Shard::seek_time(std::int64_t arrival_ms, base::Done<log::Position> done) {
  if (!take_read_place()) return done(base::fail(base::Errc::throughput_exceeded));
  // What is found must not be older than what readers still see.
  const std::int64_t from_ms = std::max(arrival_ms, horizon_ms(shared_.clock.now_ms()));
  shared_.engine.seek_time(
      config_.id, from_ms,
      [self = shared_from_this(), done = std::move(done)](base::Result<log::Position> found) mutable {
        self->give_back_read_place();
        if (!found) return done(base::fail(told(found.error())));
        done(*found);
      });
}

void Shard::positions(base::Done<Positions> done) {
  if (!take_read_place()) return done(base::fail(base::Errc::throughput_exceeded));
  inbox_.post(base::Task([this, done = std::move(done)]() mutable {
    with_writer([this, done = std::move(done)]() mutable { answer_positions(std::move(done)); });
  }));
}

void Shard::answer_positions(base::Done<Positions> done) {
  give_back_read_place();
  if (dropped_) return done(base::fail(base::Errc::resource_not_found));
  if (writer_ == nullptr) return done(base::fail(base::Errc::internal_failure, "the shard's log cannot be had"));
  done(Positions{durable_, writer_->is_closed()});
}

void Shard::drop(base::Done<void> done) {
  inbox_.post(base::Task([this, done = std::move(done)]() mutable {
    dropped_ = true;
    if (tail_ != nullptr) shared_.tail_cache.forget(*tail_);
    fail_waiting(base::Error(base::Errc::resource_not_found));
    for (base::Task& task : std::exchange(on_writer_, {}))
      task();
    on_drop_.push_back(std::move(done));
    if (commits_in_flight_ == 0) finish_drop();
  }));
}

void Shard::finish_drop() {
  give_up_writer();
  for (base::Done<void>& done : std::exchange(on_drop_, {}))
    done({});
}

void Shard::set_retention(std::chrono::milliseconds retention) {
  retention_ms_.store(retention.count(), std::memory_order_relaxed);
}

std::int64_t Shard::horizon_ms(std::int64_t now_ms) const {
  const std::int64_t retention_ms = retention_ms_.load(std::memory_order_relaxed);
  return retention_ms == 0 ? 0 : now_ms - retention_ms;
}

void Shard::handle(Message& message) {
  if (auto* append = std::get_if<Append>(&message)) {
    take(std::move(*append));
  } else if (auto* read = std::get_if<Read>(&message)) {
    read_now(read->request, std::move(read->done));
  } else {
    std::get<base::Task>(message)();
  }
}

void Shard::take(Append append) {
  if (dropped_) {
    queued_.fetch_sub(1, std::memory_order_relaxed);
    return append.done(base::fail(base::Errc::resource_not_found));
  }
  append.records = append.block.record_count();
  waiting_.push_back(std::move(append));
}

void Shard::commit_waiting() {
  // Completions that come at once end up here again; the outer call goes on with what they left.
  if (committing_) return;
  committing_ = true;
  while (writer_ != nullptr && !waiting_.empty() && commits_in_flight_ < commits_in_flight_max) {
    std::vector<Append> group;
    std::size_t bytes = 0;
    do {
      bytes += waiting_.front().block.payload().size();
      group.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    } while (!waiting_.empty() && group.front().block.payload().size() <= joinable_bytes_max &&
             waiting_.front().block.payload().size() <= joinable_bytes_max &&
             bytes + waiting_.front().block.payload().size() <= joined_bytes_max);
    submit(std::move(group));
  }
  committing_ = false;
  // A dead writer's commits are waited for, so that nothing of the new one can overtake them.
  const bool wanted = !waiting_.empty() || !on_writer_.empty();
  if (writer_ == nullptr && wanted && commits_in_flight_ == 0) acquire();
}

log::Block Shard::join(const std::vector<Append>& group) {
  std::size_t bytes = 0;
  for (const Append& append : group)
    bytes += append.block.payload().size();
  // Forced: the memory of the parts comes back in a moment.
  log::BlockBuilder builder = log::BlockBuilder::forced(&shared_.budget, bytes);
  for (const Append& append : group)
    builder.add_all(append.block);
  return builder.finish();
}

void Shard::submit(std::vector<Append> group) {
  auto commit = std::make_shared<Commit>();
  commit->block = group.size() == 1 ? std::move(group.front().block) : join(group);
  for (Append& append : group)
    append.block = {};
  commit->appends = std::move(group);
  // Arrival times never fall within a shard, whatever the clock does.
  last_arrival_ms_ = std::max(shared_.clock.now_ms(), last_arrival_ms_);
  commit->block.set_arrival_ms(last_arrival_ms_);
  shared_.commits.add();
  shared_.commit_records.observe(commit->block.record_count());
  ++commits_in_flight_;
  writer_->append(commit->block, [self = shared_from_this(), commit](base::Result<log::Appended> outcome) {
    self->on_committed(*commit, std::move(outcome));
  });
}

void Shard::on_committed(Commit& commit, base::Result<log::Appended> outcome) {
  --commits_in_flight_;
  queued_.fetch_sub(commit.appends.size(), std::memory_order_relaxed);
  if (outcome) {
    succeed(commit, *outcome);
  } else {
    if (kills_writer(outcome.error().code)) give_up_writer();
    commit.block = {};
    const base::Error error = told(outcome.error());
    for (Append& append : commit.appends)
      append.done(base::fail(error));
  }
  commit.block = {};
  if (dropped_ && commits_in_flight_ == 0) finish_drop();
  commit_waiting();
}

void Shard::give_up_writer() {
  // It may be on the stack below, so it goes with a later message.
  if (writer_ != nullptr) inbox_.post(base::Task([dead = std::move(writer_)] {}));
}

void Shard::succeed(Commit& commit, const log::Appended& runs) {
  assert(durable_ < runs.front().first);
  const std::int64_t arrival_ms = commit.block.arrival_ms();
  durable_ = runs.back().first + runs.back().count - 1;
  // An engine that does not keep its blocks in memory leaves them to the tail.
  commit.block.charge(base::MemoryShare::log);
  if (tail_ != nullptr) shared_.tail_cache.forget_before(*tail_, horizon_ms(arrival_ms));
  if (!dropped_ && writer_ != nullptr && runs.size() == 1) {
    shared_.tail_cache.push(tail_, std::move(commit.block), runs.front().first);
  } else if (!dropped_) {
    // The tail holds blocks without gaps only; what has some is read from the engine. So is what follows an append of
    // an unknown outcome, which may be in the log before it.
    shared_.tail_cache.restart(*tail_, durable_ + 1);
  }
  if (commit.appends.size() == 1) return commit.appends.front().done(Stored{runs, arrival_ms});
  std::uint32_t first = 0;
  for (Append& append : commit.appends) {
    append.done(Stored{part_of(runs, first, append.records), arrival_ms});
    first += append.records;
  }
}

void Shard::with_writer(base::Task task) {
  if (writer_ != nullptr || dropped_) return task();
  on_writer_.push_back(std::move(task));
  if (commits_in_flight_ == 0) acquire();
}

void Shard::acquire() {
  if (acquiring_) return;
  acquiring_ = true;
  // On one machine the epoch never changes, and an equal one may be acquired again.
  shared_.engine.acquire(config_.id, log::Epoch{1}, executor_,
                         [self = shared_from_this()](base::Result<std::unique_ptr<log::Writer>> outcome) mutable {
                           self->inbox_.post(base::Task([self, outcome = std::move(outcome)]() mutable {
                             self->on_acquired(std::move(outcome));
                           }));
                         });
}

void Shard::on_acquired(base::Result<std::unique_ptr<log::Writer>> outcome) {
  acquiring_ = false;
  if (!outcome) {
    fail_waiting(told(outcome.error()));
  } else if (!dropped_) {
    writer_ = std::move(*outcome);
    last_arrival_ms_ = std::max(last_arrival_ms_, writer_->last_arrival_ms());
    const log::Position tail = writer_->tail();
    if (tail_ == nullptr) {
      tail_ = shared_.tail_cache.open(tail + 1);
    } else if (tail > durable_) {
      // Appends of an unknown outcome made it into the log after all; the tail does not have them.
      shared_.tail_cache.restart(*tail_, tail + 1);
    }
    durable_ = std::max(durable_, tail);
  }
  for (base::Task& task : std::exchange(on_writer_, {}))
    task();
}

void Shard::fail_waiting(const base::Error& error) {
  queued_.fetch_sub(waiting_.size(), std::memory_order_relaxed);
  for (Append& append : std::exchange(waiting_, {}))
    append.done(base::fail(error));
}

// Gives the read's place back before it answers, so that whoever is answered can read again.
void Shard::read_now(const ReadRequest& request, base::Done<ReadPage> done) {
  if (dropped_) {
    give_back_read_place();
    return done(base::fail(base::Errc::resource_not_found));
  }
  ReadPage result;
  result.now_ms = shared_.clock.now_ms();
  const log::ReadLimits limits{.records_max = request.records_max,
                               .bytes_max = request.bytes_max,
                               .arrival_min_ms = std::max(request.arrival_min_ms, horizon_ms(result.now_ms))};
  // Without a writer the log may have grown without the tail: appends of an unknown outcome.
  if (writer_ != nullptr && tail_->collect_if_held(request.from, durable_, limits, result.page)) {
    result.page.closed = writer_->is_closed() && result.page.next > durable_ && !result.page.next_arrival_ms;
    give_back_read_place();
    return done(std::move(result));
  }
  shared_.engine.read(config_.id, request.from, limits,
                      [self = shared_from_this(), now_ms = result.now_ms,
                       done = std::move(done)](base::Result<log::Page> page) mutable {
                        self->give_back_read_place();
                        if (!page) return done(base::fail(told(page.error())));
                        done(ReadPage{std::move(*page), now_ms});
                      });
}

}  // namespace millrace::shard
