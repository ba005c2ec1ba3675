#include "log/segment/catalogue_snapshot.h"

#include <fmt/format.h>

#include <charconv>
#include <span>

#include "base/crc32c.h"

namespace millrace::log::segment {
namespace {

constexpr std::string_view prefix = "snapshot-";
constexpr std::string_view unfinished_suffix = ".new";
constexpr std::size_t position_digits = 16;

// As they stand in the file; an existing one never changes its meaning.
constexpr std::string_view magic = "MLRSNAP1";
constexpr std::size_t header_bytes = 8 + 8 + 4;  // magic, position, checksum of position and content

template <class T>
void put_little_endian(std::string& to, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    to.push_back(static_cast<char>(value >> (8 * i)));
}

std::string encode_header(Position position, std::string_view content) {
  std::string header(magic);
  put_little_endian(header, position);
  const std::string_view covered = std::string_view(header).substr(magic.size());
  const std::uint32_t of_position = base::crc32c(std::as_bytes(std::span(covered)));
  put_little_endian(header, base::crc32c(of_position, std::as_bytes(std::span(content))));
  return header;
}

}  // namespace

std::string snapshot_name(Position position) {
  return fmt::format("{}{:016x}", prefix, position);
}

std::optional<Position> snapshot_position(std::string_view name) {
  if (!name.starts_with(prefix) || name.size() != prefix.size() + position_digits) return std::nullopt;
  Position position = 0;
  const char* const end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + prefix.size(), end, position, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end || name != snapshot_name(position)) return std::nullopt;
  return position;
}

bool is_unfinished_snapshot(std::string_view name) {
  return name.ends_with(unfinished_suffix) &&
         snapshot_position(name.substr(0, name.size() - unfinished_suffix.size())).has_value();
}

std::string encode_snapshot(Position position, std::string_view content) {
  std::string copy = encode_header(position, content);
  copy += content;
  return copy + copy;
}

std::optional<std::string> decode_snapshot(Position position, std::string_view file) {
  const std::size_t copy_bytes = file.size() / 2;
  if (copy_bytes < header_bytes) return std::nullopt;
  for (const std::string_view copy : {file.substr(0, copy_bytes), file.substr(copy_bytes)}) {
    const std::string_view content = copy.substr(header_bytes);
    if (copy.substr(0, header_bytes) == encode_header(position, content)) return std::string(content);
  }
  return std::nullopt;
}

}  // namespace millrace::log::segment
