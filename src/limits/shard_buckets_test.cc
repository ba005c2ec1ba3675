#include "limits/shard_buckets.h"

#include <gtest/gtest.h>

#include "sim/sim_clock.h"

namespace millrace::limits {
namespace {

using Write = ShardBuckets::Write;

constexpr std::int64_t now_ms = sim::SimClock::start_ms;
constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

// Records of that size, each in a request of its own, until one does not fit.
int puts(ShardBuckets& buckets, std::size_t bytes, std::int64_t at_ms) {
  int count = 0;
  while (Write().add(buckets, 1, bytes, at_ms))
    ++count;
  return count;
}

TEST(ShardBuckets, AThousandRecordsASecond) {
  ShardBuckets buckets;
  EXPECT_EQ(puts(buckets, 10, now_ms), 1'000);
  EXPECT_EQ(puts(buckets, 10, now_ms + 1), 1);
  EXPECT_EQ(puts(buckets, 10, now_ms + 501), 500);
}

TEST(ShardBuckets, OneMiBASecondBeyondABurstOfTen) {
  ShardBuckets buckets;
  EXPECT_EQ(puts(buckets, mib, now_ms), 10);
  EXPECT_EQ(puts(buckets, mib, now_ms + 999), 0);
  EXPECT_EQ(puts(buckets, mib, now_ms + 1'000), 1);
  EXPECT_EQ(puts(buckets, 10 * mib, now_ms + 11'000), 1) << "the largest record there is";
}

TEST(ShardBuckets, ARecordAloneCountsAsWholeKiB) {
  ShardBuckets buckets;
  Write large;
  EXPECT_TRUE(large.add(buckets, 1, 10 * mib - 3 * kib, now_ms));
  EXPECT_EQ(puts(buckets, 1, now_ms), 3);
}

TEST(ShardBuckets, RecordsOfOneRequestCountTogether) {
  ShardBuckets buckets;
  EXPECT_TRUE(Write().add(buckets, 1, 10 * mib - 2 * kib, now_ms));
  Write together;
  EXPECT_TRUE(together.add(buckets, 1, 1'000, now_ms));
  EXPECT_TRUE(together.add(buckets, 1, 1'000, now_ms));
  EXPECT_TRUE(together.add(buckets, 1, 48, now_ms)) << "the last bytes of the second KiB";
  EXPECT_FALSE(together.add(buckets, 1, 1, now_ms));
  EXPECT_TRUE(together.add(buckets, 1, 0, now_ms)) << "a record without bytes still fits";
}

TEST(ShardBuckets, AWriteTakesAllOrNothing) {
  ShardBuckets buckets;
  Write batch;
  EXPECT_FALSE(batch.add(buckets, 500, 11 * mib, now_ms));
  EXPECT_FALSE(batch.add(buckets, 1'001, 10, now_ms));
  EXPECT_TRUE(batch.add(buckets, 1'000, 10 * mib, now_ms));
  batch.give_back(buckets);
  EXPECT_TRUE(batch.add(buckets, 1'000, 10 * mib, now_ms));
}

TEST(ShardBuckets, FiveReadsASecond) {
  ShardBuckets buckets;
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(buckets.take_read(now_ms)) << i;
  EXPECT_FALSE(buckets.take_read(now_ms + 199));
  EXPECT_TRUE(buckets.take_read(now_ms + 200));
}

TEST(ShardBuckets, AnAnswerOfTenMiBPausesReadsForFiveSeconds) {
  ShardBuckets buckets;
  EXPECT_TRUE(buckets.take_read(now_ms));
  buckets.charge_read(10 * mib, now_ms);
  EXPECT_FALSE(buckets.take_read(now_ms + 5'000));
  EXPECT_TRUE(buckets.take_read(now_ms + 5'001));
}

TEST(ShardBuckets, TwoMiBReadPauseForUpToASecond) {
  ShardBuckets buckets;
  EXPECT_TRUE(buckets.take_read(now_ms));
  buckets.charge_read(mib, now_ms);
  EXPECT_TRUE(buckets.take_read(now_ms)) << "half of a second's worth is left";
  buckets.charge_read(2 * mib, now_ms);
  EXPECT_FALSE(buckets.take_read(now_ms + 500));
  EXPECT_TRUE(buckets.take_read(now_ms + 501));
}

TEST(ShardBuckets, FiveIteratorsASecond) {
  ShardBuckets buckets;
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(buckets.take_iterator(now_ms)) << i;
  EXPECT_FALSE(buckets.take_iterator(now_ms));
  EXPECT_TRUE(buckets.take_read(now_ms)) << "they are counted by themselves";
}

}  // namespace
}  // namespace millrace::limits
