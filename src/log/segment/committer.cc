#include "log/segment/committer.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace millrace::log::segment {
namespace {

// The system is asked for free space after so much time or so many bytes; both are far below any sensible reserve.
constexpr std::int64_t space_interval_ms = 100;
constexpr std::uint64_t space_bytes = std::uint64_t{64} << 20;

std::span<const std::byte> payload_of(const Block& block) {
  return block ? std::as_bytes(std::span(block.payload())) : std::span<const std::byte>();
}

}  // namespace

void Committer::submit(std::shared_ptr<LogState> log, std::uint64_t epoch, Block block, base::Executor* executor,
                       Done<Appended> done) {
  bool on_the_spot = core_->options.durability == Durability::os;
  {
    const base::Lock lock(mutex_);
    queue_.push_back({.log = std::move(log),
                      .epoch = epoch,
                      .block = std::move(block),
                      .executor = executor,
                      .done = std::move(done)});
    ++submitted_;
    if (std::exchange(is_at_work_, true)) return;
    on_the_spot = on_the_spot || is_lonely_;
  }
  if (on_the_spot) {
    run(Turn::submitter);
  } else {
    post_run();
  }
}

void Committer::run_between(base::Task task, bool behind) {
  {
    const base::Lock lock(mutex_);
    between_.push_back({.task = std::move(task), .after = behind ? submitted_ : 0});
    if (std::exchange(is_at_work_, true)) return;
  }
  post_run();
}

void Committer::abandon() {
  std::deque<Request> queue;
  std::vector<Between> between;
  const base::Lock lock(mutex_);
  queue.swap(queue_);
  between.swap(between_);
}

void Committer::post_run() {
  core_->loops.commit->post([self = shared_from_this()] { self->run(Turn::commit_loop); });
}

// One commit after another, until nothing waits or one waits for a sync on another loop.
void Committer::run(Turn turn) {
  std::size_t commits = 0;
  const std::size_t commits_max = core_->options.durability == Durability::sync ? 1 : submitter_commits_max;
  while (take()) {
    if (turn == Turn::submitter && (commits++ == commits_max || may_block())) return post_run();
    write();
    if (!begin_syncs()) return;
    finish();
  }
}

// Runs what waits for the end of a commit, then moves what waits, as much as one commit takes, into commit_; false
// where there is nothing. What is there already was taken before and left to another thread.
bool Committer::take() {
  for (;;) {
    std::vector<base::Task> between;
    {
      const base::Lock lock(mutex_);
      if (!commit_.empty()) return true;
      between = take_between();
      if (between.empty()) {
        std::size_t bytes = 0;
        while (!queue_.empty()) {
          bytes += queue_.front().payload_bytes();
          if (!commit_.empty() && bytes > commit_bytes_max) break;
          commit_.push_back(std::move(queue_.front()));
          queue_.pop_front();
          ++taken_;
        }
        is_at_work_ = !commit_.empty();
        return is_at_work_;
      }
    }
    for (base::Task& task : between)
      task();
  }
}

std::vector<base::Task> Committer::take_between() {
  std::vector<base::Task> due;
  std::erase_if(between_, [&due, taken = taken_](Between& between) {
    if (between.after > taken) return false;
    due.push_back(std::move(between.task));
    return true;
  });
  return due;
}

// Whether this commit may begin a segment, which syncs, or is of the catalogue, whose followers have work of their own.
bool Committer::may_block() const {
  std::array<std::uint64_t, segment_class_count> bytes{};
  for (const Request& request : commit_) {
    if (request.log->id == catalogue_log) return true;
    bytes[class_of_request(request)] += aligned(block_header_bytes + request.payload_bytes());
  }
  for (std::size_t c = 0; c < bytes.size(); ++c) {
    if (bytes[c] == 0) continue;
    const auto file = core_->sets[c]->current();
    if (file == nullptr || !file->fits(run_header_bytes + bytes[c])) return true;
  }
  return false;
}

std::size_t Committer::class_of_request(const Request& request) {
  if (request.log->id == catalogue_log) return std::size_t(SegmentClass::catalogue);
  const base::Lock lock(request.log->mutex);
  return std::size_t(class_of(request.log->config.retention));
}

// Room in the segments first, since a full disk must change nothing; then positions; then the runs.
void Committer::write() {
  Core& core = *core_;
  shares_.fill({});
  const auto open = gate();
  for (Request& request : commit_)
    classify(request, open);
  for (std::size_t c = 0; c < shares_.size(); ++c) {
    if (shares_[c].bytes == 0) continue;
    auto& outcome = shares_[c].outcome;
    outcome = core.sets[c]->prepare(run_header_bytes + shares_[c].bytes, core.wall_clock.now_ms());
    if (!outcome && outcome.error().code != base::Errc::full) core.fail(outcome.error());
  }
  for (Request& request : commit_) {
    if (!request.outcome) continue;
    if (const auto& room = shares_[request.segment_class].outcome; !room) {
      request.outcome = base::fail(core.has_failed() ? engine_failed().error() : room.error());
    } else if (core.has_failed()) {
      request.outcome = engine_failed();
    } else {
      assign(request);
    }
    shares_[request.segment_class].touched |= request.writes;
  }
  for (std::size_t c = 0; c < shares_.size(); ++c) {
    if (!shares_[c].touched || core.has_failed()) continue;
    shares_[c].outcome = write_share(c);
    if (!shares_[c].outcome) core.fail(shares_[c].outcome.error());
  }
}

// Whether anything may be written now.
base::Result<void> Committer::gate() {
  Core& core = *core_;
  if (core.has_failed()) return engine_failed();
  if (core.stopped.load(std::memory_order_acquire)) return engine_stopped();
  if (core.unindexed_blocks.load(std::memory_order_relaxed) >= core.options.unindexed_blocks_max) {
    wants_flush_();
    return base::fail(base::Errc::full, "too many blocks wait for the index");
  }
  return reserve_left();
}

base::Result<void> Committer::reserve_left() {
  Core& core = *core_;
  const std::int64_t now_ms = core.steady_clock.now_ms();
  if (space_asked_ms_ < 0 || now_ms - space_asked_ms_ >= space_interval_ms || written_since_asked_ >= space_bytes) {
    const auto free = core.files.free_bytes(core.folder.path());
    if (!free) return base::fail(base::Errc::unavailable, base::describe(free.error()));
    space_asked_ms_ = now_ms;
    written_since_asked_ = 0;
    free_bytes_ = *free;
  }
  const bool is_full = free_bytes_ < core.options.disk_reserve;
  core.set_disk_full(is_full);
  if (!is_full) return {};
  base::log::write_limited("disk-reserve", now_ms, base::log::Level::warn,
                           "the disk is full up to its reserve: writes are throttled until there is space",
                           {{"folder", core.folder.path()}, {"free_bytes", std::to_string(free_bytes_)}});
  return base::fail(base::Errc::full, "the disk is full up to its reserve");
}

// The class of segments a request goes to, and how many bytes it takes there at most. A full disk does not refuse the
// catalogue's commands: a deletion is what frees space, and the reserve is there for them. Nor does it refuse the end
// of a log, which has no payload: a reshard that has begun must be able to end.
void Committer::classify(Request& request, const base::Result<void>& open) {
  const bool is_command = request.log->id == catalogue_log;
  const bool is_end = !request.block;
  if (!open && !((is_command || is_end) && open.error().code == base::Errc::full)) {
    request.outcome = base::fail(open.error());
    return;
  }
  request.segment_class = class_of_request(request);
  shares_[request.segment_class].bytes += aligned(block_header_bytes + request.payload_bytes());
}

// Decides whether the request is written, and where in its log.
void Committer::assign(Request& request) {
  LogState& log = *request.log;
  const base::Lock lock(log.mutex);
  if (log.dropped) {
    request.outcome = base::fail(base::Errc::not_found, "the log was dropped");
    return;
  }
  if (log.epoch != request.epoch) {
    request.outcome = base::fail(base::Errc::fenced, "a higher epoch owns the log");
    return;
  }
  if (log.assigned_end || log.closed.load(std::memory_order_relaxed)) {
    if (request.block) request.outcome = base::fail(base::Errc::closed, "the log is closed");
    return;
  }
  request.writes = true;
  IndexRow& row = request.row;
  row.log = log.id;
  if (!request.block) {
    row.first = log.assigned;
    row.arrival_ms = log.queued_arrival_ms;
    log.assigned_end = true;
    return;
  }
  row.first = std::max(log.assigned + 1, core_->first_position());
  row.count = request.block.record_count();
  row.arrival_ms = request.block.arrival_ms();
  assert(row.first > log.tail.load(std::memory_order_relaxed));
  log.assigned = row.first + row.count - 1;
}

base::Result<void> Committer::write_share(std::size_t segment_class) {
  const auto is_of = [&](const Request& request) { return request.writes && request.segment_class == segment_class; };
  blocks_.clear();
  for (const Request& request : commit_) {
    if (!is_of(request)) continue;
    NewBlock block;
    block.header.log = request.row.log;
    block.header.first = request.row.first;
    block.header.count = request.row.count;
    block.header.arrival_ms = request.row.arrival_ms;
    block.header.flags = request.block ? 0 : BlockHeader::closes;
    block.payload = payload_of(request.block);
    blocks_.push_back(block);
  }
  const auto placed = core_->sets[segment_class]->append(++core_->last_run, blocks_);
  if (!placed) return base::fail(placed.error());
  std::size_t next = 0;
  for (Request& request : commit_) {
    if (!is_of(request)) continue;
    const Placed& at = (*placed)[next++];
    request.row.segment = at.segment;
    request.row.generation = at.generation;
    request.row.offset = at.offset;
    request.row.size = at.size;
    written_since_asked_ += at.size;
    core_->new_bytes.fetch_add(at.size, std::memory_order_relaxed);
  }
  return {};
}

// Syncs what was written: one class here, the others meanwhile on the loop for them. False where finish() comes later,
// by itself. Commands are synced in `os`, too: the catalogue must not forget what the logs remember, or a shard that it
// takes for open would have ended.
bool Committer::begin_syncs() {
  Core& core = *core_;
  if (core.has_failed()) return true;
  const bool syncs_all = core.options.durability == Durability::sync;
  std::vector<std::size_t> touched;
  for (std::size_t c = 0; c < shares_.size(); ++c) {
    if (shares_[c].touched && (syncs_all || c == std::size_t(SegmentClass::catalogue))) touched.push_back(c);
  }
  if (touched.empty()) return true;
  const auto sync = [](Committer& committer, std::size_t segment_class) {
    committer.shares_[segment_class].outcome = committer.core_->sets[segment_class]->sync();
  };
  if (touched.size() == 1) {
    const auto began = core.steady_clock.now();
    sync(*this, touched.front());
    sync_time_ = core.steady_clock.now() - began;
    return true;
  }
  sync_time_ = std::chrono::nanoseconds::max();
  syncs_left_ = 2;
  const auto one_done = [](Committer& committer) {
    if (--committer.syncs_left_ > 0) return;
    committer.finish();
    committer.run(Turn::commit_loop);
  };
  core.loops.sync->post([self = shared_from_this(), touched, sync, one_done] {
    for (std::size_t i = 1; i < touched.size(); ++i)
      sync(*self, touched[i]);
    self->core_->loops.commit->post([self, one_done] { one_done(*self); });
  });
  sync(*this, touched.front());
  core.loops.commit->post([self = shared_from_this(), one_done] { one_done(*self); });
  return false;
}

void Committer::note_loneliness() {
  const base::Lock lock(mutex_);
  const bool is_alone = commit_.size() == 1 && queue_.empty() && sync_time_ <= quick_sync_max;
  lonely_commits_ = is_alone ? lonely_commits_ + 1 : 0;
  is_lonely_ = lonely_commits_ >= lonely_commits_min;
}

void Committer::finish() {
  Core& core = *core_;
  note_loneliness();
  for (const Share& share : shares_) {
    if (share.touched && !share.outcome) core.fail(share.outcome.error());
  }
  const bool written = !core.has_failed();
  bool any = false;
  for (Request& request : commit_) {
    any = any || request.writes;
    if (request.writes && written) publish(request);
    // An end marker that found another one on its way shares its fate.
    const bool relies_on_it = request.writes || (!request.block && request.outcome.has_value());
    if (relies_on_it && !written) request.outcome = engine_failed();
  }
  if (any && written) core.commits.fetch_add(1, std::memory_order_relaxed);
  answer();
  if (core.new_bytes.load(std::memory_order_relaxed) >= core.options.index_flush_bytes ||
      core.new_blocks.load(std::memory_order_relaxed) >= core.options.unindexed_blocks_max / 4) {
    wants_flush_();
  }
}

// Readers see the block from here on.
void Committer::publish(Request& request) {
  LogState& log = *request.log;
  const base::Lock lock(log.mutex);
  if (!request.block) {
    log.closed.store(true, std::memory_order_release);
    return;
  }
  assert(request.row.first > log.tail.load(std::memory_order_relaxed));
  log.unindexed.push_back(request.row);
  core_->unindexed_blocks.fetch_add(1, std::memory_order_relaxed);
  core_->new_blocks.fetch_add(1, std::memory_order_relaxed);
  log.tail.store(request.row.first + request.row.count - 1, std::memory_order_release);
  core_->records.fetch_add(request.row.count, std::memory_order_relaxed);
  request.outcome = Appended{Run{request.row.first, request.row.count}};
}

// One hop for each stretch of requests of one executor, in their order.
void Committer::answer() {
  auto requests = std::span(commit_);
  while (!requests.empty()) {
    base::Executor* const executor = requests.front().executor;
    const auto end = std::ranges::find_if(requests, [&](const Request& r) { return r.executor != executor; });
    const auto count = static_cast<std::size_t>(end - requests.begin());
    std::vector<std::pair<Done<Appended>, base::Result<Appended>>> answers;
    answers.reserve(count);
    for (Request& request : requests.first(count))
      answers.emplace_back(std::move(request.done), std::move(request.outcome));
    auto tell = [told = std::move(answers)]() mutable {
      for (auto& [done, outcome] : told)
        done(std::move(outcome));
    };
    if (executor == nullptr) {
      tell();
    } else {
      executor->post(std::move(tell));
    }
    requests = requests.subspan(count);
  }
  commit_.clear();
}

}  // namespace millrace::log::segment
