#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::model {

// A shard's number within its stream, counted from 0 and never used again.
using ShardNo = std::uint32_t;

// "shardId-000000000007".
std::string shard_id(ShardNo number);
// Appends the same.
void append_shard_id(std::string& out, ShardNo number);
// Writes the same shard_id_chars characters to `to`.
void write_shard_id(ShardNo number, char* to);
inline constexpr std::size_t shard_id_chars = 20;

// Resolves what clients send as a shard id. Lenient like the service: the part behind the first '-', or the whole text
// where there is none, must be digits with a value of at most 2147483647, so "0", "shard-0" and "shardId-000000000000"
// are one shard. Source: kinesalite's recordings.
std::optional<ShardNo> resolve_shard_id(std::string_view text);

}  // namespace millrace::model
