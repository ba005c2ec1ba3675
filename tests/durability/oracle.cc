#include "tests/durability/oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <sstream>
#include <utility>

#include "log/testing/blocks.h"

namespace millrace::durability {

using log::LogId;
using log::Page;
using log::Position;

namespace {

constexpr std::uint32_t page_records = 11;  // so that most logs take several pages
constexpr std::size_t shown_max = 40;       // of a record in a sentence
constexpr LogId catalogue{0, 0};

std::string name_of(LogId log) {
  return fmt::format("log {}/{}", log.stream_uid, log.shard_no);
}

std::string shown(const std::string& data) {
  return data.size() <= shown_max ? data : data.substr(0, shown_max) + "...";
}

}  // namespace

void Oracle::set_clock(Event at, std::int64_t wall_ms) {
  clock_.emplace_back(at, wall_ms);
  mark_expired(at);
}

std::int64_t Oracle::wall_ms_at(Event at) const {
  std::int64_t wall_ms = sim::SimClock::start_ms;
  for (const auto& [event, ms] : clock_) {
    if (event <= at) wall_ms = ms;
  }
  return wall_ms;
}

std::int64_t Oracle::oldest_shown_ms(LogId log) const {
  const auto found = logs_.find(log);
  if (found == logs_.end() || found->second.count() == 0) return std::numeric_limits<std::int64_t>::min();
  return clock_.back().second - found->second.count();
}

// What has expired once may be deleted from then on, though its log's retention be made longer again.
void Oracle::mark_expired(Event at) {
  for (Block& block : blocks_) {
    if (block.may_be_gone != never) continue;
    const auto asked = asked_logs_.find(block.log);
    const Retention retention = asked == asked_logs_.end() ? Retention(0) : asked->second;
    const bool is_expired = retention.count() > 0 && block.arrival_ms < clock_.back().second - retention.count();
    if (is_expired || block.arrival_ms < oldest_shown_ms(block.log)) block.may_be_gone = at;
  }
}

std::size_t Oracle::ask_block(LogId log, std::vector<std::string> records, std::int64_t arrival_ms, Event at) {
  blocks_of_[log].push_back(blocks_.size());
  blocks_.push_back({.log = log, .records = std::move(records), .arrival_ms = arrival_ms, .asked = at});
  return blocks_.size() - 1;
}

void Oracle::tell_block(std::size_t block, const base::Result<log::Appended>& outcome, Event at) {
  Block& fact = blocks_[block];
  if (!outcome) {
    fact.must_not_be_there = outcome.error().code != base::Errc::unknown_outcome;
    return;
  }
  const auto positions = log::testing::positions_of(*outcome);
  if (positions.size() != fact.records.size()) {
    violate(
        fmt::format("{}: {} records were told {} positions", name_of(fact.log), fact.records.size(), positions.size()));
    return;
  }
  fact.told = at;
  fact.first = positions.front();
  Position& up_to = told_up_to_[fact.log];
  if (fact.first <= up_to) {
    violate(fmt::format("{}: position {} was told after {}", name_of(fact.log), fact.first, up_to));
  }
  up_to = std::max(up_to, positions.back());
}

void Oracle::ask_close(LogId log, Event at) {
  closings_.emplace(log, Closing{.asked = at});
}

void Oracle::tell_close(LogId log, Event at) {
  closings_[log].told = at;
}

bool Oracle::is_closed(LogId log) const {
  return closings_.contains(log);
}

void Oracle::apply(std::map<LogId, Retention>& logs, const std::string& command) {
  std::istringstream words(command);
  std::string verb;
  LogId log;
  std::int64_t retention_ms = 0;
  words >> verb >> log.stream_uid >> log.shard_no >> retention_ms;
  if (verb == "drop") {
    logs.erase(log);
  } else if (verb == "create" || logs.contains(log)) {
    logs[log] = Retention(retention_ms);
  }
}

void Oracle::ask_command(std::string text, Event at) {
  apply(asked_logs_, text);
  commands_.push_back({.text = std::move(text), .asked = at});
  mark_expired(at);
}

void Oracle::tell_command(const base::Result<Position>& outcome, Event at) {
  Command& command = commands_.back();
  if (!outcome) {
    command.must_not_be_there = outcome.error().code != base::Errc::unknown_outcome;
    return;
  }
  Position& up_to = told_up_to_[catalogue];
  if (*outcome <= up_to) violate(fmt::format("the catalogue told position {} after {}", *outcome, up_to));
  up_to = std::max(up_to, *outcome);
  command.told = at;
  command.position = *outcome;
  apply(logs_, command.text);
}

std::pair<Position, std::string> Oracle::snapshot() const {
  Position position = 0;
  std::string bytes;
  for (const Command& command : commands_) {
    if (command.told == never) continue;
    position = command.position;
    bytes += fmt::format("{} {}\n", command.position, command.text);
  }
  return {position, bytes};
}

void Oracle::tell_snapshot(Position position, Event at) {
  snapshots_.emplace_back(position, at);
}

void Oracle::tell_trim(Position before, Event at) {
  trims_.emplace_back(before, at);
}

void Oracle::forget_index() {
  trims_.clear();
  for (auto& [log, closing] : closings_)
    closing.told = never;
}

std::size_t Oracle::told_blocks() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(blocks_, [](const Block& block) { return block.told != never; }));
}

void Oracle::go_back_to(Event at) {
  clock_ = {{0, wall_ms_at(at)}};
  // What was asked at the last event, or later, has left nothing.
  blocks_of_.clear();
  told_up_to_ = found_up_to_;
  std::vector<Block> blocks;
  for (Block& block : blocks_) {
    if (block.asked >= at && block.asked > 0) continue;
    if (block.told != never && block.told > at) block.told = never;
    if (block.may_be_gone != never) block.may_be_gone = block.may_be_gone <= at ? 0 : never;
    if (block.told != never) {
      Position& up_to = told_up_to_[block.log];
      up_to = std::max(up_to, block.first + block.records.size() - 1);
    }
    blocks_of_[block.log].push_back(blocks.size());
    blocks.push_back(std::move(block));
  }
  blocks_ = std::move(blocks);
  std::erase_if(closings_, [&](const auto& closing) { return closing.second.asked >= at && closing.second.asked > 0; });
  for (auto& [log, closing] : closings_) {
    if (closing.told > at) closing.told = never;
  }
  std::erase_if(commands_, [&](const Command& command) { return command.asked >= at && command.asked > 0; });
  for (Command& command : commands_) {
    if (command.told > at) command.told = never;
    if (command.told == never) continue;
    told_up_to_[catalogue] = std::max(told_up_to_[catalogue], command.position);
  }
  for (auto* told : {&snapshots_, &trims_})
    std::erase_if(*told, [&](const auto& position) { return position.second > at; });
}

void Oracle::take_over(Life& life, Promise promise, Event at) {
  const Catalogue found_catalogue = read_catalogue(life, promise);
  check_catalogue(found_catalogue, promise, at);
  restore_logs(life, found_catalogue, promise);
  mark_expired(at);
  for (const auto& [log, retention] : logs_) {
    const auto found = read_all(life, log, promise);
    if (!found) continue;
    compare(log, *found, promise, at);
    check_iterators(life, log, *found, promise);
    check_writer(life, log, *found, promise);
    const auto page = life.read(log, found->empty() ? 1 : found->back().position + 1, 1);
    if (page) check_closed(log, page->closed, promise, at);
  }
}

Oracle::Catalogue Oracle::read_catalogue(Life& life, Promise promise) {
  Catalogue found;
  Position after = 0;
  log::MetaLog& meta = life.engine().meta();
  if (const auto snapshot = meta.load_snapshot()) {
    after = snapshot->position;
    std::istringstream lines(snapshot->bytes);
    Position position = 0;
    std::string text;
    while (lines >> position && lines.get() && std::getline(lines, text))
      found.emplace_back(position, text);
    if (found.empty() || found.back().first != after) violate("the catalogue's snapshot is not one that was saved");
  }
  const auto highest = [](const auto& told) {
    Position position = 0;
    for (const auto& [p, at] : told)
      position = std::max(position, p);
    return position;
  };
  const Position saved = highest(snapshots_);
  const Position trimmed = highest(trims_);
  if (after < saved && promise != Promise::damaged)
    violate(fmt::format("the catalogue's snapshot of {} is gone, there is one of {}", saved, after));
  // The follower goes on to be told of commands as long as that life lasts.
  const auto followed = std::make_shared<Catalogue>();
  meta.follow(1, [followed](Position position, std::span<const std::byte> bytes) {
    followed->emplace_back(position, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  });
  life.run();
  for (const auto& [position, command] : *followed) {
    if (position < trimmed) violate(fmt::format("the command at {} was trimmed and is followed", position));
    if (position > after) found.emplace_back(position, command);
  }
  return found;
}

void Oracle::check_catalogue(const Catalogue& found, Promise promise, Event at) {
  std::size_t next = 0;
  for (Command& command : commands_) {
    if (next == found.size() || found[next].second != command.text) {
      // A catalogue with a hole would have the logs dropped that it does not know any more.
      if (command.told != never && promise != Promise::nothing_wrong) {
        violate(fmt::format("the command \"{}\" at {} is lost", command.text, command.position));
      }
      command.must_not_be_there = true;
      command.told = never;
      continue;
    }
    const Position position = found[next].first;
    if (command.must_not_be_there) violate(fmt::format("the command \"{}\" has risen", command.text));
    if (command.position != 0 && command.position != position) {
      violate(fmt::format("the command \"{}\" moved from {} to {}", command.text, command.position, position));
    }
    if (next > 0 && position <= found[next - 1].first) {
      violate(
          fmt::format("the command \"{}\" stands at {}, not behind {}", command.text, position, found[next - 1].first));
    }
    command.position = position;
    if (command.told == never) command.told = at;
    ++next;
  }
  if (next < found.size()) {
    violate(fmt::format("the command \"{}\" at {} was not given, or not there", found[next].second, found[next].first));
  }
  if (!found.empty()) told_up_to_[catalogue] = std::max(told_up_to_[catalogue], found.back().first);
}

void Oracle::refused(Promise promise, const std::string& what, const base::Error& error) {
  if (promise == Promise::damaged && error.code == base::Errc::data_loss) {
    ++errors_;
  } else {
    violate(what + ": " + base::describe(error));
  }
}

void Oracle::restore_logs(Life& life, const Catalogue& found, Promise promise) {
  logs_.clear();
  for (const auto& [position, command] : found)
    apply(logs_, command);
  asked_logs_ = logs_;
  const auto there = life.wait<std::vector<LogId>>([&](auto done) { life.engine().list(std::move(done)); });
  if (!there) return refused(promise, "the logs cannot be listed", there.error());
  for (const LogId log : *there) {
    if (logs_.contains(log)) continue;
    if (const auto dropped = life.drop(log); !dropped) violate(name_of(log) + " cannot be dropped");
    if (life.read(log, 1, page_records)) violate(name_of(log) + " was dropped and is read");
  }
  for (const auto& [log, retention] : logs_) {
    const auto created = life.create(log, retention);
    if (!created) refused(promise, name_of(log) + " cannot be created", created.error());
  }
}

std::optional<std::vector<Oracle::Found>> Oracle::read_all(Life& life, LogId log, Promise promise) {
  std::vector<Found> found;
  Position from = 1;
  for (;;) {
    const auto page = life.read(log, from, page_records);
    if (!page) {
      refused(promise, name_of(log) + " cannot be read", page.error());
      return std::nullopt;
    }
    const auto records = log::testing::records_of(*page);
    if (records.empty()) return found;
    for (const auto& record : records)
      found.push_back({record.position, record.arrival_ms, record.data});
    if (page->next <= records.back().position) {
      violate(
          fmt::format("{}: a page ends at {} and goes on at {}", name_of(log), records.back().position, page->next));
      return std::nullopt;
    }
    from = page->next;
  }
}

// Whether the block stands there whole; a violation where a part of it does.
bool Oracle::compare_block(const Block& block, const std::vector<Found>& found, std::size_t at) {
  if (at == found.size() || found[at].data != block.records.front()) return false;
  const std::string what = name_of(block.log) + ": \"" + shown(block.records.front()) + "\"";
  for (std::size_t i = 0; i < block.records.size(); ++i) {
    if (at + i == found.size() || found[at + i].data != block.records[i]) {
      violate(fmt::format("{} is not whole: {} of {} records", what, i, block.records.size()));
      return false;
    }
    if (found[at + i].position != found[at].position + i) violate(what + " has a gap");
    if (found[at + i].arrival_ms != block.arrival_ms) violate(what + " has another arrival time");
  }
  const Position first = found[at].position;
  if (block.first != 0 && block.first != first)
    violate(fmt::format("{} moved from {} to {}", what, block.first, first));
  if (block.must_not_be_there) violate(what + " has risen");
  if (block.arrival_ms < oldest_shown_ms(block.log)) violate(what + " has expired and is served");
  return true;
}

void Oracle::compare(LogId log, const std::vector<Found>& found, Promise promise, Event resolved_at) {
  const bool resolves = resolved_at != never;
  for (std::size_t i = 1; i < found.size(); ++i) {
    if (found[i].position <= found[i - 1].position) {
      violate(fmt::format("{}: position {} behind {}", name_of(log), found[i].position, found[i - 1].position));
    }
  }
  std::size_t next = 0;
  for (const std::size_t index : blocks_of_[log]) {
    Block& block = blocks_[index];
    if (compare_block(block, found, next)) {
      if (resolves && block.told == never) {
        block.told = resolved_at;
        block.first = found[next].position;
        Position& up_to = told_up_to_[log];
        up_to = std::max(up_to, block.first + block.records.size() - 1);
      }
      next += block.records.size();
      continue;
    }
    const bool was_told = block.told != never && block.may_be_gone == never;
    if (was_told && promise == Promise::damaged) ++missing_;
    if (was_told && promise == Promise::everything_told) {
      violate(fmt::format("{}: \"{}\", acknowledged at {}, is lost", name_of(log), shown(block.records.front()),
                          block.first));
    }
    if (resolves && block.may_be_gone == never) {
      block.must_not_be_there = true;
      block.told = never;
    }
  }
  if (next < found.size()) {
    violate(fmt::format("{}: \"{}\" at {} is no record of this log, or not in its place", name_of(log),
                        shown(found[next].data), found[next].position));
  }
}

// A position that a reader holds leads to the record it led to, and a time to the first one that is not older.
void Oracle::check_iterators(Life& life, LogId log, const std::vector<Found>& found, Promise promise) {
  if (found.empty()) return;
  for (const std::size_t i : std::set<std::size_t>{0, found.size() / 2, found.size() - 1}) {
    const auto page = life.read(log, found[i].position, 1);
    if (!page) return refused(promise, name_of(log) + " cannot be read", page.error());
    const auto records = log::testing::records_of(*page);
    if (records.empty() || records.front().position != found[i].position || records.front().data != found[i].data) {
      violate(fmt::format("{}: reading from {} does not begin there", name_of(log), found[i].position));
    }
    const std::int64_t time = found[i].arrival_ms;
    const auto sought = life.wait<Position>([&](auto done) { life.engine().seek_time(log, time, std::move(done)); });
    if (!sought) return refused(promise, name_of(log) + " cannot be sought", sought.error());
    // Of a damaged block only its place is known, and that may be where the time leads.
    const Position first = std::ranges::lower_bound(found, time, {}, &Found::arrival_ms)->position;
    if (promise == Promise::damaged ? *sought > first : *sought != first) {
      violate(fmt::format("{}: time {} leads to {}, not to {}", name_of(log), time, *sought, first));
    }
  }
}

void Oracle::check_writer(Life& life, LogId log, const std::vector<Found>& found, Promise promise) {
  const auto writer = life.acquire(log);
  if (!writer) return refused(promise, name_of(log) + " cannot be acquired", writer.error());
  if (found.empty()) return;
  if ((*writer)->tail() < found.back().position) {
    violate(fmt::format("{}: the tail is {}, before {}", name_of(log), (*writer)->tail(), found.back().position));
  }
  if ((*writer)->last_arrival_ms() < found.back().arrival_ms) violate(name_of(log) + ": the arrival time falls");
}

void Oracle::check_closed(LogId log, bool closed, Promise promise, Event at) {
  const auto closing = closings_.find(log);
  if (closed && closing == closings_.end()) violate(name_of(log) + " is closed, which nobody asked for");
  const bool was_told = closing != closings_.end() && closing->second.told != never;
  if (!closed && was_told && promise == Promise::damaged) ++missing_;
  if (!closed && was_told && promise == Promise::everything_told) violate(name_of(log) + " has lost its end marker");
  if (!closed) {
    closings_.erase(log);
  } else if (closings_[log].told == never) {
    closings_[log].told = at;
  }
}

void Oracle::settle() {
  for (Block& block : blocks_) {
    block.asked = 0;
    if (block.told != never) block.told = 0;
    if (block.may_be_gone != never) block.may_be_gone = 0;
  }
  for (Command& command : commands_) {
    command.asked = 0;
    if (command.told != never) command.told = 0;
  }
  for (auto& [log, closing] : closings_)
    closing = {.asked = 0, .told = closing.told == never ? never : 0};
  for (auto* told : {&snapshots_, &trims_}) {
    for (auto& [position, at] : *told)
      at = 0;
  }
  found_up_to_ = told_up_to_;
}

void Oracle::check_log(Life& life, LogId log) {
  const auto found = read_all(life, log, Promise::everything_told);
  if (!found) return;
  compare(log, *found, Promise::everything_told, never);
  check_iterators(life, log, *found, Promise::everything_told);
}

}  // namespace millrace::durability
