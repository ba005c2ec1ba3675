#pragma once

#include <cstdint>
#include <string>

#include "connection.h"

namespace millrace::load {

struct Workload {
  std::string name;
  std::uint32_t writers = 1;
  int shards = 1;
  std::size_t batch = 1;  // records a request; 1 is PutRecord
  std::uint64_t records = 0;
};

// Runs the writers, and a reader for each shard that polls at the tip without a pause from before the first write to
// after the last; then reads each shard once more from its oldest record. Prints what it finds; true where every
// acknowledged record came once, unchanged and in order for its key, to both kinds of readers.
bool run(const Workload& workload, const Endpoint& endpoint);

}  // namespace millrace::load
