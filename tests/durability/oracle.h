#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/engine.h"
#include "tests/durability/machine.h"

namespace millrace::durability {

// Counts what happened to the disk: see sim::SimFileSystem::events(). What was asked at event n has left nothing on a
// disk that was cut at event n; what was told at event n was told before event n + 1 began.
using Event = std::uint64_t;
inline constexpr Event never = std::numeric_limits<Event>::max();

// What is promised of a disk that was cut.
enum class Promise : std::uint8_t {
  everything_told,  // nothing acknowledged is lost
  nothing_wrong,    // what was acknowledged may be lost, but what is there is right, and no position comes twice
  damaged,          // bytes were changed: records may be missing and answers errors, which are counted
};

// Knows what a workload asked an engine for and what it was told, and holds a later life of the engine to it.
// Violations are sentences. A value: a copy can be taken back to any event of the run.
class Oracle {
 public:
  using Violations = std::vector<std::string>;
  using Retention = std::chrono::milliseconds;

  // What the workload does. `at` is the number of the last event.
  void set_clock(Event at, std::int64_t wall_ms);
  std::size_t ask_block(log::LogId log, std::vector<std::string> records, std::int64_t arrival_ms, Event at);
  // A violation where a position was told before.
  void tell_block(std::size_t block, const base::Result<log::Appended>& outcome, Event at);
  void ask_close(log::LogId log, Event at);
  void tell_close(log::LogId log, Event at);
  // Commands of the catalogue, one at a time: "create 7 0 86400000", "configure ...", "drop 7 0".
  void ask_command(std::string text, Event at);
  void tell_command(const base::Result<log::Position>& outcome, Event at);
  // The catalogue as a snapshot, and up to which command.
  std::pair<log::Position, std::string> snapshot() const;
  void tell_snapshot(log::Position position, Event at);
  void tell_trim(log::Position before, Event at);
  void violate(std::string what) { violations_.push_back(std::move(what)); }

  // Logs that are there as far as the workload was told, with their retentions.
  const std::map<log::LogId, Retention>& logs() const { return logs_; }
  bool is_closed(log::LogId log) const;
  std::uint64_t next_number() { return ++last_number_; }  // makes records and streams unlike any other
  const Violations& violations() const { return violations_; }
  // Of a damaged disk: told blocks that were not found though nobody answered with an error, and such answers.
  std::size_t missing() const { return missing_; }
  std::size_t errors() const { return errors_; }
  std::int64_t wall_ms_at(Event at) const;
  // The told blocks that are certainly to be read now, for tests that want to know that there are some.
  std::size_t told_blocks() const;

  // Forgets what came after that event: from here on the disk is one that was cut there.
  void go_back_to(Event at);
  // The index is gone with what it alone knows: which commands were trimmed, and end markers whose segments were freed.
  void forget_index();
  // Holds a life that has just begun on that disk to all of it, as the coordinator takes it over: the catalogue from
  // its snapshot and its log, unknown logs dropped, known ones created; then every log is read. From then on what was
  // found counts as told, and what was not found must not rise any more.
  void take_over(Life& life, Promise promise, Event at);
  // Events begin anew, at 0: what was asked and told was so before them.
  void settle();
  // Reads one log of a life that goes on, and holds it to what was told.
  void check_log(Life& life, log::LogId log);

 private:
  struct Block {
    log::LogId log;
    std::vector<std::string> records;
    std::int64_t arrival_ms = 0;
    Event asked = 0;
    Event told = never;
    log::Position first = 0;         // as it was told, be it later than `told` says now; 0: never
    Event may_be_gone = never;       // it had expired once
    bool must_not_be_there = false;  // refused, or not found after a cut
  };
  struct Command {
    std::string text;
    Event asked = 0;
    Event told = never;
    log::Position position = 0;
    bool must_not_be_there = false;
  };
  struct Found {
    log::Position position = 0;
    std::int64_t arrival_ms = 0;
    std::string data;
  };
  struct Closing {
    Event asked = never;
    Event told = never;
  };
  using Catalogue = std::vector<std::pair<log::Position, std::string>>;

  static void apply(std::map<log::LogId, Retention>& logs, const std::string& command);
  void mark_expired(Event at);
  std::int64_t oldest_shown_ms(log::LogId log) const;
  Catalogue read_catalogue(Life& life, Promise promise);
  void check_catalogue(const Catalogue& found, Promise promise, Event at);
  void restore_logs(Life& life, const Catalogue& found, Promise promise);
  // An answer that is an error: to be expected on a damaged disk alone.
  void refused(Promise promise, const std::string& what, const base::Error& error);
  std::optional<std::vector<Found>> read_all(Life& life, log::LogId log, Promise promise);
  // What was not told and is found counts as told from `resolved_at` on; nothing is resolved where that is `never`.
  void compare(log::LogId log, const std::vector<Found>& found, Promise promise, Event resolved_at);
  bool compare_block(const Block& block, const std::vector<Found>& found, std::size_t at);
  void check_iterators(Life& life, log::LogId log, const std::vector<Found>& found, Promise promise);
  void check_writer(Life& life, log::LogId log, const std::vector<Found>& found, Promise promise);
  void check_closed(log::LogId log, bool closed, Promise promise, Event at);

  std::vector<Block> blocks_;
  std::map<log::LogId, std::vector<std::size_t>> blocks_of_;
  std::map<log::LogId, log::Position> told_up_to_;   // lost ones counted: no position is ever told twice
  std::map<log::LogId, log::Position> found_up_to_;  // the same when the last life was taken over
  std::map<log::LogId, Closing> closings_;
  std::vector<Command> commands_;
  std::vector<std::pair<log::Position, Event>> snapshots_;
  std::vector<std::pair<log::Position, Event>> trims_;
  std::map<log::LogId, Retention> logs_;
  std::map<log::LogId, Retention> asked_logs_;  // with commands that were only asked for
  std::vector<std::pair<Event, std::int64_t>> clock_{{0, sim::SimClock::start_ms}};
  std::uint64_t last_number_ = 0;
  Violations violations_;
  std::size_t missing_ = 0;
  std::size_t errors_ = 0;
};

}  // namespace millrace::durability
