#include "tests/durability/cuts.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace millrace::durability {
namespace {

constexpr std::array<std::string_view, 14> event_names = {
    "nothing", "write",  "truncate", "allocate", "punch",          "sync",        "failed sync",
    "create",  "folder", "rename",   "remove",   "sync directory", "index write", "index flush"};

std::string describe(const sim::DiskEvent& event) {
  return fmt::format("{} {}", event_names[static_cast<std::size_t>(event.kind)], event.path);
}

// One way to end a life at an event.
struct Cut {
  sim::CutKind kind = sim::CutKind::none;
  std::uint64_t seed = 0;
  bool takes_index = false;  // the index's folder is removed before the next start
};

std::string describe(const Cut& cut) {
  const std::string_view index = cut.takes_index ? ", the index removed" : "";
  switch (cut.kind) {
    case sim::CutKind::none:
      return fmt::format("a power cut that keeps nothing{}", index);
    case sim::CutKind::all:
      return "a kill";
    default:
      return fmt::format("a power cut that keeps parts (seed {}){}", cut.seed, index);
  }
}

class Cutter {
 public:
  explicit Cutter(const CutOptions& options) : options_(options) {}

  CutReport run() {
    const Recording recording = record({}, sim::SimClock::start_ms, {}, options_.workload);
    report_.events = recording.events.size();
    report_.told_blocks = recording.oracle.told_blocks();
    add(recording.oracle.violations(), "in the run itself");
    walk(recording, options_.every, "");
    return std::move(report_);
  }

 private:
  bool is_done() const { return options_.stop_at_first && !report_.violations.empty(); }

  // `before` says how the disk came to be where it is not the first life's.
  void walk(const Recording& recording, std::size_t every, const std::string& before) {
    sim::DiskImage disk = recording.start;
    for (std::size_t i = 0; i < recording.events.size() && !is_done(); ++i) {
      disk.apply(recording.events[i]);
      const Event at = i + 1;
      if (at % every != 0) continue;
      const std::string where = fmt::format("{}cut behind event {} of {} ({}), ", before, at, recording.events.size(),
                                            describe(recording.events[i]));
      for (const Cut& cut : cuts_at(at)) {
        if (is_done()) return;
        if (!before.empty()) {
          ++report_.second_cuts;
          try_cut(recording, disk, at, cut, where + describe(cut));
          continue;
        }
        ++report_.cuts;
        try_cut(recording, disk, at, cut, where + describe(cut));
        const bool goes_on = options_.second_every > 0 && options_.second_kinds.contains(cut.kind);
        if (goes_on && ++second_turn_ % options_.second_every == 0 && !is_done()) {
          go_on(recording, disk, at, cut, where + describe(cut));
        }
      }
    }
  }

  std::vector<Cut> cuts_at(Event at) const {
    const std::uint64_t seed = options_.workload.seed * 1'000'003 + at * 31;
    std::vector<Cut> cuts = {{.kind = sim::CutKind::none}, {.kind = sim::CutKind::all}};
    for (std::size_t n = 1; n <= options_.random_cuts; ++n)
      cuts.push_back({.kind = sim::CutKind::random, .seed = seed + n});
    // An index can be made anew, but for what a power cut took of positions in `os`.
    if (options_.workload.engine.durability == log::segment::Durability::sync) {
      const auto kind = at % 2 == 0 ? sim::CutKind::none : sim::CutKind::random;
      cuts.push_back({.kind = kind, .seed = seed, .takes_index = true});
    }
    return cuts;
  }

  void try_cut(const Recording& recording, const sim::DiskImage& disk, Event at, const Cut& cut,
               const std::string& where) {
    Oracle oracle = oracle_of(recording, at, cut);
    {
      Machine machine(left_by(disk, cut), oracle.wall_ms_at(0));
      Life life(machine, options_.workload.engine, options_.workload.seams, cut.seed + at);
      if (life.is_open()) {
        oracle.take_over(life, promise_of(cut.kind), 0);
      } else {
        oracle.violate("the engine cannot be opened: " + base::describe(life.error()));
      }
    }
    add(oracle.violations(), where);
  }

  static Oracle oracle_of(const Recording& recording, Event at, const Cut& cut) {
    Oracle oracle = recording.oracle;
    oracle.go_back_to(at);
    if (cut.takes_index) oracle.forget_index();
    return oracle;
  }

  // Another life on what the cut left, itself cut at many events: nothing of the first life may rise in it.
  void go_on(const Recording& recording, const sim::DiskImage& disk, Event at, const Cut& cut,
             const std::string& where) {
    Oracle oracle = oracle_of(recording, at, cut);
    const std::int64_t wall_ms = oracle.wall_ms_at(0);
    oracle.settle();
    WorkloadOptions workload = options_.workload;
    workload.seed += 1'000 + at;
    workload.steps = options_.second_steps;
    workload.promise = promise_of(cut.kind);
    const Recording next = record(left_by(disk, cut), wall_ms, std::move(oracle), workload);
    add(next.oracle.violations(), where + "; in the life after it");
    if (!is_done()) walk(next, options_.second_cut_every, where + "; in the life after it, ");
  }

  static sim::DiskImage left_by(const sim::DiskImage& disk, const Cut& cut) {
    sim::SimRandom random(cut.seed);
    sim::DiskImage left = disk.after_cut(cut.kind, random);
    if (cut.takes_index) left.remove_store();
    return left;
  }

  void add(const std::vector<std::string>& violations, const std::string& where) {
    for (const std::string& what : violations)
      report_.violations.push_back(fmt::format("seed {}: {}: {}", options_.workload.seed, where, what));
  }

  Promise promise_of(sim::CutKind kind) const {
    const bool holds =
        options_.workload.engine.durability == log::segment::Durability::sync || kind == sim::CutKind::all;
    return holds ? Promise::everything_told : Promise::nothing_wrong;
  }

  const CutOptions& options_;
  CutReport report_;
  std::size_t second_turn_ = 0;
};

}  // namespace

Recording record(const sim::DiskImage& start, std::int64_t wall_ms, Oracle oracle, const WorkloadOptions& options) {
  Recording recording{.start = start, .events = {}, .oracle = std::move(oracle)};
  Machine machine(start, wall_ms);
  machine.files.record();
  {
    Workload workload(machine, recording.oracle, options);
    workload.run();
  }
  recording.events = machine.files.recorded();
  return recording;
}

CutReport cut_everywhere(const CutOptions& options) {
  return Cutter(options).run();
}

}  // namespace millrace::durability
