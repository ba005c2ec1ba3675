#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/durability/cuts.h"
#include "tests/durability/main.h"

namespace millrace::durability {
namespace {

using log::segment::Durability;

// A workload, cut at each of its events; seeds beside the first few are for MILLRACE_TEST_WHOLE.
class PowerCutTest : public testing::TestWithParam<std::tuple<Durability, std::uint64_t>> {};

TEST_P(PowerCutTest, LosesNothingThatWasToldAndTellsNothingWrong) {
  const auto [durability, seed] = GetParam();
  CutOptions options;
  options.workload = {.seed = seed, .steps = is_whole() ? 150U : 60U, .engine = small_engine(durability)};
  options.random_cuts = is_whole() ? 4 : 2;
  options.second_every = is_whole() ? 40 : 150;
  options.second_cut_every = is_whole() ? 5 : 11;
  const CutReport report = cut_everywhere(options);
  for (const std::string& what : report.violations)
    ADD_FAILURE() << what;
  std::cout << fmt::format("seed {}: {} events, {} blocks told, {} cuts, {} cuts of a second life\n", seed,
                           report.events, report.told_blocks, report.cuts, report.second_cuts);
  EXPECT_GT(report.told_blocks, 50U);
  EXPECT_GT(report.cuts, 500U);
  EXPECT_GT(report.second_cuts, 20U);
}

INSTANTIATE_TEST_SUITE_P(Sync, PowerCutTest,
                         testing::Combine(testing::Values(Durability::sync), testing::ValuesIn(seeds(3, 12))));
INSTANTIATE_TEST_SUITE_P(Os, PowerCutTest,
                         testing::Combine(testing::Values(Durability::os), testing::ValuesIn(seeds(2, 8))));

}  // namespace
}  // namespace millrace::durability
