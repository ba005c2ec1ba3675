#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"
#include "limits/profile.h"
#include "limits/token_bucket.h"

// Every limit of the service that depends on time, and those on numbers that a profile may lift.
namespace millrace::limits {

// In the order of the table: calls that are counted for each stream, then those for the account, then the others.
enum class Limit : std::uint8_t {
  // Calls a second of one stream.
  decrease_retention,
  deregister_consumer,
  describe_consumer,
  disable_monitoring,
  enable_monitoring,
  increase_retention,
  list_consumers,
  list_shards,
  register_consumer,
  start_encryption,
  stop_encryption,
  update_record_size,
  update_mode,
  update_distribution,
  // Calls a second of an account in a region.
  add_tags,
  create_stream,
  delete_policy,
  delete_stream,
  describe_account_settings,
  describe_limits,
  describe_stream,
  describe_summary,
  get_policy,
  list_streams,
  list_tags_for_resource,
  list_tags_for_stream,
  merge_shards,
  put_policy,
  remove_tags,
  split_shard,
  tag_resource,
  untag_resource,
  update_account_settings,
  update_shard_count,
  update_warm_throughput,
  // Others a second.
  dry_runs,
  records_in,
  kib_in,
  reads,
  kib_out,
  iterators,
  subscriptions,
  // In 24 hours.
  rescales,
  mode_switches,
  encryption_starts,
  encryption_stops,
  // At a time.
  creating_streams,
  creating_consumers,
  consumers,
  consumers_with_commitment,
};
inline constexpr std::size_t stream_calls = static_cast<std::size_t>(Limit::add_tags);
inline constexpr std::size_t calls = static_cast<std::size_t>(Limit::dry_runs);
inline constexpr std::size_t limit_count = static_cast<std::size_t>(Limit::consumers_with_commitment) + 1;

enum class Scope : std::uint8_t { account, stream, shard, consumer };  // consumer: of one, and one shard
enum class Per : std::uint8_t { second, day, moment };                 // moment: as many at a time

struct Row {
  Limit limit;
  std::string_view operation;  // of which the calls are counted; else empty
  std::string_view what;       // "calls", "KiB written": for the documentation
  Scope scope;
  Per per;
  Rate rate;               // where it is not a second's, only tokens_per_second, as the number
  base::Errc error;        // what one too many is answered
  std::string_view words;  // with the names of things in capitals; empty: nobody outside knows the service's
  std::string_view source;
  bool in_relaxed = false;  // `strict` has all rows

  constexpr bool holds_in(Profile profile) const { return in_relaxed || profile == Profile::strict; }
};

// By Limit.
std::span<const Row, limit_count> table();
const Row& row(Limit limit);
// The row that counts the calls of an operation; null where none does.
const Row* call_row(std::string_view operation);
// How many in 24 hours or at a time; 0 where the profile has no such limit.
std::uint32_t number(Limit limit, Profile profile);

std::string_view name_of(Scope scope);  // "stream"

}  // namespace millrace::limits
