#include "bench/suite.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "bench/broker.h"
#include "bench/control.h"
#include "bench/disk.h"
#include "bench/process.h"
#include "bench/workloads.h"

namespace millrace::bench {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr int server_core = 0;
constexpr int generator_core = 1;

enum class Unit { e, ms, mib, percent, times, mb_per_second };

// What the broker of a workload keeps its records on.
enum class Kept { memory, sync, os };

// One line of the result. Marks are the first ones of docs/benchmarks.md.
struct Row {
  std::string_view key;
  std::string_view title;
  Unit unit;
  double mark;
  // For the workloads that are counted in CPU a record.
  std::string_view workload = {};
  std::uint32_t connections = 0;
  std::uint32_t records = 1;
  std::uint32_t bytes = 0;
  std::uint32_t shards = 1;
  Encoding encoding = Encoding::json;
  Kept kept = Kept::memory;
};

constexpr std::array rows{
    Row{"put", "PutRecord 100 B, 16 connections", Unit::e, 2.5, "put", 16, 1, 100, 1},
    Row{"puts", "PutRecords 500 x 100 B, 8 connections", Unit::e, 0.3, "puts", 8, 500, 100, 8},
    Row{"puts_cbor", "the same in CBOR", Unit::e, 0.3, "puts", 8, 500, 100, 8, Encoding::cbor},
    Row{"puts_1k", "PutRecords 100 x 1 KiB, 8 connections", Unit::e, 0.5, "puts", 8, 100, 1024, 8},
    Row{"get", "GetRecords 1000 x 1 KiB, 4 connections", Unit::e, 0.3, "get", 4, 1000, 1024, 4},
    Row{"visible", "put to visible, p99, 1000 records/s", Unit::ms, 2},
    Row{"start", "start to first successful put", Unit::ms, 50},
    Row{"idle_memory", "idle memory (VmRSS)", Unit::mib, 15},
    // "About 0" is meant: 1 ms of CPU in a second.
    Row{"idle_cpu", "idle CPU of one core", Unit::percent, 0.1},
    // The embedded engine.
    Row{"puts_sync", "sync: PutRecords 500 x 100 B, 8 connections", Unit::e, 0.45, "puts", 8, 500, 100, 8,
        Encoding::json, Kept::sync},
    Row{"puts_1k_sync", "sync: PutRecords 100 x 1 KiB, 8 connections", Unit::e, 0.8, "puts", 8, 100, 1024, 8,
        Encoding::json, Kept::sync},
    Row{"put_os", "os: PutRecord 100 B, 16 connections", Unit::e, 3.0, "put", 16, 1, 100, 1, Encoding::json, Kept::os},
    Row{"get_disk", "GetRecords 1000 x 1 KiB, page cache", Unit::e, 0.5},
    Row{"put_latency", "sync: put p50, of a bare write and sync", Unit::times, 1.8},
    Row{"written", "sync: bytes written a byte of 1 KiB records", Unit::times, 1.2},
    Row{"start_clean", "start, 10,000 shards, after a stop", Unit::ms, 1000},
    Row{"start_killed", "start, 10,000 shards, after SIGKILL", Unit::ms, 3000},
    Row{"cold", "reads from cold, 64 shards, at least", Unit::mb_per_second, 100},
    Row{"cold_read", "bytes read from the disk a byte served", Unit::times, 4},
    Row{"cold_writers", "writers' p99 beside them, of that before", Unit::times, 1.5},
};

// A put of 100 bytes makes a run of about this size: two headers, the record's own, its key and data.
constexpr std::size_t small_run_bytes = 320;
// The rest of a put's way, from its answer to the next one's write: what a put into memory takes. The disk rests as
// long.
constexpr std::chrono::microseconds round_trip{50};
// What the reader of quick finds behind it; `scripts/bench cold` reads more.
constexpr std::uint64_t cold_bytes = std::uint64_t{1} << 30;

// More of it is better.
bool is_at_least(const Row& row) {
  return row.unit == Unit::mb_per_second;
}

std::string_view unit_name(Unit unit) {
  switch (unit) {
    case Unit::e:
      return "E";
    case Unit::ms:
      return "ms";
    case Unit::mib:
      return "MiB";
    case Unit::percent:
      return "%";
    case Unit::times:
      return "x";
    case Unit::mb_per_second:
      return "MB/s";
  }
  return "";
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// The unit's configuration, word for word as in docs/benchmarks.md, but for the folders of temporary files, which let
// it run without root and are not used.
std::string nginx_configuration(std::uint16_t port, const std::string& folder) {
  std::string temporary;
  for (const char* name : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    temporary += fmt::format("{}_temp_path {}/nginx-{}; ", name, folder, name);
  }
  return fmt::format(
      R"(master_process off; daemon off; events {{ worker_connections 1024; }}
http {{ {}access_log off; keepalive_requests 100000000; client_body_buffer_size 64k;
  server {{ listen 127.0.0.1:{}; location / {{ default_type application/x-amz-json-1.1;
    return 200 '{{"SequenceNumber":"49600000000000000000000000000000000000000000000000000002","ShardId":"shardId-000000000000"}}'; }} }} }}
)",
      temporary, port);
}

void pin_generator() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<unsigned>(generator_core), &cores);
  sched_setaffinity(0, sizeof cores, &cores);
}

class Suite {
 public:
  explicit Suite(const Options& options) : options_(options), folder_(std::filesystem::absolute(options.folder)) {}

  Result<bool> run() {
    std::filesystem::create_directories(folder_);
    if (options_.pin) pin_generator();
    if (const auto started = start_nginx(); !started) return std::unexpected(started.error());
    for (std::uint32_t round = 1; round <= options_.rounds; ++round) {
      fmt::print(stderr, "round {} of {}\n", round, options_.rounds);
      if (const auto done = run_round(); !done) return std::unexpected(done.error());
    }
    if (const auto cold = run_cold(); !cold) return std::unexpected(cold.error());
    if (const auto stopped = nginx_->stop(); !stopped) return std::unexpected("nginx: " + stopped.error());
    return report();
  }

 private:
  Result<void> start_nginx() {
    const auto port = free_port();
    if (!port) return std::unexpected(port.error());
    nginx_at_.port = *port;
    const std::string configuration = folder_ / "nginx.conf";
    std::ofstream(configuration) << nginx_configuration(*port, folder_);
    auto child = Child::start({.command = {options_.nginx, "-p", folder_, "-c", configuration, "-g",
                                           fmt::format("pid {}/nginx.pid; error_log {}/nginx-error.log;",
                                                       folder_.string(), folder_.string())},
                               .log_path = folder_ / "nginx.log",
                               .core = options_.pin ? server_core : -1});
    if (!child) return std::unexpected(child.error());
    nginx_ = std::move(*child);
    return wait_for_port(*nginx_, nginx_at_, "nginx", 10);
  }

  ServedBroker::Spec broker_spec(Kept kept) const {
    ServedBroker::Spec spec{.binary = options_.broker, .log_path = folder_ / "broker.log"};
    spec.core = options_.pin ? server_core : -1;
    if (kept != Kept::memory) spec.data_dir = folder_ / "data";
    if (kept == Kept::os) spec.durability = "os";
    return spec;
  }

  // A new broker in memory, measured until its first put.
  Result<ServedBroker> start_first() {
    const auto begin = Clock::now();
    auto broker = ServedBroker::start(broker_spec(Kept::memory));
    if (!broker) return broker;
    auto stream = TemporaryStream::create(broker->endpoint(), "start", 1);
    if (!stream) return std::unexpected(stream.error());
    auto control = Control::open(broker->endpoint());
    if (!control) return std::unexpected(control.error());
    const auto put =
        control->call("PutRecord", Encoding::json,
                      put_record_body(Encoding::json, (*stream)->name(), {random_bytes(100), random_key()}));
    if (!put) return std::unexpected(put.error());
    samples_["start"].push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    if (const auto removed = (*stream)->remove(); !removed) return std::unexpected(removed.error());
    return broker;
  }

  Result<void> measure_idle(const ServedBroker& broker) {
    constexpr double seconds = 2;
    const auto before = cpu_time(broker.pid());
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    const auto after = cpu_time(broker.pid());
    const auto memory = resident_bytes(broker.pid());
    if (!before || !after || !memory) return std::unexpected(std::string("the idle broker is gone"));
    samples_["idle_cpu"].push_back(static_cast<double>(after->total_ns - before->total_ns) / 1e9 / seconds * 100);
    samples_["idle_memory"].push_back(static_cast<double>(*memory) / (1024 * 1024));
    return {};
  }

  Result<Measurement> run_one(Options run) {
    run.seconds = 1.5;
    run.warm_up = 0.4;
    auto measured = run_workload(run);
    if (!measured) return std::unexpected(fmt::format("{}: {}", run.workload, measured.error()));
    runs_.push_back(json::parse(measured->as_json()));
    if (!measured->clean() && !options_.allow_errors) {
      return std::unexpected(fmt::format("{}: errors or throttles\n{}", run.workload, measured->as_table()));
    }
    return measured;
  }

  Result<void> run_unit() {
    Options run;
    run.workload = "echo";
    run.endpoint = nginx_at_;
    run.server = nginx_->pid();
    const auto measured = run_one(run);
    if (!measured) return std::unexpected(measured.error());
    samples_["e"].push_back(measured->server_us_per_request());
    return {};
  }

  Result<void> run_row(const Row& row, const ServedBroker& broker) {
    Options run;
    run.workload = row.workload;
    run.endpoint = broker.endpoint();
    run.server = broker.pid();
    run.connections = row.connections;
    run.records = row.records;
    run.bytes = row.bytes;
    run.shards = row.shards;
    run.encoding = row.encoding;
    const auto measured = run_one(run);
    if (!measured) return std::unexpected(measured.error());
    add_cpu(row.key, *measured);
    if (row.key == "puts_1k_sync") {
      samples_["written"].push_back(static_cast<double>(measured->server_written_bytes) /
                                    static_cast<double>(measured->tally.records * row.bytes));
    }
    return {};
  }

  void add_cpu(std::string_view key, const Measurement& measured) {
    samples_[std::string(key)].push_back(measured.server_us_per_record());
    rates_[std::string(key)].push_back(static_cast<double>(measured.tally.records) / measured.seconds);
  }

  Result<void> run_visible_row(const ServedBroker& broker) {
    Options run;
    run.workload = "visible";
    run.endpoint = broker.endpoint();
    run.server = broker.pid();
    const auto measured = run_one(run);
    if (!measured) return std::unexpected(measured.error());
    samples_["visible"].push_back(static_cast<double>(measured->tally.latency.quantile(0.99)) / 1e6);
    return {};
  }

  Result<void> run_rows(Kept kept, const ServedBroker& broker) {
    for (const Row& row : rows) {
      if (row.workload.empty() || row.kept != kept) continue;
      if (const auto done = run_row(row, broker); !done) return done;
    }
    return {};
  }

  static Result<void> stop(ServedBroker& broker) {
    if (const auto stopped = broker.stop(); !stopped) return std::unexpected("the broker: " + stopped.error());
    return {};
  }

  Result<void> run_round() {
    auto broker = start_first();
    if (!broker) return std::unexpected(broker.error());
    if (const auto idle = measure_idle(*broker); !idle) return idle;
    if (const auto unit = run_unit(); !unit) return unit;
    if (const auto done = run_rows(Kept::memory, *broker); !done) return done;
    if (const auto done = run_visible_row(*broker); !done) return done;
    if (const auto stopped = stop(*broker); !stopped) return stopped;
    for (const Kept kept : {Kept::sync, Kept::os}) {
      if (const auto done = run_on_disk(kept); !done) return done;
    }
    const auto starts = measure_starts(options_.broker, folder_);
    if (!starts) return std::unexpected(starts.error());
    samples_["start_clean"].push_back(starts->clean_ms);
    samples_["start_killed"].push_back(starts->killed_ms);
    return {};
  }

  Result<void> run_on_disk(Kept kept) {
    const auto spec = broker_spec(kept);
    std::filesystem::remove_all(spec.data_dir);
    auto broker = ServedBroker::start(spec);
    if (!broker) return std::unexpected(broker.error());
    if (const auto done = run_rows(kept, *broker); !done) return done;
    if (kept == Kept::sync) {
      if (const auto done = run_put_latency(*broker); !done) return done;
      if (const auto done = run_get_from_page_cache(std::move(*broker)); !done) return done;
    } else if (const auto stopped = stop(*broker); !stopped) {
      return stopped;
    }
    std::filesystem::remove_all(spec.data_dir);
    return {};
  }

  // One put at a time, and beside it what the disk needs for nothing but the write and the sync.
  Result<void> run_put_latency(const ServedBroker& broker) {
    Options run;
    run.workload = "put";
    run.endpoint = broker.endpoint();
    run.server = broker.pid();
    run.connections = 1;
    const auto measured = run_one(run);
    if (!measured) return std::unexpected(measured.error());
    const auto bare = bare_sync_us(folder_, small_run_bytes, 1, round_trip);
    if (!bare) return std::unexpected(bare.error());
    const auto without_pause = bare_sync_us(folder_, small_run_bytes, 1, std::chrono::microseconds(0));
    if (!without_pause) return std::unexpected(without_pause.error());
    const double put_us = static_cast<double>(measured->tally.latency.quantile(0.5)) / 1e3;
    fmt::print(
        stderr,
        "put p50 {:.0f} us; a bare write and sync at the pace of such puts {:.0f} us, without a pause {:.0f} us\n",
        put_us, *bare, *without_pause);
    samples_["put_latency"].push_back(put_us / *bare);
    return {};
  }

  // A broker that has started anew has nothing in its tail cache, and the system has all of what was just written.
  Result<void> run_get_from_page_cache(ServedBroker broker) {
    Options run;
    run.workload = "get";
    run.connections = 4;
    run.records = 1000;
    run.bytes = 1024;
    run.seconds = 1.5;
    run.warm_up = 0.4;
    auto stream = TemporaryStream::create(broker.endpoint(), "get", 4);
    if (!stream) return std::unexpected(stream.error());
    if (const auto filled = (*stream)->fill(run.records, run.bytes); !filled) return filled;
    std::vector<std::string> iterators;
    for (std::uint32_t shard = 0; shard < (*stream)->shards(); ++shard) {
      auto iterator = (*stream)->iterator(shard, "TRIM_HORIZON");
      if (!iterator) return std::unexpected(iterator.error());
      iterators.push_back(std::move(*iterator));
    }
    auto spec = broker_spec(Kept::sync);
    spec.port = broker.endpoint().port;
    if (const auto stopped = stop(broker); !stopped) return stopped;
    auto again = ServedBroker::start(spec);
    if (!again) return std::unexpected(again.error());
    run.endpoint = again->endpoint();
    run.server = again->pid();
    const auto measured = run_gets_at(run, iterators);
    if (!measured) return std::unexpected("get from the page cache: " + measured.error());
    runs_.push_back(json::parse(measured->as_json()));
    if (!measured->clean()) return std::unexpected("get from the page cache:\n" + measured->as_table());
    add_cpu("get_disk", *measured);
    if (const auto removed = (*stream)->remove(); !removed) return std::unexpected(removed.error());
    return stop(*again);
  }

  Result<void> run_cold() {
    const auto reads = measure_cold_reads(options_.broker, folder_, cold_bytes);
    if (!reads) return std::unexpected("reads from cold: " + reads.error());
    fmt::print(stderr, "writers' p99 {:.2f} ms, beside the reader {:.2f} ms\n", reads->baseline_p99_ms,
               reads->writers_p99_ms);
    samples_["cold"].push_back(reads->mb_per_second);
    samples_["cold_read"].push_back(reads->read_per_byte);
    samples_["cold_writers"].push_back(reads->writers_p99_ms / reads->baseline_p99_ms);
    return {};
  }

  Result<bool> report() {
    const double e = median(samples_["e"]);
    fmt::print("E = {:.2f} us of nginx' CPU (", e);
    for (const double value : samples_["e"])
      fmt::print(" {:.2f}", value);
    fmt::print(" )\n{:<44} {:>10} {:>10} {:>8} {:>8}  {}\n", "median of " + std::to_string(options_.rounds), "us CPU",
               "records/s", "figure", "mark", "reached");
    bool all = true;
    json figures = json::array();
    for (const Row& row : rows) {
      const std::string key(row.key);
      const double value = median(samples_[key]);
      const double figure = row.unit == Unit::e ? value / e : value;
      const bool reached = is_at_least(row) ? figure >= row.mark : figure <= row.mark;
      all = all && reached;
      fmt::print("{:<44} {:>10} {:>10} {:>8.3f} {:>8} {:<4} {}\n", row.title,
                 row.unit == Unit::e ? fmt::format("{:.3f}", value) : "",
                 row.unit == Unit::e ? fmt::format("{:.0f}", median(rates_[key])) : "", figure, row.mark,
                 unit_name(row.unit), reached ? "yes" : "NO");
      figures.push_back({{"key", key},
                         {"title", row.title},
                         {"unit", unit_name(row.unit)},
                         {"figure", figure},
                         {"mark", row.mark},
                         {"reached", reached},
                         {"samples", samples_[key]},
                         {"records_per_second", rates_[key]}});
    }
    const std::filesystem::path path = folder_ / "quick.json";
    std::ofstream(path) << json{{"e_us", e}, {"e_samples", samples_["e"]}, {"figures", figures}, {"runs", runs_}}.dump(
                               2)
                        << '\n';
    fmt::print("all runs: {}\n", path.string());
    return all;
  }

  const Options& options_;
  const std::filesystem::path folder_;
  std::unique_ptr<Child> nginx_;
  Endpoint nginx_at_;
  std::map<std::string, std::vector<double>> samples_;
  std::map<std::string, std::vector<double>> rates_;
  json runs_ = json::array();
};

}  // namespace

Result<bool> run_suite(const Options& options) {
  if (options.broker.empty() || options.nginx.empty()) {
    return std::unexpected(std::string("quick needs --broker and --nginx"));
  }
  return Suite(options).run();
}

}  // namespace millrace::bench
