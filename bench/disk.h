#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "bench/options.h"
#include "bench/result.h"

namespace millrace::bench {

// Median time in microseconds of one write of `bytes` at the end of a file whose space is reserved, and its fdatasync,
// for `seconds`: what no acknowledged put can beat. With a pause behind each one, since a disk and a core that have
// just rested take longer.
Result<double> bare_sync_us(const std::string& folder, std::size_t bytes, double seconds,
                            std::chrono::microseconds pause);

// Milliseconds until a broker listens that has 10,000 shards with records in its folder.
struct StartTimes {
  double clean_ms = 0;   // after a stop
  double killed_ms = 0;  // after SIGKILL under load
};
Result<StartTimes> measure_starts(const std::string& binary, const std::string& folder);

// One reader far behind 64 interleaved shards, none of whose pages is in memory, beside writers.
struct ColdReads {
  double mb_per_second = 0;    // of data served to the reader
  double read_per_byte = 0;    // bytes that the broker had read from the disk for each of them
  double writers_p99_ms = 0;   // beside the reader
  double baseline_p99_ms = 0;  // of the same writers before
};
Result<ColdReads> measure_cold_reads(const std::string& binary, const std::string& folder, std::uint64_t bytes);

// The files of a data folder's records leave the page cache.
Result<void> evict_segments(const std::string& data_dir);

}  // namespace millrace::bench
