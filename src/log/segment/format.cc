#include "log/segment/format.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/crc32c.h"

namespace millrace::log::segment {
namespace {

using namespace std::chrono_literals;

// "MRSEGMNT", "MRUN" and "MBLK" as they stand in the file.
constexpr std::uint64_t segment_magic = 0x544e4d474553524d;
constexpr std::uint32_t run_magic = 0x4e55524d;
constexpr std::uint32_t block_magic = 0x4b4c424d;

// A segment's header stands twice in its page, so that one bad sector does not take the whole segment.
constexpr std::size_t segment_copy_bytes = 64;
constexpr std::size_t segment_copies[] = {0, 2048};

// Where the fields stand; docs/formats/segment.md has the same tables.
namespace segment_at {
constexpr std::size_t magic = 0, version = 8, segment_class = 12, number = 16, generation = 24, created = 32,
                      checksum = 60;
}
namespace run_at {
constexpr std::size_t magic = 0, checksum = 4, generation = 8, offset = 16, number = 24, synced_end = 32, bytes = 40,
                      blocks = 44, flags = 48;
}
namespace block_at {
constexpr std::size_t magic = 0, checksum = 4, generation = 8, offset = 16, stream_uid = 24, shard_no = 32, count = 36,
                      first = 40, arrival = 48, payload_bytes = 56, flags = 60, codec = 62, key_id = 64,
                      payload_checksum = 68;
}
constexpr std::size_t covered_from = 8;  // of runs and blocks: what stands behind the checksum

template <class T>
void put(std::span<std::byte> to, std::size_t at, T value) {
  auto bits = static_cast<std::make_unsigned_t<T>>(value);
  for (std::size_t i = 0; i < sizeof(T); ++i)
    to[at + i] = static_cast<std::byte>(static_cast<std::uint64_t>(bits) >> (8 * i));
}

template <class T>
T get(std::span<const std::byte> from, std::size_t at) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bits |= std::to_integer<std::uint64_t>(from[at + i]) << (8 * i);
  return static_cast<T>(bits);
}

std::optional<SegmentHeader> decode_copy(std::span<const std::byte> copy) {
  if (get<std::uint64_t>(copy, segment_at::magic) != segment_magic) return {};
  if (get<std::uint32_t>(copy, segment_at::checksum) != base::crc32c(copy.first(segment_at::checksum))) return {};
  if (get<std::uint32_t>(copy, segment_at::version) != format_version) return {};
  const auto segment_class = get<std::uint8_t>(copy, segment_at::segment_class);
  if (segment_class >= segment_class_count) return {};
  return SegmentHeader{.segment_class = static_cast<SegmentClass>(segment_class),
                       .number = get<std::uint64_t>(copy, segment_at::number),
                       .generation = get<std::uint64_t>(copy, segment_at::generation),
                       .created_ms = get<std::int64_t>(copy, segment_at::created)};
}

}  // namespace

SegmentClass class_of(std::chrono::milliseconds retention) {
  // Zero is no retention at all: what never expires goes where it pins the least.
  if (retention == 0ms || retention > 30 * 24h) return SegmentClass::year;
  if (retention > 7 * 24h) return SegmentClass::month;
  return retention > 24h ? SegmentClass::week : SegmentClass::day;
}

void encode(const SegmentHeader& header, std::span<std::byte, segment_header_bytes> to) {
  std::ranges::fill(to, std::byte{0});
  for (const std::size_t at : segment_copies) {
    const std::span<std::byte> copy = to.subspan(at, segment_copy_bytes);
    put(copy, segment_at::magic, segment_magic);
    put(copy, segment_at::version, format_version);
    put(copy, segment_at::segment_class, static_cast<std::uint8_t>(header.segment_class));
    put(copy, segment_at::number, header.number);
    put(copy, segment_at::generation, header.generation);
    put(copy, segment_at::created, header.created_ms);
    put(copy, segment_at::checksum, base::crc32c(copy.first(segment_at::checksum)));
  }
}

void encode(const RunHeader& header, std::span<std::byte, run_header_bytes> to) {
  std::ranges::fill(to, std::byte{0});
  put(to, run_at::magic, run_magic);
  put(to, run_at::generation, header.generation);
  put(to, run_at::offset, header.offset);
  put(to, run_at::number, header.number);
  put(to, run_at::synced_end, header.synced_end);
  put(to, run_at::bytes, header.bytes);
  put(to, run_at::blocks, header.blocks);
  put(to, run_at::flags, header.flags);
  put(to, run_at::checksum, base::crc32c(to.subspan(covered_from)));
}

void encode(const BlockHeader& header, std::span<const std::byte> payload,
            std::span<std::byte, block_header_bytes> to) {
  put(to, block_at::magic, block_magic);
  put(to, block_at::generation, header.generation);
  put(to, block_at::offset, header.offset);
  put(to, block_at::stream_uid, header.log.stream_uid);
  put(to, block_at::shard_no, header.log.shard_no);
  put(to, block_at::count, header.count);
  put(to, block_at::first, header.first);
  put(to, block_at::arrival, header.arrival_ms);
  put(to, block_at::payload_bytes, static_cast<std::uint32_t>(payload.size()));
  put(to, block_at::flags, header.flags);
  put(to, block_at::codec, header.codec);
  put(to, block_at::key_id, header.key_id);
  put(to, block_at::payload_checksum, base::crc32c(payload));
  put(to, block_at::checksum, base::crc32c(to.subspan(covered_from)));
}

std::optional<SegmentHeader> decode_segment_header(std::span<const std::byte> bytes) {
  if (bytes.size() < segment_header_bytes) return {};
  std::optional<SegmentHeader> newest;
  for (const std::size_t at : segment_copies) {
    const auto copy = decode_copy(bytes.subspan(at, segment_copy_bytes));
    // A power cut in the middle of a recycling may leave one copy of either life; the newer one has no runs yet.
    if (copy && (!newest || copy->generation > newest->generation)) newest = copy;
  }
  return newest;
}

std::optional<RunHeader> decode_run_header(std::span<const std::byte> bytes, std::uint64_t generation,
                                           std::uint64_t offset) {
  if (bytes.size() < run_header_bytes || get<std::uint32_t>(bytes, run_at::magic) != run_magic) return {};
  bytes = bytes.first(run_header_bytes);
  if (get<std::uint64_t>(bytes, run_at::generation) != generation) return {};
  if (get<std::uint64_t>(bytes, run_at::offset) != offset) return {};
  if (get<std::uint32_t>(bytes, run_at::checksum) != base::crc32c(bytes.subspan(covered_from))) return {};
  return RunHeader{.generation = generation,
                   .offset = offset,
                   .number = get<std::uint64_t>(bytes, run_at::number),
                   .synced_end = get<std::uint64_t>(bytes, run_at::synced_end),
                   .bytes = get<std::uint32_t>(bytes, run_at::bytes),
                   .blocks = get<std::uint32_t>(bytes, run_at::blocks),
                   .flags = get<std::uint32_t>(bytes, run_at::flags)};
}

std::optional<BlockHeader> decode_block_header(std::span<const std::byte> bytes, std::uint64_t generation,
                                               std::uint64_t offset) {
  if (!payload_bytes_of(bytes)) return {};
  bytes = bytes.first(block_header_bytes);
  if (get<std::uint64_t>(bytes, block_at::generation) != generation) return {};
  if (get<std::uint64_t>(bytes, block_at::offset) != offset) return {};
  if (get<std::uint32_t>(bytes, block_at::checksum) != base::crc32c(bytes.subspan(covered_from))) return {};
  return BlockHeader{.generation = generation,
                     .offset = offset,
                     .log = {.stream_uid = get<std::uint64_t>(bytes, block_at::stream_uid),
                             .shard_no = get<std::uint32_t>(bytes, block_at::shard_no)},
                     .first = get<std::uint64_t>(bytes, block_at::first),
                     .count = get<std::uint32_t>(bytes, block_at::count),
                     .arrival_ms = get<std::int64_t>(bytes, block_at::arrival),
                     .payload_bytes = get<std::uint32_t>(bytes, block_at::payload_bytes),
                     .flags = get<std::uint16_t>(bytes, block_at::flags),
                     .codec = get<std::uint16_t>(bytes, block_at::codec),
                     .key_id = get<std::uint32_t>(bytes, block_at::key_id)};
}

std::optional<BlockHeader> decode_block(std::span<const std::byte> bytes, std::uint64_t generation,
                                        std::uint64_t offset) {
  const auto header = decode_block_header(bytes, generation, offset);
  if (!header || bytes.size() - block_header_bytes < header->payload_bytes) return {};
  const auto checksum = base::crc32c(bytes.subspan(block_header_bytes, header->payload_bytes));
  if (get<std::uint32_t>(bytes, block_at::payload_checksum) != checksum) return {};
  return header;
}

std::optional<std::uint32_t> payload_bytes_of(std::span<const std::byte> block_header) {
  if (block_header.size() < block_header_bytes) return {};
  if (get<std::uint32_t>(block_header, block_at::magic) != block_magic) return {};
  const auto bytes = get<std::uint32_t>(block_header, block_at::payload_bytes);
  if (bytes > run_bytes_max - block_header_bytes) return {};
  return bytes;
}

}  // namespace millrace::log::segment
