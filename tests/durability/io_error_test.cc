#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <iostream>

#include "tests/durability/main.h"
#include "tests/durability/workload.h"

namespace millrace::durability {
namespace {

using log::segment::Durability;

WorkloadOptions options_of(Durability durability, std::uint64_t seed) {
  return {.seed = seed, .steps = 120, .engine = small_engine(durability), .restarts = false};
}

// How many events of its disk the workload makes where nothing fails.
std::uint64_t events_of(const WorkloadOptions& options) {
  Machine machine;
  Oracle oracle;
  Workload workload(machine, oracle, options);
  workload.run();
  EXPECT_EQ(oracle.violations(), Oracle::Violations());
  return machine.files.events();
}

class IoErrorTest : public testing::TestWithParam<std::tuple<Durability, std::uint64_t>> {};

// One write, sync or other change after another fails, and it alone. What was acknowledged is read as long as the
// engine lives, and is there after the power failed and came back.
TEST_P(IoErrorTest, AFailureOfAnySingleCallLosesNothingThatWasTold) {
  const auto [durability, seed] = GetParam();
  WorkloadOptions options = options_of(durability, seed);
  const std::uint64_t events = events_of(options);
  options.may_fail = true;
  std::uint64_t failed = 0;
  for (std::uint64_t n = 1; n <= events; ++n) {
    SCOPED_TRACE(fmt::format("event {} of {} fails", n, events));
    Machine machine;
    Oracle oracle;
    machine.files.fail_at(n, EIO);
    {
      Workload workload(machine, oracle, options);
      workload.run();
      const log::Engine* const engine = workload.engine();
      if (engine != nullptr && engine->health().state == log::Health::State::failed) ++failed;
      workload.kill();
    }
    // In `os` only the death of the process is survived; a failed sync may have thrown away what it did not write.
    if (durability == Durability::sync) machine.files.crash();
    Life next(machine, options.engine, {}, seed + n);
    ASSERT_TRUE(next.is_open()) << base::describe(next.error());
    const Promise promise = durability == Durability::sync ? Promise::everything_told : Promise::nothing_wrong;
    oracle.take_over(next, promise, machine.files.events());
    ASSERT_EQ(oracle.violations(), Oracle::Violations());
  }
  std::cout << fmt::format("{} events failed, one at a time; the engine was failed for good by {} of them\n", events,
                           failed);
  EXPECT_GT(failed, 20U);
}

// The disk is gone from some event on. The engine says that it has failed, and nothing is taken back.
TEST_P(IoErrorTest, ADiskThatIsGoneFailsTheEngineAndTakesNothingBack) {
  const auto [durability, seed] = GetParam();
  WorkloadOptions options = options_of(durability, seed);
  const std::uint64_t events = events_of(options);
  options.may_fail = true;
  constexpr std::uint64_t step = 3;
  for (std::uint64_t n = 1; n <= events; n += step) {
    SCOPED_TRACE(fmt::format("all fails from event {} of {} on", n, events));
    Machine machine;
    Oracle oracle;
    machine.files.fail_from(n, EIO);
    {
      Workload workload(machine, oracle, options);
      workload.run();
      workload.kill();
    }
    machine.files.fail_from(never, 0);
    if (durability == Durability::sync) machine.files.crash();
    Life next(machine, options.engine, {}, seed + n);
    ASSERT_TRUE(next.is_open()) << base::describe(next.error());
    oracle.take_over(next, Promise::everything_told, machine.files.events());
    ASSERT_EQ(oracle.violations(), Oracle::Violations());
  }
}

INSTANTIATE_TEST_SUITE_P(Sync, IoErrorTest,
                         testing::Combine(testing::Values(Durability::sync), testing::ValuesIn(seeds(3, 20))));
INSTANTIATE_TEST_SUITE_P(Os, IoErrorTest,
                         testing::Combine(testing::Values(Durability::os), testing::ValuesIn(seeds(3, 20))));

}  // namespace
}  // namespace millrace::durability
