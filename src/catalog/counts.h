#pragma once

#include "catalog/state.h"

namespace millrace::catalog {

// Adds what a stream counts among its account's shards and streams, or takes it away.
void count_in(State& state, const Stream& stream);
void count_out(State& state, const Stream& stream);

}  // namespace millrace::catalog
