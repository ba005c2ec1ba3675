#include "limits/table.h"

#include <algorithm>
#include <array>

namespace millrace::limits {
namespace {

using base::Errc;

// [D] AWS documentation of 2025/26: the reference of the operation, or the page of quotas. [M] the published API model.
// Where the two say a different scope, the reference of the operation counts.
constexpr std::string_view reference = "[D] reference of the operation";
constexpr std::string_view quotas = "[D] quotas";
constexpr std::string_view model = "[M]";

constexpr std::string_view stream_words = "Rate exceeded for stream NAME under account ACCOUNT.";
constexpr std::string_view account_words = "Rate exceeded.";
constexpr std::string_view shard_words = "Rate exceeded for shard SHARD in stream NAME under account ACCOUNT.";

// A second's worth of calls may come at once; how many may on the service is not known.
constexpr Row stream_call(Limit limit, std::string_view operation, std::int64_t rate) {
  return {limit,        operation, "calls", Scope::stream, Per::second, {rate, rate}, Errc::limit_exceeded,
          stream_words, reference};
}
constexpr Row account_call(Limit limit, std::string_view operation, std::int64_t rate) {
  return {limit,         operation, "calls", Scope::account, Per::second, {rate, rate}, Errc::limit_exceeded,
          account_words, reference};
}
constexpr Row of_shard(Limit limit, std::string_view operation, std::string_view what, Rate rate) {
  return {limit, operation, what, Scope::shard, Per::second, rate, Errc::throughput_exceeded, shard_words, quotas};
}
constexpr Row counted(Limit limit, std::string_view what, Scope scope, Per per, std::int64_t number,
                      std::string_view source, bool in_relaxed = false) {
  return {limit, {}, what, scope, per, {number, number}, Errc::limit_exceeded, {}, source, in_relaxed};
}

constexpr std::array<Row, limit_count> rows = {{
    stream_call(Limit::decrease_retention, "DecreaseStreamRetentionPeriod", 5),
    stream_call(Limit::deregister_consumer, "DeregisterStreamConsumer", 5),
    stream_call(Limit::describe_consumer, "DescribeStreamConsumer", 20),
    stream_call(Limit::disable_monitoring, "DisableEnhancedMonitoring", 5),
    stream_call(Limit::enable_monitoring, "EnableEnhancedMonitoring", 5),
    stream_call(Limit::increase_retention, "IncreaseStreamRetentionPeriod", 5),
    stream_call(Limit::list_consumers, "ListStreamConsumers", 5),
    stream_call(Limit::list_shards, "ListShards", 1000),
    stream_call(Limit::register_consumer, "RegisterStreamConsumer", 5),
    stream_call(Limit::start_encryption, "StartStreamEncryption", 5),
    stream_call(Limit::stop_encryption, "StopStreamEncryption", 5),
    stream_call(Limit::update_record_size, "UpdateMaxRecordSize", 5),
    stream_call(Limit::update_mode, "UpdateStreamMode", 5),
    stream_call(Limit::update_distribution, "UpdateStreamRecordDistributionStrategy", 5),

    account_call(Limit::add_tags, "AddTagsToStream", 5),
    account_call(Limit::create_stream, "CreateStream", 5),
    account_call(Limit::delete_policy, "DeleteResourcePolicy", 5),
    account_call(Limit::delete_stream, "DeleteStream", 5),
    account_call(Limit::describe_account_settings, "DescribeAccountSettings", 5),
    account_call(Limit::describe_limits, "DescribeLimits", 1),
    account_call(Limit::describe_stream, "DescribeStream", 10),
    account_call(Limit::describe_summary, "DescribeStreamSummary", 20),
    account_call(Limit::get_policy, "GetResourcePolicy", 5),
    account_call(Limit::list_streams, "ListStreams", 5),
    account_call(Limit::list_tags_for_resource, "ListTagsForResource", 5),
    account_call(Limit::list_tags_for_stream, "ListTagsForStream", 5),
    account_call(Limit::merge_shards, "MergeShards", 5),
    account_call(Limit::put_policy, "PutResourcePolicy", 5),
    account_call(Limit::remove_tags, "RemoveTagsFromStream", 5),
    account_call(Limit::split_shard, "SplitShard", 5),
    account_call(Limit::tag_resource, "TagResource", 5),
    account_call(Limit::untag_resource, "UntagResource", 5),
    account_call(Limit::update_account_settings, "UpdateAccountSettings", 5),
    account_call(Limit::update_shard_count, "UpdateShardCount", 10),
    account_call(Limit::update_warm_throughput, "UpdateStreamWarmThroughput", 5),

    {Limit::dry_runs, {}, "dry runs", Scope::stream, Per::second, {1, 1}, Errc::throttling, {}, reference},
    of_shard(Limit::records_in, {}, "records written", {1'000, 1'000}),
    // A record of 10 MiB must fit. PutRecord counts whole KiB of its record, PutRecords of its records together.
    of_shard(Limit::kib_in, {}, "KiB written", {1'024, 10'240}),
    of_shard(Limit::reads, "GetRecords", "calls", {5, 5}),
    // Counted once they are read: an answer of 10 MiB holds further ones up for five seconds.
    of_shard(Limit::kib_out, {}, "KiB read", {2'048, 2'048, 10'240}),
    of_shard(Limit::iterators, "GetShardIterator", "calls", {5, 5}),
    {Limit::subscriptions,
     "SubscribeToShard",
     "calls",
     Scope::consumer,
     Per::second,
     {1, 1},
     Errc::limit_exceeded,
     stream_words,
     reference},

    counted(Limit::rescales, "changes of the shard count", Scope::stream, Per::day, 10, model),
    counted(Limit::mode_switches, "mode switches", Scope::stream, Per::day, 2, reference),
    counted(Limit::encryption_starts, "starts of the encryption", Scope::stream, Per::day, 25, reference),
    counted(Limit::encryption_stops, "stops of the encryption", Scope::stream, Per::day, 25, reference),

    counted(Limit::creating_streams, "streams in CREATING", Scope::account, Per::moment, 5, model),
    counted(Limit::creating_consumers, "consumers in CREATING", Scope::stream, Per::moment, 5, quotas),
    counted(Limit::consumers, "consumers", Scope::stream, Per::moment, 20, model, true),
    counted(Limit::consumers_with_commitment, "consumers, with On-demand Advantage", Scope::stream, Per::moment, 50,
            model, true),
}};

constexpr bool rows_follow_the_enum() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].limit != static_cast<Limit>(i)) return false;
    if (i < calls && (rows[i].scope != (i < stream_calls ? Scope::stream : Scope::account))) return false;
  }
  return true;
}
static_assert(rows_follow_the_enum(), "a row for each Limit, in the order of the enum");

// The calls' rows by the name of their operation.
constexpr auto by_operation = [] {
  std::array<const Row*, calls> sorted{};
  for (std::size_t i = 0; i < calls; ++i)
    sorted[i] = &rows[i];
  std::ranges::sort(sorted, {}, &Row::operation);
  return sorted;
}();

}  // namespace

std::span<const Row, limit_count> table() {
  return rows;
}

const Row& row(Limit limit) {
  return rows[static_cast<std::size_t>(limit)];
}

const Row* call_row(std::string_view operation) {
  const auto at = std::ranges::lower_bound(by_operation, operation, {}, &Row::operation);
  return at != by_operation.end() && (*at)->operation == operation ? *at : nullptr;
}

std::uint32_t number(Limit limit, Profile profile) {
  const Row& found = row(limit);
  return found.holds_in(profile) ? static_cast<std::uint32_t>(found.rate.tokens_per_second) : 0;
}

std::string_view name_of(Scope scope) {
  switch (scope) {
    case Scope::account:
      return "account";
    case Scope::stream:
      return "stream";
    case Scope::shard:
      return "shard";
    case Scope::consumer:
      return "consumer and shard";
  }
  return {};
}

}  // namespace millrace::limits
