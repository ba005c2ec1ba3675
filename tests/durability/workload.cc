#include "tests/durability/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "log/testing/blocks.h"

namespace millrace::durability {

using log::LogId;
using log::Position;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::size_t logs_max = 8;
// One for each class of segments, and one that expires soon.
constexpr std::array<milliseconds, 6> retentions = {hours(1),       hours(24),       hours(48),
                                                    hours(20 * 24), hours(100 * 24), milliseconds(0)};

}  // namespace

log::segment::EmbeddedOptions small_engine(log::segment::Durability durability) {
  return {.durability = durability,
          .disk_reserve = 0,
          .index_flush_bytes = 48 << 10,
          .index_flush_interval = seconds(30),
          .unindexed_blocks_max = 400,
          .segment_bytes_first = 16 << 10,
          .segment_bytes_max = 32 << 10};
}

const std::array<Workload::Row, 13> Workload::rows = {{
    {40, &Workload::append},
    {4, &Workload::append_many},
    {1, &Workload::append_with_drop},
    {6, &Workload::create},
    {3, &Workload::drop},
    {3, &Workload::configure},
    {6, &Workload::wait_a_little},
    {4, &Workload::wait_for_the_index},
    {3, &Workload::wait_for_long},
    {3, &Workload::check},
    {3, &Workload::save_snapshot},
    {1, &Workload::close},
    {3, &Workload::restart},
}};

Workload::Workload(Machine& machine, Oracle& oracle, WorkloadOptions options)
    : machine_(machine), oracle_(oracle), options_(std::move(options)), random_(options_.seed) {}

Workload::~Workload() {
  kill();
}

void Workload::kill() {
  writers_.clear();
  life_.reset();
  unanswered_ = 0;
}

void Workload::stop() {
  if (life_ == nullptr) return;
  const auto stopped = life_->stop();
  expect(stopped.has_value(), "the engine cannot be stopped", stopped ? nullptr : &stopped.error());
  kill();
}

void Workload::expect(bool went_well, const std::string& what, const base::Error* error) {
  // A call that is never answered is answered so; no disk excuses that.
  const bool is_stuck = error != nullptr && error->code == base::Errc::internal_failure;
  if (went_well || (options_.may_fail && !is_stuck)) return;
  oracle_.violate(what + (error == nullptr ? "" : ": " + base::describe(*error)));
}

bool Workload::begin_life() {
  kill();
  life_ = std::make_unique<Life>(machine_, options_.engine, options_.seams, options_.seed * 1'000 + lives_++);
  if (!life_->is_open()) {
    const base::Error error = life_->error();
    life_.reset();
    expect(false, "the engine cannot be opened", &error);
    return false;
  }
  return true;
}

void Workload::run() {
  if (!begin_life()) return;
  oracle_.take_over(*life_, options_.promise, now());
  unsigned weights = 0;
  for (const Row& row : rows)
    weights += row.weight;
  for (std::size_t i = 0; i < options_.steps && life_ != nullptr && oracle_.violations().empty(); ++i) {
    std::uint64_t drawn = below(weights);
    const Row* row = rows.data();
    while (drawn >= row->weight)
      drawn -= row++->weight;
    (this->*row->step)();
  }
}

LogId Workload::any_log() {
  const auto& logs = oracle_.logs();
  return std::next(logs.begin(), static_cast<std::ptrdiff_t>(below(logs.size())))->first;
}

log::Writer* Workload::writer_of(LogId log) {
  auto& writer = writers_[log];
  if (writer == nullptr) {
    auto acquired = life_->acquire(log);
    if (!acquired) {
      expect(false, "a log cannot be acquired", &acquired.error());
      return nullptr;
    }
    writer = std::move(*acquired);
  }
  return writer.get();
}

bool Workload::command(const std::string& text) {
  oracle_.ask_command(text, now());
  const auto told = life_->command(text);
  oracle_.tell_command(told, now());
  expect(told.has_value(), "a command is refused", told ? nullptr : &told.error());
  return told.has_value();
}

// Mostly small ones, some over several sectors, a few over several pages.
std::size_t Workload::record_bytes() {
  const std::uint64_t kind = below(10);
  if (kind < 7) return below(150);
  return kind < 9 ? 500 + below(2'000) : 4'000 + below(6'000);
}

// Asks, and does not wait.
void Workload::append_to(LogId log, bool may_be_dropped) {
  log::Writer* const writer = writer_of(log);
  if (writer == nullptr) return;
  std::vector<std::string> data;
  std::vector<log::testing::TestRecord> records;
  const std::uint64_t number = oracle_.next_number();
  const std::uint64_t count = 1 + (below(3) == 0 ? below(6) : 0);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string record = fmt::format("{}/{} block {} record {} ", log.stream_uid, log.shard_no, number, i);
    record.append(record_bytes(), static_cast<char>('a' + (number + i) % 26));
    data.push_back(record);
    records.push_back({"k", std::move(record)});
  }
  const std::int64_t arrival_ms = std::max(machine_.clock.wall().now_ms(), writer->last_arrival_ms());
  const std::size_t block = oracle_.ask_block(log, std::move(data), arrival_ms, now());
  ++unanswered_;
  const auto told = [this, block, may_be_dropped](base::Result<log::Appended> outcome) {
    --unanswered_;
    oracle_.tell_block(block, outcome, now());
    if (outcome) return;
    const base::Errc code = outcome.error().code;
    if (code == base::Errc::full) ++throttled_;
    const bool is_fine =
        code == base::Errc::full || code == base::Errc::closed || (may_be_dropped && code == base::Errc::not_found);
    expect(is_fine, "a block is refused", &outcome.error());
  };
  writer->append(log::testing::make_block(records, arrival_ms), told);
}

void Workload::run_appends() {
  life_->run();
  if (unanswered_ > 0) oracle_.violate(fmt::format("{} appends were never answered", unanswered_));
}

void Workload::append() {
  if (oracle_.logs().empty()) return create();
  for (std::uint64_t left = 1 + below(4); left > 0; --left) {
    append_to(any_log());
    if (below(3) == 0) life_->run();
  }
  run_appends();
}

void Workload::append_many() {
  if (oracle_.logs().empty()) return create();
  const LogId log = any_log();
  for (int i = 0; i < 24; ++i)
    append_to(below(4) == 0 ? any_log() : log);
  run_appends();
}

// The engine decides which of the two is first; of the log nothing is asked any more.
void Workload::append_with_drop() {
  if (oracle_.logs().size() < 2) return;
  const LogId log = any_log();
  if (!command(fmt::format("drop {} {}", log.stream_uid, log.shard_no))) return;
  append_to(log, true);
  if (const auto dropped = life_->drop(log); !dropped) expect(false, "a log cannot be dropped", &dropped.error());
  run_appends();
  writers_.erase(log);
}

void Workload::create() {
  if (oracle_.logs().size() >= logs_max) return;
  const LogId log{oracle_.next_number(), static_cast<std::uint32_t>(below(3))};
  const milliseconds retention = retentions[below(retentions.size())];
  if (!command(fmt::format("create {} {} {}", log.stream_uid, log.shard_no, retention.count()))) return;
  const auto created = life_->create(log, retention);
  expect(created.has_value(), "a log cannot be created", created ? nullptr : &created.error());
}

void Workload::drop() {
  if (oracle_.logs().size() < 2) return;
  const LogId log = any_log();
  if (!command(fmt::format("drop {} {}", log.stream_uid, log.shard_no))) return;
  writers_.erase(log);
  const auto dropped = life_->drop(log);
  expect(dropped.has_value(), "a log cannot be dropped", dropped ? nullptr : &dropped.error());
  if (life_->read(log, 1, 1)) oracle_.violate("a dropped log is read");
}

void Workload::configure() {
  if (oracle_.logs().empty()) return;
  const LogId log = any_log();
  const milliseconds retention = retentions[below(retentions.size())];
  if (!command(fmt::format("configure {} {} {}", log.stream_uid, log.shard_no, retention.count()))) return;
  const auto configured = life_->configure(log, retention);
  expect(configured.has_value(), "a log cannot be configured", configured ? nullptr : &configured.error());
}

void Workload::wait_a_little() {
  const milliseconds by(below(5'000));
  oracle_.set_clock(now(), machine_.clock.wall().now_ms() + by.count());
  life_->advance(by);
}

void Workload::wait_for_the_index() {
  const milliseconds by = seconds(31);
  oracle_.set_clock(now(), machine_.clock.wall().now_ms() + by.count());
  life_->advance(by);
}

// The time of day moves on, so that records expire; the engine's timers see a few seconds of it.
void Workload::wait_for_long() {
  constexpr std::array<hours, 4> long_times = {hours(2), hours(25), hours(3 * 24), hours(30 * 24)};
  const std::int64_t wall_ms = machine_.clock.wall().now_ms() + milliseconds(long_times[below(4)]).count();
  oracle_.set_clock(now(), wall_ms);
  machine_.clock.set_wall_ms(wall_ms);
  wait_for_the_index();
}

void Workload::check() {
  if (oracle_.logs().empty()) return;
  oracle_.check_log(*life_, any_log());
}

void Workload::save_snapshot() {
  const auto [position, bytes] = oracle_.snapshot();
  if (position == 0) return;
  log::MetaLog& meta = life_->engine().meta();
  const auto saved = life_->wait<void>([&, at = position, &content = bytes](auto done) {
    meta.save_snapshot(at, std::as_bytes(std::span(content)), std::move(done));
  });
  if (!saved) return expect(false, "a snapshot cannot be saved", &saved.error());
  oracle_.tell_snapshot(position, now());
  const auto trimmed = life_->wait<void>([&, before = position + 1](auto done) { meta.trim(before, std::move(done)); });
  if (trimmed) return oracle_.tell_trim(position + 1, now());
  expect(false, "the catalogue cannot be trimmed", &trimmed.error());
}

void Workload::close() {
  if (oracle_.logs().size() < 3) return;
  const LogId log = any_log();
  if (oracle_.is_closed(log)) return;
  log::Writer* const writer = writer_of(log);
  if (writer == nullptr) return;
  oracle_.ask_close(log, now());
  const auto closed = life_->wait<Position>([&](auto done) { writer->close(std::move(done)); });
  if (closed) return oracle_.tell_close(log, now());
  expect(false, "a log cannot be closed", &closed.error());
}

// A clean stop or a kill, and another life.
void Workload::restart() {
  if (!options_.restarts) return;
  if (below(2) == 0) stop();
  if (!begin_life()) return;
  oracle_.take_over(*life_, Promise::everything_told, now());
}

}  // namespace millrace::durability
