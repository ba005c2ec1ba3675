#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "log/segment/index_store.h"
#include "log/segment/segment_set.h"

// The bytes of keys and values in the index, as docs/formats/index.md describes them. Keys are big-endian, so that they
// sort; values are little-endian and begin with their version. Every value here reaches the disk.
namespace millrace::log::segment {

std::string row_key(LogId log, Position first);
// The first key behind every row of the log.
std::string rows_end_key(LogId log);
std::string log_key(LogId log);
std::string watermark_key();
std::string value_key(std::string_view name);

std::string encode(const IndexRow& row);
std::string encode(const LogRow& row);
std::string encode(const Watermark& watermark);
std::string encode(const SegmentUsage& usage);  // for a value by name

// Nothing where key or value is not what was encoded, or of a version that this program does not know.
std::optional<IndexRow> decode_row(std::string_view key, std::string_view value);
std::optional<LogRow> decode_log(std::string_view key, std::string_view value);
std::optional<Watermark> decode_watermark(std::string_view value);
std::optional<SegmentUsage> decode_usage(std::string_view value);

// The name of a key that value_key made.
std::string_view name_of_value_key(std::string_view key);

}  // namespace millrace::log::segment
