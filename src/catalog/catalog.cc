#include "catalog/catalog.h"

#include <fmt/format.h>

#include <atomic>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "catalog/codec.h"

namespace millrace::catalog {
namespace {

using base::Errc;
using log::Position;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// Bytes of memory that a command may add to the state, at most.
std::size_t growth(const CommandBody& body, const MemoryCosts& costs) {
  if (const auto* create = std::get_if<CreateStream>(&body)) {
    return costs.of_stream(create->name.size(), create->shard_count) + costs.of_tags(create->tags);
  }
  if (const auto* add = std::get_if<AddTags>(&body)) return costs.of_tags(add->tags);
  return 0;
}

base::Error not_known() {
  return {Errc::unknown_outcome, "whether the catalogue was changed is not known"};
}

// The stream of a command, before or after it.
const std::string& name_in(const CommandBody& body) {
  return std::visit([](const auto& command) -> const std::string& { return command.name; }, body);
}

std::size_t cost_in(const State& state, const std::string& name, const MemoryCosts& costs) {
  const auto* found = state.find(name);
  return found == nullptr ? 0 : costs.of(**found);
}

}  // namespace

// Shared with the log's follower and call-backs, which may outlive the catalogue and then do nothing.
struct Catalog::Impl : std::enable_shared_from_this<Catalog::Impl> {
  Impl(log::MetaLog& m, const io::WallClock& c, io::Random& r, CatalogOptions o)
      : meta(m), clock(c), random(r), options(o) {}

  // A command that was given to the log and whose outcome somebody waits for.
  struct Proposal {
    base::Done<Outcome> done;
    base::MemoryHold memory;                 // what it may need, until what it needs is counted
    std::optional<Position> unknown_behind;  // unknown_outcome, unless it has come when this position has
  };
  base::Result<void> load();
  void propose(CommandBody body, base::Done<Outcome> done);
  base::Result<void> admit(const CommandId& id, Proposal proposal);
  void on_written(const CommandId& id, const base::Result<Position>& written);
  void on_barrier(const CommandId& id, const base::Result<Position>& barrier);
  void settle(const CommandId& id, const base::Error& error);

  void follow(Position position, std::span<const std::byte> bytes);
  void replay(State& start, const base::Result<Command>& command, Position position) MILLRACE_REQUIRES(mutex);
  void publish(const Command& command, Applied applied);
  void count_memory(const State& before, const State& after, const CommandBody& body);
  void fail(const base::Error& error);
  void close();
  std::optional<Proposal> take(const CommandId& id) MILLRACE_REQUIRES(mutex);
  void take_overdue(Position position, std::vector<Proposal>& overdue) MILLRACE_REQUIRES(mutex);

  bool snapshot_is_due() MILLRACE_REQUIRES(mutex);
  void save_snapshot(const State& state);
  void end_snapshot(const base::Result<void>& outcome, const char* what);

  log::MetaLog& meta;
  const io::WallClock& clock;
  io::Random& random;
  const CatalogOptions options;
  std::atomic<std::uint64_t> version{0};

  base::Mutex mutex;
  std::shared_ptr<State> loading MILLRACE_GUARDED_BY(mutex);  // set while open() replays
  std::shared_ptr<const State> state MILLRACE_GUARDED_BY(mutex);
  std::shared_ptr<const Observer> observer MILLRACE_GUARDED_BY(mutex);
  std::map<CommandId, Proposal> proposals MILLRACE_GUARDED_BY(mutex);
  std::size_t unknown MILLRACE_GUARDED_BY(mutex) = 0;  // proposals with unknown_behind
  std::optional<base::Error> failed MILLRACE_GUARDED_BY(mutex);
  bool closed MILLRACE_GUARDED_BY(mutex) = false;
  bool saving_snapshot MILLRACE_GUARDED_BY(mutex) = false;
  std::uint32_t commands_since_snapshot MILLRACE_GUARDED_BY(mutex) = 0;
  std::size_t bytes_counted MILLRACE_GUARDED_BY(mutex) = 0;
};

// ---- Opening ----

base::Result<void> Catalog::Impl::load() {
  auto start = std::make_shared<State>();
  if (auto snapshot = meta.load_snapshot()) {
    auto loaded = decode_state(bytes_of(snapshot->bytes));
    if (!loaded) return base::fail(std::move(loaded.error()));
    if ((*loaded)->version != snapshot->position) {
      return base::fail(Errc::data_loss, "the catalogue cannot be read (a snapshot at another position)");
    }
    start = *std::move(loaded);
  }
  const Position from = start->version + 1;
  {
    base::Lock lock(mutex);
    loading = std::move(start);
  }
  meta.follow(from, [weak = weak_from_this()](Position position, std::span<const std::byte> bytes) {
    if (auto self = weak.lock()) self->follow(position, bytes);
  });

  std::shared_ptr<const State> loaded;
  bool due = false;
  {
    base::Lock lock(mutex);
    if (failed) return base::fail(*failed);
    loaded = state = std::move(loading);
    loading = nullptr;
    version.store(state->version, std::memory_order_release);
    if (options.budget != nullptr) {
      for (const auto& [name, stream] : state->streams)
        bytes_counted += options.costs.of(*stream);
      options.budget->take(base::MemoryShare::catalogue, bytes_counted);
    }
    due = snapshot_is_due();
  }
  if (due) save_snapshot(*loaded);
  return {};
}

void Catalog::Impl::replay(State& start, const base::Result<Command>& command, Position position) {
  if (!command) {
    failed =
        base::Error(command.error().code, fmt::format("command {} of the log: {}", position, command.error().message));
    return;
  }
  ++commands_since_snapshot;
  // What was refused then is refused now.
  static_cast<void>(apply_to(start, *command, position));
}

// ---- Proposals ----

void Catalog::Impl::propose(CommandBody body, base::Done<Outcome> done) {
  std::shared_ptr<const State> now;
  {
    base::Lock lock(mutex);
    now = state;
  }
  // What would be refused now costs no place in the log. What is refused only later is by apply().
  if (auto refused = refusal(*now, body)) return done(base::fail(*std::move(refused)));

  Proposal proposal{.done = std::move(done), .memory = {}, .unknown_behind = {}};
  if (const std::size_t bytes = growth(body, options.costs); options.budget != nullptr && bytes > 0) {
    proposal.memory = base::MemoryHold(*options.budget, base::MemoryShare::catalogue);
    if (!proposal.memory.try_grow(bytes)) return proposal.done(base::fail(Errc::limit_exceeded, "memory"));
  }
  Command command{.id = {}, .time_ms = clock.now_ms(), .body = std::move(body)};
  random.fill(command.id);
  const CommandId id = command.id;
  auto bytes = std::make_shared<const std::string>(encode(command));
  if (auto admitted = admit(id, std::move(proposal)); !admitted) return;
  meta.append(bytes_of(*bytes), [self = shared_from_this(), id, bytes](base::Result<Position> written) {
    self->on_written(id, written);
  });
}

// Puts the proposal among those that wait, or answers it.
base::Result<void> Catalog::Impl::admit(const CommandId& id, Proposal proposal) {
  base::Error error;
  {
    base::Lock lock(mutex);
    if (!failed && !closed && proposals.size() < proposals_max) {
      proposals.emplace(id, std::move(proposal));
      return {};
    }
    error = failed   ? *failed
            : closed ? base::Error(Errc::cancelled)
                     : base::Error(Errc::full, "proposals to the catalogue");
  }
  proposal.done(base::fail(error));
  return base::fail(std::move(error));
}

// The follower has seen a command that is surely written before this is called, and has answered it.
void Catalog::Impl::on_written(const CommandId& id, const base::Result<Position>& written) {
  if (written) return;
  if (written.error().code != Errc::unknown_outcome) return settle(id, written.error());
  {
    base::Lock lock(mutex);
    if (!proposals.contains(id)) return;
  }
  meta.barrier([self = shared_from_this(), id](base::Result<Position> barrier) { self->on_barrier(id, barrier); });
}

void Catalog::Impl::on_barrier(const CommandId& id, const base::Result<Position>& barrier) {
  if (barrier) {
    base::Lock lock(mutex);
    const auto found = proposals.find(id);
    if (found == proposals.end()) return;
    if (state->version < *barrier) {
      found->second.unknown_behind = *barrier;
      ++unknown;
      return;
    }
  }
  settle(id, not_known());
}

void Catalog::Impl::settle(const CommandId& id, const base::Error& error) {
  std::optional<Proposal> proposal;
  {
    base::Lock lock(mutex);
    proposal = take(id);
  }
  if (!proposal) return;
  proposal->memory.release();
  proposal->done(base::fail(error));
}

std::optional<Catalog::Impl::Proposal> Catalog::Impl::take(const CommandId& id) {
  const auto found = proposals.find(id);
  if (found == proposals.end()) return {};
  Proposal proposal = std::move(found->second);
  proposals.erase(found);
  if (proposal.unknown_behind) --unknown;
  return proposal;
}

void Catalog::Impl::take_overdue(Position position, std::vector<Proposal>& overdue) {
  if (unknown == 0) return;
  for (auto at = proposals.begin(); at != proposals.end();) {
    if (!at->second.unknown_behind || *at->second.unknown_behind > position) {
      ++at;
      continue;
    }
    overdue.push_back(std::move(at->second));
    at = proposals.erase(at);
    --unknown;
  }
}

// ---- Following the log ----

void Catalog::Impl::follow(Position position, std::span<const std::byte> bytes) {
  const auto command = decode_command(bytes);
  std::shared_ptr<const State> before;
  {
    base::Lock lock(mutex);
    if (closed || failed) return;
    if (loading != nullptr) return replay(*loading, command, position);
    before = state;
  }
  if (!command) return fail(command.error());
  // Only this function changes the state, and it is called for one command at a time: it cannot move meanwhile.
  Applied applied = apply(before, *command, position);
  count_memory(*before, *applied.state, command->body);
  publish(*command, std::move(applied));
}

void Catalog::Impl::publish(const Command& command, Applied applied) {
  const std::shared_ptr<const State> after = applied.state;
  std::optional<Proposal> proposal;
  std::shared_ptr<const Observer> told;
  std::vector<Proposal> overdue;
  bool due = false;
  {
    base::Lock lock(mutex);
    state = after;
    version.store(after->version, std::memory_order_release);
    told = observer;
    proposal = take(command.id);
    take_overdue(after->version, overdue);
    ++commands_since_snapshot;
    due = snapshot_is_due();
  }
  if (told != nullptr) (*told)(after);
  if (proposal) {
    proposal->memory.release();  // it is counted as part of the state by now
    if (applied.outcome) {
      proposal->done(Outcome{.state = after, .stream = *std::move(applied.outcome)});
    } else {
      proposal->done(base::fail(std::move(applied.outcome.error())));
    }
  }
  for (Proposal& given_up : overdue) {
    given_up.memory.release();
    given_up.done(base::fail(not_known()));
  }
  if (due) save_snapshot(*after);
}

void Catalog::Impl::count_memory(const State& before, const State& after, const CommandBody& body) {
  if (options.budget == nullptr) return;
  const std::string& name = name_in(body);
  const std::size_t was = cost_in(before, name, options.costs);
  const std::size_t is = cost_in(after, name, options.costs);
  base::Lock lock(mutex);
  bytes_counted += is;
  bytes_counted -= was;
  options.budget->take(base::MemoryShare::catalogue, is);
  options.budget->give_back(base::MemoryShare::catalogue, was);
}

// A command that cannot be read: whatever came after it would be applied to a state that is not the right one.
void Catalog::Impl::fail(const base::Error& error) {
  std::map<CommandId, Proposal> waiting;
  {
    base::Lock lock(mutex);
    failed = error;
    waiting.swap(proposals);
    unknown = 0;
  }
  base::log::error("the catalogue takes no more changes", {{"cause", base::describe(error)}});
  for (auto& [id, proposal] : waiting) {
    proposal.memory.release();
    proposal.done(base::fail(error));
  }
}

void Catalog::Impl::close() {
  std::map<CommandId, Proposal> waiting;
  std::shared_ptr<const Observer> observed;
  {
    base::Lock lock(mutex);
    closed = true;
    waiting.swap(proposals);
    unknown = 0;
    observed = std::exchange(observer, nullptr);
    if (options.budget != nullptr) {
      options.budget->give_back(base::MemoryShare::catalogue, std::exchange(bytes_counted, 0));
    }
  }
  for (auto& [id, proposal] : waiting) {
    proposal.memory.release();
    proposal.done(base::fail(Errc::cancelled, "the catalogue was closed"));
  }
}

// ---- Snapshots ----

bool Catalog::Impl::snapshot_is_due() {
  if (saving_snapshot || closed || commands_since_snapshot < options.commands_per_snapshot) return false;
  saving_snapshot = true;
  // Counted from here, so that one that fails is tried again after as many commands and not after each.
  commands_since_snapshot = 0;
  return true;
}

void Catalog::Impl::save_snapshot(const State& saved) {
  auto bytes = std::make_shared<const std::string>(encode(saved));
  const Position position = saved.version;
  meta.save_snapshot(
      position, bytes_of(*bytes), [self = shared_from_this(), bytes, position](base::Result<void> outcome) {
        if (!outcome) return self->end_snapshot(outcome, "saving");
        self->meta.trim(position + 1,
                        [self](base::Result<void> trimmed) { self->end_snapshot(trimmed, "trimming the log behind"); });
      });
}

void Catalog::Impl::end_snapshot(const base::Result<void>& outcome, const char* what) {
  if (!outcome) {
    base::log::warn(fmt::format("{} a snapshot of the catalogue failed; it is tried again later", what),
                    {{"cause", base::describe(outcome.error())}});
  }
  base::Lock lock(mutex);
  saving_snapshot = false;
}

// ---- The catalogue ----

base::Result<std::unique_ptr<Catalog>> Catalog::open(log::MetaLog& meta, const io::WallClock& clock, io::Random& random,
                                                     CatalogOptions options) {
  auto impl = std::make_shared<Impl>(meta, clock, random, options);
  if (auto loaded = impl->load(); !loaded) return base::fail(std::move(loaded.error()));
  return std::unique_ptr<Catalog>(new Catalog(std::move(impl)));
}

Catalog::~Catalog() {
  close();
}

void Catalog::close() {
  impl_->close();
}

void Catalog::propose(CommandBody body, base::Done<Outcome> done) {
  impl_->propose(std::move(body), std::move(done));
}

std::shared_ptr<const State> Catalog::state() const {
  base::Lock lock(impl_->mutex);
  return impl_->state;
}

std::uint64_t Catalog::version() const {
  return impl_->version.load(std::memory_order_acquire);
}

std::size_t Catalog::proposals() const {
  base::Lock lock(impl_->mutex);
  return impl_->proposals.size();
}

void Catalog::on_change(Observer observer) {
  base::Lock lock(impl_->mutex);
  impl_->observer = std::make_shared<const Observer>(std::move(observer));
}

}  // namespace millrace::catalog
