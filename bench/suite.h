#pragma once

#include "bench/options.h"
#include "bench/result.h"

namespace millrace::bench {

// `millrace-bench quick`: starts nginx and, in each round anew, a broker; runs the unit E and every workload in turn;
// prints the medians over the rounds against the marks, and writes them with all single runs to FOLDER/quick.json.
// The answer: whether every mark was reached. An error in a run ends it.
Result<bool> run_suite(const Options& options);

}  // namespace millrace::bench
