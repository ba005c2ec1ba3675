#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/durability/workload.h"

namespace millrace::durability {

// A run of a workload: what the disk was, all that happened to it, and what was asked and told.
struct Recording {
  sim::DiskImage start;
  std::vector<sim::DiskEvent> events;
  Oracle oracle;
};

// Runs the workload on that disk, from a life that the oracle takes over (a first one on an empty disk), and records.
Recording record(const sim::DiskImage& start, std::int64_t wall_ms, Oracle oracle, const WorkloadOptions& options);

struct CutOptions {
  WorkloadOptions workload;
  std::size_t random_cuts = 2;   // at each event, beside the cut that keeps nothing and the kill
  std::size_t every = 1;         // cut at each so many-th event
  std::size_t second_every = 0;  // from each so many-th cut another life is run and cut again; 0: none
  std::set<sim::CutKind> second_kinds = {sim::CutKind::none, sim::CutKind::all, sim::CutKind::random};  // of those cuts
  std::size_t second_steps = 12;     // of that life's workload
  std::size_t second_cut_every = 7;  // events of that life
  bool stop_at_first = true;         // violation
};

struct CutReport {
  std::size_t events = 0;
  std::size_t cuts = 0;
  std::size_t second_cuts = 0;
  std::size_t told_blocks = 0;
  std::vector<std::string> violations;  // each with what it takes to see it again
};

// Records the workload, and then cuts the power at its events: nothing of the unsynced kept, everything (the process
// was killed), random parts. After each cut a new life begins, and the oracle takes it over.
CutReport cut_everywhere(const CutOptions& options);

}  // namespace millrace::durability
