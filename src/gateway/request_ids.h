#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "io/random.h"

namespace millrace::gateway {

// Makes the ids that every answer carries. They need to be unlike each other, not secret: a generator a thread, seeded
// once from the system's, gives them in a few nanoseconds.
class RequestIds {
 public:
  explicit RequestIds(io::Random& random) : random_(random) {}

  // A version 4 UUID: 36 characters.
  std::string request_id();
  // Appends what the service sends as x-amz-id-2: 72 bytes of noise in base64, 96 characters.
  void append_id_2(std::string& to);

 private:
  std::uint64_t next();

  io::Random& random_;
};

}  // namespace millrace::gateway
