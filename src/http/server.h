#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/metrics.h"
#include "base/result.h"
#include "http/service.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/socket.h"

namespace millrace::http {

// Limits of the front door, each with its answer when it is reached.
struct Limits {
  std::size_t connections_max = 10'000;             // one more is answered 503 and closed
  std::size_t head_bytes_max = 32 * 1024;           // 431
  std::size_t headers_max = 200;                    // 431
  std::size_t body_bytes_max = 16 * 1024 * 1024;    // 413; admits 10 MiB of records in base64 with their framing
  std::chrono::milliseconds head_timeout{15'000};   // from a request's first byte to the end of its head: 408
  std::chrono::milliseconds body_timeout{60'000};   // to the end of its body: 408
  std::chrono::milliseconds idle_timeout{75'000};   // between requests: closed without a word
  std::chrono::milliseconds write_timeout{60'000};  // an answer nobody takes: cut
  std::chrono::milliseconds stall_under_pressure{
      500};  // a body that stood still so long is cut when others wait for memory
};

// Connections over the limit that are told so at once; further ones are closed without a word.
inline constexpr std::size_t refusals_max = 128;

// Listens, and runs HTTP/1.1 connections over a Service.
//
// Threads: start and stop from any thread that is no loop's. The service is called on the connections' loops.
class Server {
 public:
  struct Options {
    std::vector<std::string> addresses = {"127.0.0.1",
                                          "::1"};  // the second is optional: a machine without it logs a line
    std::uint16_t port = 4567;                     // 0: one number, chosen by the system, for all addresses
    Limits limits = {};
  };

  // `loops` are where connections live: each new one goes to the loop that has the fewest. `clock` is what the Date
  // header tells. All outlive the server and the last Reply, and `metrics` shows the server's figures for as long as it
  // lives.
  static base::Result<std::unique_ptr<Server>> start(Options options, io::Network& network, const io::WallClock& clock,
                                                     std::span<io::Loop* const> loops, Service& service,
                                                     base::MemoryBudget& budget, base::Metrics& metrics);

  // Accepts no more, lets requests in flight finish for at most `grace`, closes idle connections at once, ends streams,
  // cuts what is left, then returns. Calling cut() from another thread ends the grace.
  virtual void stop(std::chrono::milliseconds grace) = 0;
  virtual void cut() = 0;
  // The part of stop that does not wait: stop returns when connections() is 0.
  virtual void begin_stop(std::chrono::milliseconds grace) = 0;

  virtual std::uint16_t port() const = 0;
  // What it listens on, as "127.0.0.1:4567" and "[::1]:4567".
  virtual std::vector<std::string> addresses() const = 0;
  virtual std::size_t connections() const = 0;
  virtual ~Server() = default;
};

}  // namespace millrace::http
