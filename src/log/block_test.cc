#include "log/block.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "log/testing/blocks.h"

namespace millrace::log {
namespace {

using base::MemoryBudget;
using base::MemoryShare;
using testing::make_block;
using testing::named_block;
using testing::TestRecord;

std::vector<TestRecord> records_of(const Block& block, std::uint32_t first = 0) {
  std::vector<TestRecord> records;
  for (auto at = block.begin(first); at.valid(); at.next()) {
    EXPECT_EQ(at.index(), first + records.size());
    const RecordView record = at.record();
    EXPECT_EQ(at.user_bytes(), record.data.size() + record.partition_key.size());
    records.push_back({std::string(record.partition_key), std::string(record.data), record.explicit_hash_key});
  }
  return records;
}

TEST(BlockTest, RecordsComeBackFromAnyIndex) {
  const std::vector<TestRecord> records = {
      {"a", "first"},
      {std::string(1'024, 'k'), ""},
      {"\xc3\xa9", std::string("\0\1\xff", 3), base::u128_max},
      {"b", std::string(70'000, 'x'), base::u128{0}},
  };
  const Block block = make_block(records, 77);
  EXPECT_EQ(block.record_count(), 4U);
  EXPECT_EQ(block.arrival_ms(), 77);
  EXPECT_EQ(block.user_bytes(), 1U + 5 + 1'024 + 2 + 3 + 1 + 70'000);
  for (std::uint32_t first = 0; first <= 5; ++first) {
    const auto begin = records.begin() + std::min(first, 4U);
    EXPECT_EQ(records_of(block, first), std::vector<TestRecord>(begin, records.end()));
  }
}

TEST(BlockTest, AMissingKeyIsToldFromAnEmptyOne) {
  BlockBuilder builder = BlockBuilder::forced(nullptr, 2 * BlockBuilder::encoded_size(1, 0, false));
  *builder.add(std::nullopt, std::nullopt, 1) = 'x';
  *builder.add("", std::nullopt, 1) = 'y';
  const Block block = builder.finish();
  auto at = block.begin();
  EXPECT_FALSE(at.record().has_partition_key);
  EXPECT_EQ(at.record().data, "x");
  at.next();
  EXPECT_TRUE(at.record().has_partition_key);
  EXPECT_EQ(at.record().partition_key, "");
}

TEST(BlockTest, RecordsOfAnEncryptedStreamAreTold) {
  BlockBuilder builder = BlockBuilder::forced(nullptr, 2 * BlockBuilder::encoded_size(1, 1, false));
  *builder.add("a", std::nullopt, 1) = 'x';
  builder.mark_encrypted();
  *builder.add("b", std::nullopt, 1) = 'y';
  const Block block = builder.finish();
  auto at = block.begin();
  EXPECT_FALSE(at.record().is_encrypted);
  at.next();
  EXPECT_TRUE(at.record().is_encrypted);
  EXPECT_EQ(at.record().partition_key, "b");
}

TEST(BlockTest, TheEncodingIsTheDocumentedOne) {
  const Block block = make_block({{"key", "data", base::make_u128(0x1122334455667788, 0x99aabbccddeeff00)}});
  const std::string expected = std::string(
                                   "\4\0\0\0"
                                   "\3\0"
                                   "\1\0",
                                   8) +
                               std::string("\x00\xff\xee\xdd\xcc\xbb\xaa\x99\x88\x77\x66\x55\x44\x33\x22\x11", 16) +
                               "keydata";
  EXPECT_EQ(block.payload(), expected);
  EXPECT_EQ(block.payload().size(), BlockBuilder::encoded_size(4, 3, true));
}

TEST(BlockTest, BlocksAreJoinedRecordForRecord) {
  const std::vector<TestRecord> one = {{"a", "1"}, {"b", "22", base::u128{5}}};
  const std::vector<TestRecord> two = {{"c", ""}};
  const Block a = make_block(one);
  const Block b = make_block(two);
  BlockBuilder builder = BlockBuilder::forced(nullptr, a.payload().size() + b.payload().size());
  builder.add_all(a);
  builder.add_all(b);
  const Block joined = builder.finish();
  EXPECT_EQ(records_of(joined), (std::vector<TestRecord>{one[0], one[1], two[0]}));
  EXPECT_EQ(joined.user_bytes(), a.user_bytes() + b.user_bytes());
  EXPECT_FALSE(builder.ok());
}

TEST(BlockTest, TheBudgetCountsABlockOnceUntilItsLastReferenceGoes) {
  MemoryBudget budget(100 * 1024 * 1024);
  Block block = named_block("b", 3, 0, &budget);
  const std::size_t bytes = block.memory_bytes();
  EXPECT_GT(bytes, block.payload().size());
  EXPECT_EQ(budget.used(MemoryShare::append_queue), bytes);
  Block copy = block;
  EXPECT_EQ(budget.used(MemoryShare::append_queue), bytes);
  copy.charge(MemoryShare::log);
  EXPECT_EQ(budget.used(MemoryShare::append_queue), 0U);
  EXPECT_EQ(budget.used(MemoryShare::log), bytes);
  block.charge(MemoryShare::log);
  EXPECT_EQ(budget.used(MemoryShare::log), bytes);
  block = {};
  EXPECT_EQ(budget.used(MemoryShare::log), bytes);
  Block moved = std::move(copy);
  copy = {};
  EXPECT_EQ(budget.used(MemoryShare::log), bytes);
  const Block& same = moved;
  moved = same;
  EXPECT_EQ(moved.record_count(), 3U);
  moved = {};
  EXPECT_EQ(budget.used(MemoryShare::log), 0U);
}

TEST(BlockTest, ABuilderTakesItsMemoryOrSaysThatItCannot) {
  MemoryBudget budget(10'000);  // the append queue may hold 1,000
  ASSERT_EQ(budget.max(MemoryShare::append_queue), 1'000U);
  {
    BlockBuilder fits(&budget, 500);
    EXPECT_TRUE(fits.ok());
    EXPECT_EQ(budget.used(MemoryShare::append_queue), Block::memory_bytes_of(500));
    const BlockBuilder too_much(&budget, 500);
    EXPECT_FALSE(too_much.ok());
    EXPECT_EQ(budget.used(MemoryShare::append_queue), Block::memory_bytes_of(500));
    const BlockBuilder forced = BlockBuilder::forced(&budget, 500);
    EXPECT_TRUE(forced.ok());
    EXPECT_EQ(budget.used(MemoryShare::append_queue), 2 * Block::memory_bytes_of(500));
  }
  // One that is given up gives back.
  EXPECT_EQ(budget.used(MemoryShare::append_queue), 0U);
  const BlockBuilder unbudgeted(nullptr, 5'000);
  EXPECT_TRUE(unbudgeted.ok());
}

TEST(BlockTest, StoredBytesBecomeABlockOnlyWhereTheyAreWholeRecords) {
  const std::vector<TestRecord> records = {{"a", "first"}, {"b", std::string(300, 'x'), base::u128_max}, {"c", ""}};
  const Block stored = make_block(records, 5);
  const auto bytes = std::as_bytes(std::span(stored.payload()));
  MemoryBudget budget(1'000'000);
  {
    const auto block = BlockBuilder::from_payload(&budget, MemoryShare::answers, bytes, 9);
    ASSERT_TRUE(block.has_value());
    EXPECT_EQ(records_of(*block), records);
    EXPECT_EQ(block->user_bytes(), stored.user_bytes());
    EXPECT_EQ(block->arrival_ms(), 9);
    EXPECT_EQ(budget.used(MemoryShare::answers), block->memory_bytes());
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto part = BlockBuilder::from_payload(&budget, MemoryShare::answers, bytes.first(size), 9);
    if (part) EXPECT_LT(part->record_count(), records.size()) << size << " bytes";
  }
  EXPECT_EQ(budget.used(MemoryShare::answers), 0U);
  EXPECT_EQ(budget.used(MemoryShare::append_queue), 0U);
}

TEST(BlockTest, ReferencesMayGoOnAnyThread) {
  MemoryBudget budget(100 * 1024 * 1024);
  for (int round = 0; round < 200; ++round) {
    Block block = named_block("b", 2, 0, &budget);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([mine = block] {
        const Block again = mine;
        EXPECT_EQ(again.begin().record().data, "b-0");
      });
    }
    block.charge(MemoryShare::log);
    block = {};
    for (std::thread& thread : threads)
      thread.join();
  }
  EXPECT_EQ(budget.used(MemoryShare::log), 0U);
  EXPECT_EQ(budget.used(MemoryShare::append_queue), 0U);
}

}  // namespace
}  // namespace millrace::log
