#include "log/segment/committer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "log/testing/await.h"
#include "log/testing/embedded_life.h"
#include "log/testing/faulty_files.h"

namespace millrace::log::segment {
namespace {

using testing::FaultyFiles;
using testing::Life;
using testing::named_block;

class CommitterTest : public ::testing::Test {
 protected:
  Life begin(EmbeddedOptions options = {.disk_reserve = 0}) { return Life(files_, disk_, clock_, random_, options); }
  std::int64_t now_ms() { return clock_.wall().now_ms(); }
  std::unique_ptr<Writer> make_log(Life& life, LogId id, std::chrono::milliseconds retention = std::chrono::hours(24)) {
    EXPECT_TRUE(life.create(id, retention).has_value());
    return life.acquire(id).value();
  }

  sim::SimFileSystem disk_files_;
  // What the disk was asked for, and what of it is refused.
  std::vector<std::pair<FaultyFiles::Call, std::string>> calls_;
  std::function<base::Result<void>(FaultyFiles::Call, const std::string&)> refuse_ =
      [](FaultyFiles::Call, const std::string&) { return base::Result<void>(); };
  FaultyFiles files_{disk_files_, [this](FaultyFiles::Call call, const std::string& path) {
                       calls_.emplace_back(call, path);
                       return refuse_(call, path);
                     }};
  std::shared_ptr<MemoryIndexDisk> disk_ = make_memory_index_disk();
  sim::SimClock clock_;
  sim::SimRandom random_{1};

  std::size_t count(FaultyFiles::Call call, std::string_view part) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        calls_, [&](const auto& made) { return made.first == call && made.second.find(part) != std::string::npos; }));
  }
};

TEST_F(CommitterTest, WhatWaitsTogetherIsOneWriteAndOneSyncOfEachClass) {
  Life life = begin();
  std::vector<std::unique_ptr<Writer>> writers;
  for (std::uint32_t shard = 0; shard < 20; ++shard)
    writers.push_back(make_log(life, {1, shard}, shard % 2 == 0 ? std::chrono::hours(24) : std::chrono::hours(100)));
  std::size_t stored = 0;
  for (const auto& writer : writers)
    writer->append(named_block("first", 1, now_ms()), [](base::Result<Appended> outcome) { ASSERT_TRUE(outcome); });
  life.advance(std::chrono::milliseconds(1));
  calls_.clear();
  for (const auto& writer : writers)
    writer->append(named_block("block", 3, now_ms()),
                   [&](base::Result<Appended> outcome) { stored += outcome ? 1 : 0; });
  life.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(stored, writers.size());
  EXPECT_EQ(count(FaultyFiles::Call::write, "day-"), 1U);
  EXPECT_EQ(count(FaultyFiles::Call::sync, "day-"), 1U);
  EXPECT_EQ(count(FaultyFiles::Call::write, "week-"), 1U);
  EXPECT_EQ(count(FaultyFiles::Call::sync, "week-"), 1U);
}

TEST_F(CommitterTest, InOsNothingIsSyncedAndTheAnswerComesAtOnce) {
  Life life = begin({.durability = Durability::os, .disk_reserve = 0});
  auto writer = make_log(life, {1, 0});
  ASSERT_TRUE(life.append(*writer, named_block("first", 1, now_ms())).has_value());
  calls_.clear();
  ASSERT_TRUE(life.append(*writer, named_block("block", 1, now_ms())).has_value());
  EXPECT_EQ(count(FaultyFiles::Call::write, "day-"), 1U);
  EXPECT_EQ(count(FaultyFiles::Call::sync, ""), 0U);
}

TEST_F(CommitterTest, CommandsAreSyncedInOsTooLestTheLogsKnowMoreThanTheCatalogue) {
  Life life = begin({.durability = Durability::os, .disk_reserve = 0});
  const auto append = [&] {
    return life.wait<Position>(
        [&](auto done) { life.engine().meta().append(std::as_bytes(std::span("make", 4)), std::move(done)); });
  };
  ASSERT_TRUE(append().has_value());
  calls_.clear();
  ASSERT_TRUE(append().has_value());
  EXPECT_EQ(count(FaultyFiles::Call::write, "catalogue-"), 1U);
  EXPECT_EQ(count(FaultyFiles::Call::sync, "catalogue-"), 1U);
}

TEST_F(CommitterTest, AFailedSyncOfOneClassFailsTheWholeEngine) {
  Life life = begin();
  auto day = make_log(life, {1, 0});
  auto week = make_log(life, {2, 0}, std::chrono::hours(100));
  ASSERT_TRUE(life.append(*day, named_block("a", 1, now_ms())).has_value());
  ASSERT_TRUE(life.append(*week, named_block("a", 1, now_ms())).has_value());
  refuse_ = [](FaultyFiles::Call call, const std::string& path) -> base::Result<void> {
    if (call == FaultyFiles::Call::sync && path.find("week-") != std::string::npos) {
      return base::fail(base::Errc::io, "the disk is ill");
    }
    return {};
  };
  std::vector<base::Errc> outcomes;
  const auto told = [&](base::Result<Appended> outcome) { outcomes.push_back(testing::code_of(outcome)); };
  day->append(named_block("b", 1, now_ms()), told);
  week->append(named_block("b", 1, now_ms()), told);
  life.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(outcomes, (std::vector<base::Errc>{base::Errc::unknown_outcome, base::Errc::unknown_outcome}));
  EXPECT_EQ(life.engine().health().state, Health::State::failed);
  // What is durable is read all the same.
  EXPECT_EQ(life.read({1, 0}).value().size(), 1U);
  EXPECT_EQ(life.read({2, 0}).value().size(), 1U);
}

TEST_F(CommitterTest, ADiskWithoutRoomForASegmentThrottlesAndTheEngineLives) {
  Life life = begin();
  auto writer = make_log(life, {1, 0});
  bool is_full = true;
  refuse_ = [&is_full](FaultyFiles::Call call, const std::string& path) -> base::Result<void> {
    if (is_full && call == FaultyFiles::Call::allocate && path.find("day-") != std::string::npos) {
      return base::fail(base::Errc::full, "no space");
    }
    return {};
  };
  EXPECT_EQ(testing::code_of(life.append(*writer, named_block("a", 1, now_ms()))), base::Errc::full);
  EXPECT_NE(life.engine().health().state, Health::State::failed);
  is_full = false;
  const auto stored = life.append(*writer, named_block("b", 1, now_ms()));
  ASSERT_TRUE(stored.has_value()) << base::describe(stored.error());
  EXPECT_EQ(life.read({1, 0}).value().size(), 1U);
}

TEST_F(CommitterTest, BelowTheReserveCommandsOfTheCatalogueGoOn) {
  Life life = begin({.disk_reserve = 1'000'000'000});
  auto writer = make_log(life, {1, 0});
  ASSERT_TRUE(life.append(*writer, named_block("a", 1, now_ms())).has_value());
  disk_files_.set_free_bytes(100'000'000);
  life.advance(std::chrono::seconds(1));
  EXPECT_EQ(testing::code_of(life.append(*writer, named_block("b", 1, now_ms()))), base::Errc::full);
  EXPECT_EQ(life.engine().health().state, Health::State::read_only);
  EXPECT_TRUE(life.wait<Position>([&](auto done) {
                    life.engine().meta().append(std::as_bytes(std::span("drop", 4)), std::move(done));
                  })
                  .has_value());
  EXPECT_EQ(life.wait<Position>([&](auto done) { writer->close(std::move(done)); }), 1U)
      << "a reshard that has begun must be able to end";
}

TEST_F(CommitterTest, TheTableOfWhatIsNotIndexedIsBounded) {
  Life life = begin({.disk_reserve = 0, .unindexed_blocks_max = 8});
  auto writer = make_log(life, {1, 0});
  bool index_is_full = true;
  observe(*disk_, [&](const IndexPicture&, bool) -> base::Result<void> {
    if (index_is_full) return base::fail(base::Errc::full, "no space");
    return {};
  });
  std::size_t stored = 0;
  for (int i = 0; i < 20; ++i)
    stored += life.append(*writer, named_block("b", 1, now_ms())).has_value() ? 1 : 0;
  EXPECT_EQ(stored, 8U);
  EXPECT_EQ(testing::code_of(life.append(*writer, named_block("b", 1, now_ms()))), base::Errc::full);
  index_is_full = false;
  life.advance(std::chrono::seconds(31));
  EXPECT_TRUE(life.append(*writer, named_block("b", 1, now_ms())).has_value());
}

TEST_F(CommitterTest, PutsThatComeAloneAreCommittedOnTheSpotAndSynced) {
  Life life = begin();
  auto writer = make_log(life, {1, 0});
  const auto stored_at_once = [&] {
    bool stored = false;
    writer->append(named_block("alone", 1, now_ms()),
                   [&](base::Result<Appended> outcome) { stored = outcome.has_value(); });
    const bool is_synced = !calls_.empty() && calls_.back().first == FaultyFiles::Call::sync;
    life.advance(std::chrono::milliseconds(1));
    EXPECT_TRUE(stored);
    return is_synced;
  };
  calls_.clear();
  EXPECT_FALSE(stored_at_once());
  for (std::size_t i = 0; i < Committer::lonely_commits_min; ++i)
    stored_at_once();
  calls_.clear();
  EXPECT_TRUE(stored_at_once());
  EXPECT_EQ(count(FaultyFiles::Call::sync, "day-"), 1U);
  // Two at once are not alone.
  std::size_t stored = 0;
  const auto told = [&](base::Result<Appended> outcome) { stored += outcome ? 1 : 0; };
  writer->append(named_block("a", 1, now_ms()), told);
  writer->append(named_block("b", 1, now_ms()), told);
  life.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(stored, 2U);
}

}  // namespace
}  // namespace millrace::log::segment
