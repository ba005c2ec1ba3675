#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>

#include "log/segment/mutations.h"
#include "tests/durability/cuts.h"
#include "tests/durability/liars.h"
#include "tests/durability/main.h"

// Who tests the tests: each rule of the engine is broken in turn, and the power cuts must find out.
namespace millrace::durability {
namespace {

using log::segment::Durability;
using log::segment::IndexBatch;

constexpr std::uint64_t seeds_max = 30;  // of the workload, until one shows the broken rule

constexpr std::size_t not_cut = 1'000'000;

struct Mutation {
  std::string name;
  Durability durability = Durability::sync;
  Seams seams{};
  bool log::segment::Mutations::* broken = nullptr;
  // Where only the life after a cut shows it: from each so many-th cut one begins, and each so many-th of its events is
  // cut again.
  std::size_t second_every = 0;
  std::size_t second_cut_every = not_cut;
  std::set<sim::CutKind> second_kinds = {sim::CutKind::none};
};

Seams lying(Skips skips) {
  return {.files = [skips](io::FileSystem& files) { return make_lying_files(files, skips); }, .index = {}};
}

Seams no_directory_sync(std::string folder) {
  return lying([folder](Skippable call, const std::string& path, bool /*begun*/) {
    return call == Skippable::sync_directory && path == folder;
  });
}

Seams no_file_sync(std::string_view folder, std::string_view suffix) {
  return lying([folder, suffix](Skippable call, const std::string& path, bool /*begun*/) {
    return call == Skippable::sync && path.starts_with(folder) && path.ends_with(suffix);
  });
}

Seams no_third_sync() {
  return lying([calls = 0](Skippable call, const std::string& path, bool /*begun*/) mutable {
    return call == Skippable::sync && path.ends_with(".seg") && ++calls % 3 == 0;
  });
}

Seams no_sync_of_what_was_recovered() {
  return lying([](Skippable call, const std::string& path, bool begun) {
    return call == Skippable::sync && path.ends_with(".seg") && !begun;
  });
}

Seams watermark_first() {
  return {.files = {}, .index = [](auto index) { return make_watermark_first(std::move(index)); }};
}

Seams lazy_index(IsLost is_lost) {
  return {.files = {}, .index = [is_lost](auto index) { return make_lazy_index(std::move(index), is_lost); }};
}

bool trims_the_catalogue(const IndexBatch& batch) {
  return std::ranges::any_of(batch.put_logs, [](const auto& row) { return row.log == log::LogId{} && row.first > 1; });
}

bool begins_a_life(const IndexBatch& batch) {
  return !batch.drop_values.empty();
}

const std::vector<Mutation>& mutations() {
  using log::segment::Mutations;
  static const std::vector<Mutation> all = {
      {.name = "ANewSegmentsFolderIsNotSynced", .seams = no_directory_sync("/data/segments")},
      {.name = "TheDataFolderIsNotSynced", .seams = no_directory_sync("/data")},
      {.name = "TheFolderAboveIsNotSynced", .seams = no_directory_sync("/")},
      {.name = "TheSnapshotsFolderIsNotSynced", .seams = no_directory_sync("/data/catalogue")},
      {.name = "SegmentsAreNotSynced", .seams = no_file_sync("/data/segments", ".seg")},
      {.name = "OneSyncOfThreeIsForgotten", .seams = no_third_sync()},
      {.name = "ASnapshotIsRenamedBeforeItIsSynced", .seams = no_file_sync("/data/catalogue", "")},
      {.name = "FormatAndKeyAreRenamedBeforeTheyAreSynced", .seams = no_file_sync("/data/", ".new")},
      {.name = "WhatWasRecoveredIsServedBeforeItIsSynced", .seams = no_sync_of_what_was_recovered(), .second_every = 1},
      {.name = "TheWatermarkRunsAheadOfItsRows", .seams = watermark_first()},
      {.name = "ATrimIsToldBeforeItIsFlushed", .seams = lazy_index(trims_the_catalogue)},
      {.name = "TheMarkOfACleanStopStaysWhileALifeRuns",
       .durability = Durability::os,
       .seams = lazy_index(begins_a_life),
       .second_every = 1},
      {.name = "RunsAreAppendedToWhatACrashLeft",
       .broken = &Mutations::append_after_recovery,
       .second_every = 1,
       .second_cut_every = 7,
       .second_kinds = {sim::CutKind::all, sim::CutKind::random}},
      {.name = "ChecksumsDoNotCoverTheGeneration", .broken = &Mutations::recycle_keeps_generation},
      {.name = "PositionsDoNotJumpAfterAnUncleanStop",
       .durability = Durability::os,
       .broken = &Mutations::no_position_jump,
       .second_every = 5},
  };
  return all;
}

class MutationTest : public testing::TestWithParam<Mutation> {
 protected:
  void TearDown() override { log::segment::mutations = {}; }
};

TEST_P(MutationTest, IsFound) {
  const Mutation& mutation = GetParam();
  if (mutation.broken != nullptr) log::segment::mutations.*mutation.broken = true;
  CutOptions options;
  options.workload = {.steps = 60, .engine = small_engine(mutation.durability), .seams = mutation.seams};
  options.random_cuts = 2;
  options.second_every = mutation.second_every;
  options.second_cut_every = mutation.second_cut_every;
  options.second_kinds = mutation.second_kinds;
  std::size_t cuts = 0;
  for (std::uint64_t seed = 1; seed <= seeds_max; ++seed) {
    options.workload.seed = seed;
    const CutReport report = cut_everywhere(options);
    cuts += report.cuts + report.second_cuts;
    if (report.violations.empty()) continue;
    std::cout << "found by cut " << cuts << ": " << report.violations.front() << "\n";
    return;
  }
  FAIL() << "the broken rule went unseen in " << cuts << " cuts";
}

INSTANTIATE_TEST_SUITE_P(Rules, MutationTest, testing::ValuesIn(mutations()),
                         [](const auto& mutation) { return mutation.param.name; });

}  // namespace
}  // namespace millrace::durability
