#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace millrace::app {

// One queue or buffer of the broker. Nothing grows without a maximum, and a full one is an answer, never growth.
struct QueueRow {
  std::string_view name;       // "shard appends"; tests/queues has the test ShardAppends, which fills it
  std::uint64_t maximum = 0;   // the room's own constant, or the default of `option`
  std::string_view unit;       // "blocks a shard"; a size where it begins with "bytes"
  std::string_view when_full;  // what happens to the one too many
  std::string_view whom;       // who meets that
  std::string_view option{};   // the option that sets the maximum; empty: it is fixed
  std::string_view metric{};   // shows how much is there; empty: none does
};

// The table, from the network inwards. The shares of --memory-max are a table of their own, base::memory_shares.
std::span<const QueueRow> queue_rows();

// The page docs/queues.md, whole.
std::string queues_page(std::span<const QueueRow> rows);

}  // namespace millrace::app
