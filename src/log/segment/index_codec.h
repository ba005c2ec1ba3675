#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/segment/index_store.h"

// The bytes of keys and values in the index, as docs/formats/index.md describes them. Every value ends with a checksum
// of its key and of itself, so that a flipped bit of either is refused. Every number here reaches the disk.
namespace millrace::log::segment {

inline constexpr std::size_t entry_rows_max = 128;
// Of the blocks that an entry names. One that is larger by itself stands alone.
inline constexpr std::size_t entry_block_bytes_max = std::size_t{64} << 10;

struct IndexEntry {
  std::string key;
  std::string value;
  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

// Packs rows, each log's in the order of their positions, into as few entries as the maxima allow. Neighbours share an
// entry while they are of one log in one life of one segment, and neither position, offset nor time falls.
std::vector<IndexEntry> pack(std::span<const IndexRow> rows);
// The rows of an entry, at least one. Nothing where key or value is not what was packed.
std::optional<std::vector<IndexRow>> unpack(std::string_view key, std::string_view value);

// Begins with the key of every entry of the log, and of no other.
std::string rows_prefix(LogId log);
std::string row_key(LogId log, Position first);
// The first key behind every entry of the log.
std::string rows_end_key(LogId log);
// Begin with every key of their kind, and of no other.
std::string_view logs_prefix();
std::string_view usages_prefix();

std::string log_key(LogId log);
std::string usage_key(std::uint64_t segment);
std::string watermark_key();
std::string value_key(std::string_view name);

// The value that stands under the row's own key.
std::string encode(const LogRow& row);
std::string encode(const SegmentUsage& usage);
std::string encode(const Watermark& watermark);
std::string encode_value(std::string_view name, std::string_view value);

// Nothing where key or value is not what was encoded, or of a version that this program does not know.
std::optional<LogRow> decode_log(std::string_view key, std::string_view value);
std::optional<SegmentUsage> decode_usage(std::string_view key, std::string_view value);
std::optional<Watermark> decode_watermark(std::string_view value);
std::optional<std::string> decode_value(std::string_view name, std::string_view value);

}  // namespace millrace::log::segment
