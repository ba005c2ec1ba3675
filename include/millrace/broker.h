#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

// Starts a Millrace broker inside a C++ program or test:
//
//   auto broker = millrace::Broker::start({});            // in memory, on a free port of 127.0.0.1
//   if (!broker) return fail(broker.error());
//   use(broker->endpoint());                              // "http://127.0.0.1:53422"
//                                                         // its destructor stops it
//
// Link the CMake target millrace::broker. Several brokers may run in one process.
namespace millrace {

struct BrokerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;                        // 0: a free one
  std::uint64_t memory_max = 256 * 1024 * 1024;  // bytes; see docs/options.md
  unsigned threads = 1;
  std::string region = "us-east-1";
  std::string account_id = "000000000000";
  // Folder where records are kept, each on the disk before it is acknowledged; made where it is absent, and one
  // broker's at a time. Empty: records are kept in memory, and gone with the broker.
  std::string data_dir{};
};

class Broker {
 public:
  // Ready for requests when it returns; else one sentence that says why not.
  static std::expected<Broker, std::string> start(const BrokerOptions& options);
  Broker(Broker&&) noexcept;
  Broker& operator=(Broker&&) noexcept;
  // Stops it: finishes what is in flight, for at most five seconds.
  ~Broker();

  std::uint16_t port() const;
  // What an SDK takes as its endpoint.
  std::string endpoint() const;

 private:
  struct Impl;
  explicit Broker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace
