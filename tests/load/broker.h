#pragma once

#include <sys/types.h>

#include <string>
#include <thread>

#include "connection.h"

namespace millrace::load {

// A broker of our own: started on a free port of the loopback, ended with the object at the latest. What it prints is
// passed on to our standard error.
class Broker {
 public:
  // Returns once the broker has said that it is ready. It keeps records in that folder; in memory where it is empty.
  static Result<Broker> start(const std::string& program, const std::string& data_dir);

  Broker(Broker&& other) noexcept;
  Broker& operator=(Broker&&) = delete;
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker();

  const Endpoint& endpoint() const { return endpoint_; }

  // Asks it to stop; an error where it does not end with status 0 in time.
  Result<void> stop();

 private:
  Broker(pid_t process, Endpoint endpoint) : process_(process), endpoint_(std::move(endpoint)) {}

  pid_t process_;
  Endpoint endpoint_;
  std::thread printer_;
};

}  // namespace millrace::load
