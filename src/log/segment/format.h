#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "log/engine.h"

// The bytes of segment files, as docs/formats/segment.md describes them. All integers little-endian. Every value here
// reaches the disk: an existing one never changes its meaning.
namespace millrace::log::segment {

// Segments are kept apart by how long what is in them lives, so that a year's trickle does not pin a day's flood. The
// catalogue's commands have a set of their own.
enum class SegmentClass : std::uint8_t { day = 0, week = 1, month = 2, year = 3, catalogue = 4 };
inline constexpr std::size_t segment_class_count = 5;
SegmentClass class_of(std::chrono::milliseconds retention);

inline constexpr std::uint32_t format_version = 1;
inline constexpr std::size_t segment_header_bytes = 4096;
inline constexpr std::size_t run_header_bytes = 64;
inline constexpr std::size_t block_header_bytes = 72;
inline constexpr std::size_t alignment = 8;  // of runs and blocks
// Largest run, its header not counted: what a reader must hold at once. A commit that is larger is written as several.
inline constexpr std::size_t run_bytes_max = std::size_t{32} << 20;

// The first page of a segment, written and synced before anything else of this life of the file.
struct SegmentHeader {
  SegmentClass segment_class = SegmentClass::day;
  std::uint64_t number = 0;      // of the file; its name
  std::uint64_t generation = 0;  // grows with every life of every file of the folder
  std::int64_t created_ms = 0;
};

// One group commit: written by one sequential write.
struct RunHeader {
  enum Flags : std::uint32_t { sealed = 1 };  // the segment ends here; no blocks follow
  std::uint64_t generation = 0;
  std::uint64_t offset = 0;  // of this header in the segment
  std::uint64_t number = 0;  // 1, 2, 3 ... over all segments of the folder
  std::uint64_t synced_end =
      0;                    // runs of this segment that end at or before this offset were synced when this was written
  std::uint32_t bytes = 0;  // of the blocks that follow, padding included
  std::uint32_t blocks = 0;
  std::uint32_t flags = 0;
};

struct BlockHeader {
  enum Flags : std::uint16_t { closes = 1, relocated = 2 };  // closes: the log's end marker, no records
  std::uint64_t generation = 0;
  std::uint64_t offset = 0;  // of this header in the segment
  LogId log;
  Position first = 0;
  std::uint32_t count = 0;
  std::int64_t arrival_ms = 0;
  std::uint32_t payload_bytes = 0;
  std::uint16_t flags = 0;
  std::uint16_t codec = 0;   // 0: as in memory (log/block.h)
  std::uint32_t key_id = 0;  // 0: not encrypted
};

void encode(const SegmentHeader& header, std::span<std::byte, segment_header_bytes> to);
void encode(const RunHeader& header, std::span<std::byte, run_header_bytes> to);
// Two checksums: one of the payload, and one of the header, which covers that of the payload. So a damaged payload
// still has a header that says which records it held.
void encode(const BlockHeader& header, std::span<const std::byte> payload, std::span<std::byte, block_header_bytes> to);

// Nothing where magic, version or checksum is wrong.
std::optional<SegmentHeader> decode_segment_header(std::span<const std::byte> bytes);
// Nothing where magic or checksum is wrong, or where generation or offset is not the one expected: what an earlier life
// of the file left behind is never taken for live.
std::optional<RunHeader> decode_run_header(std::span<const std::byte> bytes, std::uint64_t generation,
                                           std::uint64_t offset);
// `bytes` begins at the header and holds the payload, too.
std::optional<BlockHeader> decode_block(std::span<const std::byte> bytes, std::uint64_t generation,
                                        std::uint64_t offset);
// The header alone; the payload may be damaged or not there.
std::optional<BlockHeader> decode_block_header(std::span<const std::byte> bytes, std::uint64_t generation,
                                               std::uint64_t offset);
// Only the sizes, unchecked, to know how much to read. Nothing where it is no block or is larger than a run may be.
std::optional<std::uint32_t> payload_bytes_of(std::span<const std::byte> block_header);

constexpr std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

}  // namespace millrace::log::segment
