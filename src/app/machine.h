#pragma once

#include <cstdint>

#include "base/result.h"

namespace millrace::app {

// Descriptors that the process needs beside one a connection: standard streams, listeners, loops, files it reads.
inline constexpr std::uint64_t descriptors_reserved = 64;

// Raises the soft limit of open files to the hard one, and fails (bad_config) where even that is too low for
// `connections_max` connections.
base::Result<void> raise_descriptor_limit(std::uint32_t connections_max);

// Whether the system lets this process do everything.
bool is_root();

// Processors that this process may run on; at least 1.
unsigned processors();

}  // namespace millrace::app
