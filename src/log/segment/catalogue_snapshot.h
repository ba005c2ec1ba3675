#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "log/engine.h"

// The catalogue's snapshots, as docs/formats/folder.md describes them: one file each in DATA/catalogue.
namespace millrace::log::segment {

inline constexpr std::size_t snapshot_bytes_max = std::size_t{1} << 30;  // of a file

std::string snapshot_name(Position position);  // "snapshot-000000000000002a"
std::optional<Position> snapshot_position(std::string_view name);
// What a snapshot that was being written when the process went leaves behind.
bool is_unfinished_snapshot(std::string_view name);

// The content, twice over: the commands that it stands for are gone, and one flipped bit must not take every stream.
std::string encode_snapshot(Position position, std::string_view content);
// The content, where one of its copies is whole and of that position. The file is whole where it is what
// encode_snapshot makes of the content.
std::optional<std::string> decode_snapshot(Position position, std::string_view file);

}  // namespace millrace::log::segment
