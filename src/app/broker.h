#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.h"
#include "base/result.h"

namespace millrace::app {

// A whole broker in this process: loops, memory, engine, shards, the API and its server, put together. Several may run
// in one process.
//
// Threads: all functions from any thread that is none of its own; stop() once at a time.
class Broker {
 public:
  // Ready for requests when it returns. Errors are sentences for whoever started it: a taken port, an address that the
  // machine does not have.
  static base::Result<std::unique_ptr<Broker>> start(const Options& options);
  // Stops without waiting for requests in flight, where stop() was not called.
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // Takes no more requests, lets those in flight end for at most `grace`, then ends everything.
  void stop(std::chrono::milliseconds grace);
  // Ends the grace of a stop() that another thread is in.
  void cut();

  std::uint16_t port() const;
  // "127.0.0.1:4567", "[::1]:4567".
  std::vector<std::string> addresses() const;
  unsigned threads() const;
  // What an acknowledged record survives, in words.
  std::string_view durability() const;

 private:
  struct Parts;
  explicit Broker(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::app
