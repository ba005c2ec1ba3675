#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/disk.h"
#include "bench/options.h"
#include "bench/suite.h"
#include "bench/workloads.h"

namespace {

using namespace millrace::bench;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

int fail(const std::string& reason, int code) {
  fmt::print(stderr, "millrace-bench: {}\n", reason);
  return code;
}

int cold(const Options& options) {
  if (options.broker.empty()) return fail("cold needs --broker", exit_usage);
  const std::string folder = std::filesystem::absolute(options.folder);
  std::filesystem::create_directories(folder);
  const auto reads = measure_cold_reads(options.broker, folder, static_cast<std::uint64_t>(options.gib * (1U << 30)));
  if (!reads) return fail(reads.error(), exit_failed);
  fmt::print(
      "{:.0f} MB/s served, {:.2f} bytes read from the disk a byte, writers' p99 {:.1f} ms before, {:.1f} ms beside\n",
      reads->mb_per_second, reads->read_per_byte, reads->baseline_p99_ms, reads->writers_p99_ms);
  return 0;
}

int run(const std::vector<std::string>& words) {
  if (words.empty() || words.front() == "--help") {
    fmt::print("{}", help());
    return words.empty() ? exit_usage : 0;
  }
  const auto options = parse_options(words);
  if (!options) return fail(options.error() + " (--help lists all)", exit_usage);
  if (options->workload == "quick") {
    const auto reached = run_suite(*options);
    if (!reached) return fail(reached.error(), exit_failed);
    return *reached || !options->strict ? 0 : exit_failed;
  }
  if (options->workload == "cold") return cold(*options);
  const auto measured = run_workload(*options);
  if (!measured) return fail(measured.error(), exit_failed);
  fmt::print("{}\n", options->json ? measured->as_json() : measured->as_table());
  if (measured->clean() || options->allow_errors) return 0;
  return fail("errors or throttles, see above", exit_failed);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    return fail(error.what(), exit_failed);
  }
}
