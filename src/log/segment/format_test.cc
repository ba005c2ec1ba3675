#include "log/segment/format.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace millrace::log::segment {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t generation = 0x1122334455667788;
constexpr std::uint64_t run_offset = segment_header_bytes;
constexpr std::uint64_t block_offset = run_offset + run_header_bytes;

BlockHeader sample_block() {
  return {.generation = generation,
          .offset = block_offset,
          .log = {.stream_uid = 0x0102030405060708, .shard_no = 9},
          .first = 1234567890123,
          .count = 3,
          .arrival_ms = 1700000000123,
          .payload_bytes = 0,
          .flags = BlockHeader::relocated,
          .codec = 0,
          .key_id = 0};
}

std::vector<std::byte> encoded_block(const BlockHeader& header, std::string_view payload) {
  const auto bytes = std::as_bytes(std::span(payload));
  std::vector<std::byte> to(block_header_bytes);
  encode(header, bytes, std::span(to).first<block_header_bytes>());
  to.insert(to.end(), bytes.begin(), bytes.end());
  return to;
}

std::vector<std::byte> encoded_run(const RunHeader& header) {
  std::vector<std::byte> to(run_header_bytes);
  encode(header, std::span(to).first<run_header_bytes>());
  return to;
}

// What a reader makes of a run with one block, in words that two of them can be compared by.
std::string read_back(std::span<const std::byte> bytes) {
  const auto run = decode_run_header(bytes, generation, run_offset);
  const auto block = decode_block(bytes.subspan(run_header_bytes), generation, block_offset);
  if (!run || !block) return "";
  std::string said;
  for (const std::uint64_t value :
       {run->number, run->synced_end, std::uint64_t{run->bytes}, std::uint64_t{run->blocks}, std::uint64_t{run->flags},
        block->log.stream_uid, std::uint64_t{block->log.shard_no}, block->first, std::uint64_t{block->count},
        static_cast<std::uint64_t>(block->arrival_ms), std::uint64_t{block->payload_bytes}, std::uint64_t{block->flags},
        std::uint64_t{block->codec}, std::uint64_t{block->key_id}}) {
    said += std::to_string(value) + " ";
  }
  const auto payload = bytes.subspan(run_header_bytes + block_header_bytes, block->payload_bytes);
  return said + std::string(reinterpret_cast<const char*>(payload.data()), payload.size());
}

TEST(SegmentFormatTest, ClassesFollowTheRetention) {
  EXPECT_EQ(class_of(1h), SegmentClass::day);
  EXPECT_EQ(class_of(24h), SegmentClass::day);
  EXPECT_EQ(class_of(24h + 1ms), SegmentClass::week);
  EXPECT_EQ(class_of(7 * 24h), SegmentClass::week);
  EXPECT_EQ(class_of(30 * 24h), SegmentClass::month);
  EXPECT_EQ(class_of(30 * 24h + 1ms), SegmentClass::year);
  EXPECT_EQ(class_of(365 * 24h), SegmentClass::year);
  EXPECT_EQ(class_of(0ms), SegmentClass::year) << "never expires";
}

TEST(SegmentFormatTest, ASegmentHeaderSurvivesTheLossOfOneCopy) {
  const SegmentHeader header{
      .segment_class = SegmentClass::month, .number = 77, .generation = generation, .created_ms = 1700000000000};
  std::array<std::byte, segment_header_bytes> page{};
  encode(header, page);
  for (std::size_t bit = 0; bit < page.size() * 8; ++bit) {
    page[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto decoded = decode_segment_header(page);
    ASSERT_TRUE(decoded.has_value()) << "bit " << bit;
    EXPECT_EQ(decoded->number, header.number);
    EXPECT_EQ(decoded->generation, header.generation);
    EXPECT_EQ(decoded->created_ms, header.created_ms);
    EXPECT_EQ(decoded->segment_class, header.segment_class);
    page[bit / 8] ^= std::byte{1} << (bit % 8);
  }
  page[20] ^= std::byte{1};
  page[2048 + 20] ^= std::byte{1};
  EXPECT_FALSE(decode_segment_header(page).has_value());
  EXPECT_FALSE(decode_segment_header(std::span(page).first(100)).has_value());
}

TEST(SegmentFormatTest, ATornRecyclingLeavesOneOfBothLives) {
  std::array<std::byte, segment_header_bytes> before{};
  std::array<std::byte, segment_header_bytes> after{};
  encode(SegmentHeader{.segment_class = SegmentClass::day, .number = 5, .generation = 10, .created_ms = 1}, before);
  encode(SegmentHeader{.segment_class = SegmentClass::day, .number = 5, .generation = 11, .created_ms = 2}, after);
  for (std::size_t torn = 0; torn <= after.size(); ++torn) {
    auto page = before;
    std::copy_n(after.begin(), torn, page.begin());
    const auto decoded = decode_segment_header(page);
    ASSERT_TRUE(decoded.has_value()) << torn;
    EXPECT_TRUE(decoded->generation == 10 || decoded->generation == 11);
    EXPECT_EQ(decoded->created_ms, decoded->generation == 10 ? 1 : 2);
  }
}

TEST(SegmentFormatTest, ABlockOfAnotherLifeOrPlaceIsNone) {
  const auto bytes = encoded_block(sample_block(), "payload");
  ASSERT_TRUE(decode_block(bytes, generation, block_offset).has_value());
  EXPECT_FALSE(decode_block(bytes, generation + 1, block_offset).has_value());
  EXPECT_FALSE(decode_block(bytes, generation, block_offset + 8).has_value());
  EXPECT_FALSE(decode_block(std::span(bytes).first(bytes.size() - 1), generation, block_offset).has_value());
  EXPECT_TRUE(decode_block_header(std::span(bytes).first(bytes.size() - 1), generation, block_offset).has_value());
  EXPECT_EQ(payload_bytes_of(bytes), 7U);
  EXPECT_FALSE(payload_bytes_of(std::span(bytes).first(50)).has_value());

  const auto run = encoded_run({.generation = generation, .offset = run_offset, .number = 1});
  ASSERT_TRUE(decode_run_header(run, generation, run_offset).has_value());
  EXPECT_FALSE(decode_run_header(run, generation - 1, run_offset).has_value());
  EXPECT_FALSE(decode_run_header(run, generation, run_offset + 8).has_value());
}

TEST(SegmentFormatTest, ADamagedPayloadStillSaysWhichRecordsItHeld) {
  auto bytes = encoded_block(sample_block(), "payload");
  bytes.back() ^= std::byte{0x10};
  EXPECT_FALSE(decode_block(bytes, generation, block_offset).has_value());
  const auto header = decode_block_header(bytes, generation, block_offset);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->log, sample_block().log);
  EXPECT_EQ(header->first, sample_block().first);
  EXPECT_EQ(header->count, 3U);
}

TEST(SegmentFormatTest, EveryFlippedBitOfARunIsFoundOrHarmless) {
  const auto block = encoded_block(sample_block(), "a payload, short");
  auto bytes = encoded_run({.generation = generation,
                            .offset = run_offset,
                            .number = 42,
                            .synced_end = run_offset,
                            .bytes = static_cast<std::uint32_t>(aligned(block.size())),
                            .blocks = 1,
                            .flags = 0});
  bytes.insert(bytes.end(), block.begin(), block.end());
  bytes.resize(aligned(bytes.size()) + alignment);  // padding
  const std::string whole = read_back(bytes);
  ASSERT_FALSE(whole.empty());
  std::size_t found = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    const std::string said = read_back(bytes);
    EXPECT_TRUE(said.empty() || said == whole) << "bit " << bit;
    if (said.empty()) ++found;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
  EXPECT_EQ(found, (run_header_bytes + block.size()) * 8) << "only padding is not covered";
}

}  // namespace
}  // namespace millrace::log::segment
