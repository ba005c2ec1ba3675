#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bench/connection.h"
#include "bench/histogram.h"
#include "bench/options.h"
#include "bench/process.h"

namespace millrace::bench {

// What one thread counts in the measured window.
struct Tally {
  std::uint64_t requests = 0;
  std::uint64_t records = 0;  // acknowledged, or read
  std::map<std::string, std::uint64_t> errors;
  std::map<std::string, std::uint64_t> throttles;
  Histogram latency;

  // Counts a type of error where it belongs.
  void add_error(std::string_view type, std::uint64_t count = 1);
  // Counts the error of an answer that is not 200.
  void add_refusal(Encoding encoding, const Answer& answer);
  void merge(const Tally& other);
};

// One run, measured: times are of the window after the warm-up.
struct Measurement {
  Options options;
  Tally tally;
  double seconds = 0;
  bool server_counted = false;
  CpuTime server_before;
  CpuTime server_after;
  std::uint64_t server_written_bytes = 0;  // to the disk, in the window
  double generator_cpu_us = 0;
  std::map<std::string, Histogram> further;  // latencies beside the main one, by name

  bool clean() const { return tally.errors.empty() && tally.throttles.empty(); }
  double server_us() const;  // CPU in the window
  double server_us_per_record() const;
  double server_us_per_request() const;
  std::string as_json() const;
  std::string as_table() const;
};

}  // namespace millrace::bench
