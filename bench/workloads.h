#pragma once

#include "bench/options.h"
#include "bench/result.h"
#include "bench/tally.h"

namespace millrace::bench {

// Runs options.workload once: makes its stream, measures, deletes the stream.
Result<Measurement> run_workload(const Options& options);

// Put to visible: from before a record's put is sent to the moment at which the reader has received it. One producer
// thread with options.rate records a second, one reader thread that asks again as soon as it has an answer. The
// latency of the puts themselves, and of visibility counted from the moment at which a record was due, stand beside it.
Result<Measurement> run_visible(const Options& options);

}  // namespace millrace::bench
