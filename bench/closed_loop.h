#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "bench/connection.h"
#include "bench/options.h"
#include "bench/result.h"
#include "bench/tally.h"

namespace millrace::bench {

// What the connections of one thread ask, and how their answers count. Used by that thread alone.
class Traffic {
 public:
  virtual ~Traffic() = default;
  // The next request of a connection, counted from 0 within the thread. The bytes stay as they are until its answer.
  virtual std::string_view next(std::uint32_t connection) = 0;
  // Adds an answer's records and errors to the tally (the request and its latency are counted already).
  virtual void judge(std::uint32_t connection, const Answer& answer, Tally& tally) = 0;
};

// Makes the traffic of one thread with so many connections; `first` is the number of its first one in the whole run.
using TrafficMaker = std::function<std::unique_ptr<Traffic>(std::uint32_t first, std::uint32_t connections)>;

// Keeps one request on its way on each connection: a warm-up, then the measured window, in which the CPU of the server
// and of this process is taken at both ends.
Result<Measurement> run_closed_loop(const Options& options, const TrafficMaker& make_traffic);

// The CPU of this whole process so far, in microseconds.
double own_cpu_us();

}  // namespace millrace::bench
