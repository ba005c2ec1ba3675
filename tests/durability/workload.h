#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "log/segment/embedded_engine.h"
#include "tests/durability/machine.h"
#include "tests/durability/oracle.h"

namespace millrace::durability {

struct WorkloadOptions {
  std::uint64_t seed = 1;
  std::size_t steps = 100;
  log::segment::EmbeddedOptions engine;
  Seams seams{};
  Promise promise = Promise::everything_told;  // of the disk it begins with
  bool restarts = true;                        // clean stops and kills among the steps
  bool may_fail = false;                       // the disk does: answers may be errors, and the engine may not even open
};

// Small segments, and an index that is brought up to date now and then, so that a short run meets every part of a
// segment's life.
log::segment::EmbeddedOptions small_engine(log::segment::Durability durability);

// What a broker does with its engine, chosen by the seed: the same run for the same seed, disk and clock. Everything
// asked and told is noted in the oracle, which is asked to take over each life that begins.
class Workload {
 public:
  Workload(Machine& machine, Oracle& oracle, WorkloadOptions options);
  ~Workload();

  void run();
  // Ends the life that is under way as a kill does.
  void kill();
  // Ends it cleanly.
  void stop();
  // Blocks that were answered `full`.
  std::size_t throttled() const { return throttled_; }
  const log::Engine* engine() const { return life_ == nullptr ? nullptr : &life_->engine(); }

 private:
  using Step = void (Workload::*)();
  struct Row {
    unsigned weight;
    Step step;
  };
  static const std::array<Row, 13> rows;

  bool begin_life();
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  Event now() const { return machine_.files.events(); }
  log::LogId any_log();
  log::Writer* writer_of(log::LogId log);
  bool command(const std::string& text);
  std::size_t record_bytes();
  void append_to(log::LogId log, bool may_be_dropped = false);
  // Runs until every append is answered.
  void run_appends();
  void expect(bool went_well, const std::string& what, const base::Error* error);

  void append();
  void append_many();
  void append_with_drop();
  void create();
  void drop();
  void configure();
  void wait_a_little();
  void wait_for_the_index();
  void wait_for_long();
  void check();
  void save_snapshot();
  void close();
  void restart();

  Machine& machine_;
  Oracle& oracle_;
  const WorkloadOptions options_;
  sim::SimRandom random_;
  std::uint64_t lives_ = 0;
  std::size_t unanswered_ = 0;
  std::size_t throttled_ = 0;
  std::unique_ptr<Life> life_;
  std::map<log::LogId, std::unique_ptr<log::Writer>> writers_;
};

}  // namespace millrace::durability
