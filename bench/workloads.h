#pragma once

#include <string>
#include <vector>

#include "bench/options.h"
#include "bench/result.h"
#include "bench/tally.h"

namespace millrace::bench {

// Runs options.workload once: makes its stream, measures, deletes the stream.
Result<Measurement> run_workload(const Options& options);

// The same with a stream that is there: PutRecord or PutRecords, as options.workload says, into it; and GetRecords of
// always the same page at each of the iterators.
Result<Measurement> run_puts_into(const Options& options, const std::string& stream);
Result<Measurement> run_gets_at(const Options& options, const std::vector<std::string>& iterators);

// Put to visible: from before a record's put is sent to the moment at which the reader has received it. One producer
// thread with options.rate records a second, one reader thread that asks again as soon as it has an answer. The
// latency of the puts themselves, and of visibility counted from the moment at which a record was due, stand beside it.
Result<Measurement> run_visible(const Options& options);

}  // namespace millrace::bench
