#include "log/segment/committer.h"

#include <algorithm>
#include <utility>

namespace millrace::log::segment {
namespace {

// The system is asked for free space after so much time or so many bytes; both are far below any sensible reserve.
constexpr std::int64_t space_interval_ms = 100;
constexpr std::uint64_t space_bytes = std::uint64_t{64} << 20;
// An end marker is in the index long before: it must not keep its segment.
constexpr std::int64_t end_marker_kept_ms = 3'600'000;
constexpr unsigned incarnation_shift = 32;

std::span<const std::byte> payload_of(const Block& block) {
  return block ? std::as_bytes(std::span(block.payload())) : std::span<const std::byte>();
}

}  // namespace

void Committer::submit(std::shared_ptr<LogState> log, std::uint64_t epoch, Block block, base::Executor* executor,
                       Done<Appended> done) {
  bool first = false;
  {
    base::Lock lock(mutex_);
    first = queue_.empty();
    queue_.push_back({.log = std::move(log),
                      .epoch = epoch,
                      .block = std::move(block),
                      .executor = executor,
                      .done = std::move(done),
                      .outcome = {},
                      .writes = false,
                      .segment_class = 0,
                      .row = {}});
  }
  if (first) core_->loops.commit->post([self = shared_from_this()] { self->run(); });
}

void Committer::run() {
  std::vector<Request> taken;
  {
    base::Lock lock(mutex_);
    taken.swap(queue_);
  }
  for (auto rest = std::span(taken); !rest.empty();) {
    std::size_t count = 1;
    std::size_t bytes = rest.front().bytes();
    while (count < rest.size() && bytes + rest[count].bytes() <= commit_bytes_max)
      bytes += rest[count++].bytes();
    commit(rest.first(count));
    rest = rest.subspan(count);
  }
}

void Committer::commit(std::span<Request> requests) {
  Core& core = *core_;
  if (auto open = gate(); !open) {
    for (Request& request : requests)
      request.outcome = base::fail(open.error());
    return answer(requests);
  }
  std::array<bool, segment_class_count> touched{};
  for (Request& request : requests) {
    assign(request);
    if (request.writes) touched[request.segment_class] = true;
  }
  base::Result<void> written;
  for (std::size_t c = 0; c < touched.size() && written; ++c) {
    if (touched[c]) written = write(requests, c);
  }
  for (std::size_t c = 0; c < touched.size() && written && core.options.durability == Durability::sync; ++c) {
    if (touched[c]) written = core.sets[c]->sync();
  }
  if (!written) core.fail(written.error());
  bool any = false;
  for (Request& request : requests) {
    any = any || request.writes;
    if (request.writes && written) publish(request);
    // An end marker that found another one on its way shares its fate.
    const bool relies_on_it = request.writes || (!request.block && request.outcome.has_value());
    if (relies_on_it && !written) request.outcome = engine_failed();
  }
  if (any && written) core.commits.fetch_add(1, std::memory_order_relaxed);
  answer(requests);
  if (core.unindexed_bytes.load(std::memory_order_relaxed) >= core.options.index_flush_bytes ||
      core.unindexed_blocks.load(std::memory_order_relaxed) >= core.options.unindexed_blocks_max / 2) {
    wants_flush_();
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
  const std::int64_t now_ms = core.steady_clock.now_ms();
  if (space_asked_ms_ < 0 || now_ms - space_asked_ms_ >= space_interval_ms || written_since_asked_ >= space_bytes) {
    const auto free = core.files.free_bytes(core.folder.path());
    if (!free) return base::fail(base::Errc::unavailable, base::describe(free.error()));
    space_asked_ms_ = now_ms;
    written_since_asked_ = 0;
    free_bytes_ = *free;
  }
  if (free_bytes_ < core.options.disk_reserve) {
    base::log::write_limited("disk-reserve", now_ms, base::log::Level::warn,
                             "the disk is full up to its reserve: writes are throttled until there is space",
                             {{"folder", core.folder.path()}, {"free_bytes", std::to_string(free_bytes_)}});
    return base::fail(base::Errc::full, "the disk is full up to its reserve");
  }
  return {};
}

// Decides whether the request is written, and where in its log.
void Committer::assign(Request& request) {
  LogState& log = *request.log;
  base::Lock lock(log.mutex);
  if (log.dropped) {
    request.outcome = base::fail(base::Errc::not_found, "the log was dropped");
    return;
  }
  if (log.epoch != request.epoch) {
    request.outcome = base::fail(base::Errc::fenced, "a higher epoch owns the log");
    return;
  }
  const bool ended = log.assigned_end || log.closed.load(std::memory_order_relaxed);
  if (ended) {
    if (request.block) request.outcome = base::fail(base::Errc::closed, "the log is closed");
    return;
  }
  request.writes = true;
  request.segment_class =
      std::size_t(log.id == catalogue_log ? SegmentClass::catalogue : class_of(log.config.retention));
  IndexRow& row = request.row;
  row.log = log.id;
  row.first = std::max(log.assigned + 1, core_->incarnation << incarnation_shift);
  if (!request.block) {
    row.first = log.assigned;
    row.arrival_ms = log.queued_arrival_ms;
    row.expires_ms = core_->wall_clock.now_ms() + end_marker_kept_ms;
    log.assigned_end = true;
    return;
  }
  row.count = request.block.record_count();
  row.arrival_ms = request.block.arrival_ms();
  if (log.config.retention.count() > 0) row.expires_ms = row.arrival_ms + log.config.retention.count();
  log.assigned = row.first + row.count - 1;
}

base::Result<void> Committer::write(std::span<Request> requests, std::size_t segment_class) {
  std::vector<NewBlock> blocks;
  for (const Request& request : requests) {
    if (!request.writes || request.segment_class != segment_class) continue;
    NewBlock block;
    block.header.log = request.row.log;
    block.header.first = request.row.first;
    block.header.count = request.row.count;
    block.header.arrival_ms = request.row.arrival_ms;
    block.header.flags = request.block ? 0 : BlockHeader::closes;
    block.payload = payload_of(request.block);
    block.expires_ms = request.row.expires_ms;
    blocks.push_back(block);
  }
  const auto placed =
      core_->sets[segment_class]->append([this] { return ++core_->last_run; }, blocks, core_->wall_clock.now_ms());
  if (!placed) return base::fail(placed.error());
  std::size_t next = 0;
  for (Request& request : requests) {
    if (!request.writes || request.segment_class != segment_class) continue;
    const Placed& at = (*placed)[next++];
    request.row.segment = at.segment;
    request.row.generation = at.generation;
    request.row.offset = at.offset;
    request.row.size = at.size;
    written_since_asked_ += at.size;
    core_->unindexed_bytes.fetch_add(at.size, std::memory_order_relaxed);
  }
  return {};
}

// Readers see the block from here on.
void Committer::publish(Request& request) {
  LogState& log = *request.log;
  base::Lock lock(log.mutex);
  if (!request.block) {
    log.closed.store(true, std::memory_order_release);
    return;
  }
  log.unindexed.push_back(request.row);
  core_->unindexed_blocks.fetch_add(1, std::memory_order_relaxed);
  log.tail.store(request.row.first + request.row.count - 1, std::memory_order_release);
  core_->records.fetch_add(request.row.count, std::memory_order_relaxed);
  request.outcome = Appended{Run{request.row.first, request.row.count}};
}

// One hop for each stretch of requests of one executor, in their order.
void Committer::answer(std::span<Request> requests) {
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
}

}  // namespace millrace::log::segment
