// What does the index of the embedded engine cost? A million rows of 64 logs, whose blocks take turns in segments,
//
//   batches of 1,000   written so many rows at a time and flushed every 32,768, as a broker with small commits may
//   batches of 32,768  written as the engine does: all that a flush takes in one batch
//
// and then: what finding a block by position and by time takes, what a trim every flush adds, what a flush of nothing
// takes, and how long a start takes that opens the index and reads 10,000 logs and 10,000 usages beside the rows.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/histogram.h"
#include "log/rocksdb/rocksdb_index.h"

namespace {

using millrace::bench::Histogram;
using millrace::log::LogId;
using millrace::log::Position;
namespace rocksdb = millrace::log::rocksdb;
namespace segment = millrace::log::segment;
using Clock = std::chrono::steady_clock;

constexpr std::size_t logs = 64;
constexpr std::size_t flush_rows = 32'768;
constexpr std::uint32_t records_a_block = 5;
constexpr std::uint32_t block_bytes = 688;

template <class T>
T must(millrace::base::Result<T> result) {
  if (!result) {
    fmt::print(stderr, "index_cost: {}\n", millrace::base::describe(result.error()));
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double cpu_seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double milliseconds_of(const std::function<void()>& work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// What this process has written to disks.
std::uint64_t written_bytes() {
  std::ifstream file("/proc/self/io");
  for (std::string name; file >> name;) {
    std::uint64_t value = 0;
    file >> value;
    if (name == "write_bytes:") return value;
  }
  return 0;
}

std::uint64_t bytes_in(const std::string& folder) {
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    bytes += file.file_size();
  return bytes;
}

LogId log_of(std::size_t row) {
  return {.stream_uid = 1 + row % logs / 8, .shard_no = static_cast<std::uint32_t>(row % 8)};
}

// The nth row in the order of the segments, which are full at 256 MiB.
segment::IndexRow row_of(std::size_t n) {
  constexpr std::size_t rows_a_segment = (std::size_t{256} << 20) / block_bytes;
  return {.log = log_of(n),
          .first = 1 + n / logs * records_a_block,
          .count = records_a_block,
          .arrival_ms = 1'700'000'000'000 + static_cast<std::int64_t>(n / 10),
          .segment = 1 + n / rows_a_segment,
          .generation = 0x4d4d'4d4d'0000'0000 + n / rows_a_segment,
          .offset = 4096 + n % rows_a_segment * block_bytes,
          .size = block_bytes};
}

std::unique_ptr<segment::IndexStore> open_index(const std::string& folder) {
  return must(rocksdb::open_rocksdb_index({.folder = folder}));
}

// Writes rows [0, rows), the logs' rows and the watermark with each flush. Where `kept` is not 0, each flush also trims
// every log to its last so many rows.
void fill(segment::IndexStore& index, std::size_t rows, std::size_t batch_rows, std::size_t kept) {
  segment::IndexBatch batch;
  for (std::size_t n = 0; n < rows; ++n) {
    batch.put_rows.push_back(row_of(n));
    const bool ends_flush = (n + 1) % flush_rows == 0 || n + 1 == rows;
    if (batch.put_rows.size() < batch_rows && !ends_flush) continue;
    if (ends_flush) {
      for (std::size_t log = 0; log < logs; ++log) {
        batch.put_logs.push_back({.log = log_of(log), .config = {}, .tail = n / logs * records_a_block});
        if (kept != 0 && n / logs > kept) batch.trims.push_back({log_of(log), (n / logs - kept) * records_a_block});
      }
      batch.put_usages.push_back({.segment = batch.put_rows.back().segment, .indexed_end = n});
      batch.watermark = segment::Watermark{.run = n};
    }
    must(index.write(batch));
    if (ends_flush) must(index.flush());
    batch = {};
  }
}

struct Cost {
  double cpu = 0;         // seconds a million rows, all threads
  double foreground = 0;  // of that, the writing thread
  double disk = 0;        // bytes written to the disk a row
  double kept = 0;        // bytes in the folder a row
};

Cost measure_fill(const std::string& folder, std::size_t rows, std::size_t batch_rows, std::size_t kept) {
  std::filesystem::remove_all(folder);
  const auto index = open_index(folder);
  const double process = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  const double thread = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  const std::uint64_t disk = written_bytes();
  fill(*index, rows, batch_rows, kept);
  const double millions = static_cast<double>(rows) / 1e6;
  return {.cpu = (cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - process) / millions,
          .foreground = (cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - thread) / millions,
          .disk = static_cast<double>(written_bytes() - disk) / static_cast<double>(rows),
          .kept = static_cast<double>(bytes_in(folder)) / static_cast<double>(rows)};
}

void print_fill(const char* what, const std::string& folder, std::size_t rows, std::size_t batch_rows,
                std::size_t kept) {
  std::vector<Cost> costs(5);
  for (Cost& cost : costs)
    cost = measure_fill(folder, rows, batch_rows, kept);
  const auto median = [&](double Cost::* member) {
    std::ranges::sort(costs, {}, member);
    return costs[costs.size() / 2].*member;
  };
  fmt::print("{:<52} {:>8.2f} {:>10.2f} {:>12.1f} {:>8.1f}\n", what, median(&Cost::cpu), median(&Cost::foreground),
             median(&Cost::disk), median(&Cost::kept));
}

void print_call(const char* what, const std::function<void(std::size_t)>& call) {
  constexpr std::size_t calls = 20'000;
  Histogram latency;
  // Far from one another, each once.
  for (std::size_t i = 0; i < calls; ++i) {
    const auto begin = Clock::now();
    call(i * 7'919);
    latency.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(Clock::now() - begin).count()));
  }
  fmt::print("{:<52} {:>8.1f} {:>10.1f}\n", what, static_cast<double>(latency.quantile(0.5)) / 1e3,
             static_cast<double>(latency.quantile(0.99)) / 1e3);
}

void print_reads(segment::IndexStore& index, std::size_t rows) {
  print_call("seek", [&](std::size_t i) {
    const auto row = row_of(i % rows);
    if (must(index.seek(row.log, row.first)) != row) std::exit(1);
  });
  print_call("scan of 64 rows", [&](std::size_t i) { must(index.scan(log_of(i), row_of(i % rows).first, 64)); });
  print_call("seek by time", [&](std::size_t i) { must(index.seek_time(log_of(i), row_of(i % rows).arrival_ms)); });
  print_call("flush of nothing", [&](std::size_t) { must(index.flush()); });
}

void print_start(const std::string& folder) {
  constexpr std::size_t many = 10'000;
  {
    const auto index = open_index(folder);
    segment::IndexBatch batch;
    for (std::size_t i = 0; i < many; ++i) {
      batch.put_logs.push_back({.log = {.stream_uid = 1'000 + i, .shard_no = 0}, .config = {}, .tail = i});
      batch.put_usages.push_back({.segment = i, .generation = i});
    }
    must(index->write(batch));
    must(index->flush());
  }
  std::vector<double> times(5);
  for (double& time : times) {
    time = milliseconds_of([&] {
      const auto index = open_index(folder);
      if (must(index->logs()).size() < many || must(index->usages()).size() < many) std::exit(1);
    });
  }
  std::ranges::sort(times);
  fmt::print("{:<52} {:>8.1f}\n", "start: open, 10,000 logs, 10,000 usages, and close; ms", times[times.size() / 2]);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = std::string(argc > 1 ? argv[1] : ".") + "/index_cost";
  const std::size_t rows = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  fmt::print("{:<52} {:>8} {:>10} {:>12} {:>8}\n", fmt::format("index, {} rows of {} logs, medians of 5", rows, logs),
             "CPU s/1M", "foreground", "disk B/row", "B/row");
  print_fill("batches of 1,000 with a trim every flush", folder, rows, 1'000, 2'000);
  print_fill("batches of 32,768", folder, rows, flush_rows, 0);
  print_fill("batches of 1,000", folder, rows, 1'000, 0);
  fmt::print("{:<52} {:>8} {:>10}\n", "calls", "p50 us", "p99 us");
  print_reads(*open_index(folder), rows);
  print_start(folder);
  std::filesystem::remove_all(folder);
}
