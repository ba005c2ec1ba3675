#pragma once

#include <cstddef>
#include <cstdint>

// Every number of the service that the broker enforces or shows, with where it comes from. [M] the published API model
// (botocore 1.44.8, November 2026), [D] AWS documentation of 2025/26, [R] recorded from the service by kinesalite's
// tests.
namespace millrace::model::limits {

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;

// Records.
inline constexpr std::size_t data_bytes_max = 10 * mib;         // [M] shape Data
inline constexpr std::size_t partition_key_chars_max = 256;     // [M] shape PartitionKey, in Unicode characters
inline constexpr std::uint32_t record_kib_default = 1024;       // [M] MaxRecordSizeInKiB of a new stream
inline constexpr std::uint32_t record_kib_min = 1024;           // [M]
inline constexpr std::uint32_t record_kib_max = 10240;          // [M]
inline constexpr std::size_t put_records_max = 500;             // [M] shape PutRecordsRequestEntryList
inline constexpr std::size_t put_records_bytes_max = 10 * mib;  // [D] since 28 October 2025; 5 MiB before
inline constexpr std::size_t get_records_max = 10'000;          // [M] shape GetRecordsInputLimit
inline constexpr std::size_t get_records_bytes_max = 10 * mib;  // [D]

// Streams and shards.
inline constexpr std::size_t stream_name_chars_max = 128;            // [M] shape StreamName
inline constexpr std::uint32_t on_demand_shards_initial = 4;         // [D], [R 2022]
inline constexpr std::uint32_t shards_per_account_default = 20'000;  // [D] us-east-1, us-west-2, eu-west-1
inline constexpr std::uint32_t on_demand_streams_default = 1'000;  // ours: the service says 50, which stops test suites
inline constexpr std::uint32_t retention_hours_min = 24;           // [D]
inline constexpr std::uint32_t retention_hours_max = 8'760;        // [D]
inline constexpr std::size_t tags_max = 50;                        // [R], [D]

// Consumers and policies.
inline constexpr std::size_t consumer_name_chars_max = 128;   // [M] shape ConsumerName
inline constexpr std::uint32_t consumers_max = 20;            // [M] of a stream
inline constexpr std::uint32_t consumers_advantage_max = 50;  // [M] with On-demand Advantage
inline constexpr std::uint32_t consumers_creating_max = 5;    // [D] of a stream, at a time
inline constexpr std::uint32_t list_consumers_page = 100;     // [D] default and cap
inline constexpr std::size_t policy_bytes_max = 20 * kib;     // [D]

inline constexpr std::int64_t warm_throughput_mibps_max = 10'240;  // [D] 10 GiB/s

// Iterators, tokens and pages.
inline constexpr std::int64_t iterator_life_ms = 300'000;    // [R] "tolerated delay of 300000 milliseconds"
inline constexpr std::int64_t next_token_life_ms = 300'000;  // [D]
inline constexpr std::size_t iterator_chars_max = 512;       // [M] shape ShardIterator
inline constexpr std::int64_t timestamp_ahead_ms = 5'000;    // ours: clients' clocks run ahead a little
inline constexpr std::uint32_t describe_stream_page = 100;   // [D] default and cap
inline constexpr std::uint32_t list_streams_page = 100;      // [D] default and cap
inline constexpr std::uint32_t list_shards_page = 1'000;     // [D] default and cap
inline constexpr std::uint32_t list_tags_page = 50;          // [M] shape ListTagsForStreamInputLimit

}  // namespace millrace::model::limits
