#include "model/shard_id.h"

#include <array>
#include <cstring>

#include "base/decimal.h"

namespace millrace::model {
namespace {

constexpr std::string_view prefix = "shardId-";

}  // namespace

std::string shard_id(ShardNo number) {
  std::string text;
  append_shard_id(text, number);
  return text;
}

void append_shard_id(std::string& out, ShardNo number) {
  std::array<char, shard_id_chars> text;
  write_shard_id(number, text.data());
  out.append(text.data(), text.size());
}

void write_shard_id(ShardNo number, char* to) {
  // Sixteen digits are made; the first four are zeros for every number and give way to the end of the prefix.
  base::write_16_digits(number, to + shard_id_chars - 16);
  std::memcpy(to, prefix.data(), prefix.size());
}

std::optional<ShardNo> resolve_shard_id(std::string_view text) {
  constexpr std::uint32_t number_max = 2'147'483'647;
  const std::size_t dash = text.find('-');
  if (dash != std::string_view::npos) text.remove_prefix(dash + 1);
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (value > number_max) return std::nullopt;
  }
  return static_cast<ShardNo>(value);
}

}  // namespace millrace::model
