#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bench/body.h"
#include "bench/connection.h"
#include "bench/result.h"

namespace millrace::bench {

// One run of one workload. The defaults are those of the option table in options.cc.
struct Options {
  std::string workload;
  Endpoint endpoint;
  std::uint32_t connections = 16;
  std::uint32_t threads = 1;
  std::uint32_t records = 1;  // a request
  std::uint32_t bytes = 100;  // a record
  std::uint32_t shards = 1;
  double seconds = 5;
  double warm_up = 0.5;        // seconds
  std::uint64_t requests = 0;  // ends the measured window early; 0: seconds alone
  double rate = 1000;          // records a second, for "visible"
  double gib = 4;              // that the reader of "cold" finds
  pid_t server = 0;            // whose CPU is counted; 0: nobody's
  bool sign_each = true;
  Encoding encoding = Encoding::json;
  bool json = false;
  bool allow_errors = false;

  // For the suite.
  std::string broker;
  std::string nginx;
  std::string folder = "build/bench";
  std::uint32_t rounds = 3;
  bool strict = false;
  bool pin = false;
};

Result<Options> parse_options(const std::vector<std::string>& words);
std::string help();

}  // namespace millrace::bench
