#include "log/segment/catalogue_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "log/segment/catalogue_snapshot.h"
#include "log/segment/reader.h"

namespace millrace::log::segment {
namespace {

base::Result<void> write_snapshot(const Core& core, Position position, std::string_view content) {
  const std::string folder = core.folder.catalogue();
  const std::string file = encode_snapshot(position, content);
  if (file.size() > snapshot_bytes_max) {
    return base::fail(base::Errc::too_large, "the catalogue's snapshot is larger than one may be");
  }
  auto replaced = replace_file(core.files, folder, snapshot_name(position), std::as_bytes(std::span(file)));
  if (!replaced) return replaced;
  const auto names = core.files.list(folder);
  if (!names) return base::fail(names.error());
  for (const std::string& name : *names) {
    const auto other = snapshot_position(name);
    const bool old = (other && *other < position) || is_unfinished_snapshot(name);
    if (!old) continue;
    if (auto removed = core.files.remove(folder + "/" + name); !removed) return removed;
  }
  return {};
}

std::optional<Snapshot> newest_snapshot(const Core& core) {
  const std::string folder = core.folder.catalogue();
  const auto names = core.files.list(folder);
  if (!names) return std::nullopt;
  std::vector<Position> positions;
  for (const std::string& name : *names) {
    if (const auto position = snapshot_position(name)) positions.push_back(*position);
  }
  std::ranges::sort(positions, std::greater<>());
  for (const Position position : positions) {
    const auto file = core.files.read_all(folder + "/" + snapshot_name(position), snapshot_bytes_max);
    auto content = file ? decode_snapshot(position, *file) : std::nullopt;
    if (content && *file != encode_snapshot(position, *content)) {
      base::log::error("one copy of the catalogue's snapshot is damaged; the other one is used",
                       {{"name", snapshot_name(position)}});
    }
    if (content) return Snapshot{position, std::move(*content)};
    base::log::error("a snapshot of the catalogue is damaged and is passed over", {{"name", snapshot_name(position)}});
  }
  return std::nullopt;
}

Position covered_by_snapshot(const Core& core) {
  const auto snapshot = newest_snapshot(core);
  return snapshot ? snapshot->position : 0;
}

std::unexpected<base::Error> lost_commands(const Core& core, std::string_view what) {
  return base::fail(
      base::Errc::data_loss,
      fmt::format("the catalogue in {} is damaged: {}, and no snapshot stands for it. Put a backup of the "
                  "folder in its place",
                  core.folder.path(), what));
}

}  // namespace

// Commands that are durable wait here for the follower; whoever finds nobody delivering does it, for all. So they are
// followed one at a time and in order, and no lock is held meanwhile.
struct CatalogueLog::State {
  struct Command {
    Position position = 0;
    std::string bytes;
    base::Result<Position> outcome{};
    Done<Position> done;
  };

  base::Mutex mutex;
  std::deque<Command> ready MILLRACE_GUARDED_BY(mutex);
  bool delivering MILLRACE_GUARDED_BY(mutex) = false;
  bool following MILLRACE_GUARDED_BY(mutex) = false;
  Position followed MILLRACE_GUARDED_BY(mutex) = 0;  // up to here
  Follower follower;                                 // set once, before following

  bool begin_delivering() {
    const base::Lock lock(mutex);
    return !std::exchange(delivering, true);
  }
  void add(Command command) {
    {
      const base::Lock lock(mutex);
      ready.push_back(std::move(command));
    }
    if (begin_delivering()) deliver();
  }
  void deliver() {
    for (;;) {
      Command command;
      bool shown = false;
      {
        const base::Lock lock(mutex);
        if (ready.empty()) {
          delivering = false;
          return;
        }
        command = std::move(ready.front());
        ready.pop_front();
        shown = following && command.outcome && command.position > followed;
        if (shown) followed = command.position;
      }
      if (shown) follower(command.position, std::as_bytes(std::span(command.bytes)));
      command.done(std::move(command.outcome));
    }
  }
};

CatalogueLog::CatalogueLog(std::shared_ptr<Core> core, std::shared_ptr<Committer> committer,
                           std::shared_ptr<Indexer> indexer)
    : core_(std::move(core)),
      committer_(std::move(committer)),
      indexer_(std::move(indexer)),
      log_(core_->logs.find(catalogue_log)),
      state_(std::make_shared<State>()) {}

void CatalogueLog::append(std::span<const std::byte> command, Done<Position> done) {
  const std::size_t bytes = BlockBuilder::encoded_size(command.size(), 0, false);
  if (bytes > BlockBuilder::payload_bytes_max) {
    return done(base::fail(base::Errc::too_large, "the command is larger than a block may be"));
  }
  BlockBuilder builder = BlockBuilder::forced(&core_->budget, bytes);
  char* const to = builder.add(std::nullopt, std::nullopt, command.size());
  if (!command.empty()) std::memcpy(to, command.data(), command.size());
  Block block = builder.finish();
  std::string copy(reinterpret_cast<const char*>(command.data()), command.size());
  committer_->submit(
      log_, 0, std::move(block), nullptr,
      [state = state_, copy = std::move(copy), done = std::move(done)](base::Result<Appended> outcome) mutable {
        State::Command ready;
        ready.bytes = std::move(copy);
        ready.done = std::move(done);
        if (outcome) {
          ready.position = outcome->front().first;
          ready.outcome = ready.position;
        } else {
          ready.outcome = base::fail(std::move(outcome.error()));
        }
        state->add(std::move(ready));
      });
}

void CatalogueLog::follow(Position from, Follower follower) {
  // While this delivers, what becomes durable waits behind it.
  const bool alone = state_->begin_delivering();
  state_->follower = std::move(follower);
  const Reader reader(*core_);
  Position at = from;
  for (;;) {
    const auto page = reader.read(*log_, at, {.records_max = 1'024, .bytes_max = std::size_t{4} << 20});
    if (!page) {
      core_->fail(page.error());
      break;
    }
    for (const Slice& slice : page->slices) {
      Position position = slice.position;
      for (auto record = slice.block.begin(slice.first); record.valid() && record.index() < slice.last; record.next())
        state_->follower(position++, std::as_bytes(std::span(record.record().data)));
    }
    if (page->slices.empty()) break;
    at = page->next;
  }
  {
    const base::Lock lock(state_->mutex);
    state_->following = true;
    state_->followed = std::max(at, Position{1}) - 1;
  }
  if (alone) state_->deliver();
}

void CatalogueLog::barrier(Done<Position> done) {
  done(log_->tail.load(std::memory_order_acquire));
}

void CatalogueLog::save_snapshot(Position position, std::span<const std::byte> bytes, Done<void> done) {
  std::string content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  core_->loops.index->post([core = core_, position, content = std::move(content), done = std::move(done)]() mutable {
    done(write_snapshot(*core, position, content));
  });
}

std::optional<Snapshot> CatalogueLog::load_snapshot() {
  return newest_snapshot(*core_);
}

base::Result<void> check_met_commands(const Core& core, Position damaged) {
  if (damaged > covered_by_snapshot(core)) return lost_commands(core, "a command cannot be read");
  return {};
}

base::Result<void> check_catalogue_is_known(const Core& core) {
  if (core.logs.find(catalogue_log) != nullptr) return {};
  const auto row = core.index->seek(catalogue_log, 0);
  if (!row) return base::fail(row.error());
  if (row->has_value()) return lost_commands(core, "the index does not know its log any more");
  return {};
}

base::Result<void> check_commands(const Core& core) {
  const auto log = core.logs.find(catalogue_log);
  const Position covered = covered_by_snapshot(core);
  Position first = 0;
  {
    const base::Lock lock(log->mutex);
    first = log->first;
  }
  if (first > covered + 1) return lost_commands(core, fmt::format("the commands before {} are gone", first));
  const auto whole = Reader(core).is_whole(*log, covered + 1);
  if (!whole) return base::fail(whole.error());
  if (!*whole) return lost_commands(core, "a command cannot be read");
  return {};
}

void CatalogueLog::trim(Position before, Done<void> done) {
  indexer_->trim(log_, before, std::move(done));
}

}  // namespace millrace::log::segment
