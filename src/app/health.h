#pragma once

#include <string>

#include "app/options.h"

namespace millrace::app {

struct HealthAnswer {
  bool ready = false;
  std::string line;  // what to tell who asked, without a line break
};

// Asks the broker that listens on the options' addresses and port for /_health/ready: the first address that answers
// decides. Blocks, for at most the options' timeout an address and step. An address that stands for all is asked on the
// loopback.
HealthAnswer ask_health(const Options& options);

}  // namespace millrace::app
