#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "bench/connection.h"
#include "bench/process.h"
#include "bench/result.h"

namespace millrace::bench {

// A broker on 127.0.0.1 that was started for a measurement, and is killed with the object should it still run.
class ServedBroker {
 public:
  struct Spec {
    std::string binary;
    std::string log_path;  // takes what it prints; truncated first
    // Empty: the memory engine. Else the embedded one on that folder, with "sync" or "os".
    std::string data_dir{};
    std::string durability = "sync";
    std::uint16_t port = 0;  // 0: one that is free
    int core = -1;           // pins it, unless negative
  };

  // Returns as soon as it listens, which it does once it has recovered what its folder holds.
  static Result<ServedBroker> start(const Spec& spec);

  const Endpoint& endpoint() const { return endpoint_; }
  pid_t pid() const { return child_->pid(); }
  // From before its process was made to the moment at which it took a connection.
  double start_ms() const { return start_ms_; }
  Result<void> stop() { return child_->stop(); }
  void end_by_kill() { child_->end_by_kill(); }

 private:
  ServedBroker(std::unique_ptr<Child> child, Endpoint endpoint) : child_(std::move(child)), endpoint_(endpoint) {}

  std::unique_ptr<Child> child_;
  Endpoint endpoint_;
  double start_ms_ = 0;
};

// Until the port takes a connection; an error where the process ends before, or after `seconds` in vain.
Result<void> wait_for_port(Child& child, const Endpoint& endpoint, std::string_view name, double seconds);

}  // namespace millrace::bench
