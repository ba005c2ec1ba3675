#include "bench/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

#include "bench/broker.h"
#include "bench/control.h"
#include "bench/histogram.h"
#include "bench/workloads.h"

namespace millrace::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t start_streams = 10;
constexpr std::uint32_t start_shards_a_stream = 1'000;
constexpr std::uint32_t cold_shards = 64;
constexpr std::uint32_t cold_records = 100;  // a request of the writers, of 1 KiB each
constexpr std::uint32_t cold_record_bytes = 1'024;
constexpr std::uint32_t cold_page_records = 1'000;  // that the reader asks for at a time
constexpr double cold_baseline_seconds = 4;
constexpr double cold_seconds_max = 120;

std::unexpected<std::string> system_error(std::string_view what) {
  return std::unexpected(fmt::format("{}: {}", what, std::strerror(errno)));
}

// An open file, closed at the end.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

ServedBroker::Spec spec_for(const std::string& binary, const std::string& folder, std::string_view log) {
  return {.binary = binary, .log_path = fmt::format("{}/{}.log", folder, log), .data_dir = folder + "/data"};
}

Options puts_options(const ServedBroker& broker, std::uint32_t connections, std::uint32_t records, double seconds) {
  Options options;
  options.workload = "puts";
  options.endpoint = broker.endpoint();
  options.server = broker.pid();
  options.connections = connections;
  options.records = records;
  options.bytes = cold_record_bytes;
  options.encoding = Encoding::cbor;
  options.seconds = seconds;
  options.warm_up = 0;
  return options;
}

Result<void> create_start_streams(const Endpoint& endpoint) {
  auto control = Control::open(endpoint);
  if (!control) return std::unexpected(control.error());
  for (std::uint32_t i = 0; i < start_streams; ++i) {
    const auto created =
        control->call("CreateStream", Encoding::json,
                      fmt::format(R"({{"ShardCount":{},"StreamName":"start-{}"}})", start_shards_a_stream, i));
    if (!created) return std::unexpected(created.error());
    // Some of the shards of each get records, as random keys choose them.
    for (int request = 0; request < 10; ++request) {
      std::vector<Entry> entries(500);
      for (Entry& entry : entries)
        entry = {random_bytes(100), random_key(), {}};
      const auto put = control->call("PutRecords", Encoding::json,
                                     put_records_body(Encoding::json, fmt::format("start-{}", i), entries));
      if (!put) return std::unexpected(put.error());
    }
  }
  return {};
}

// One consumer of all shards: a page of each in turn, as far as there is something left.
class ColdReader {
 public:
  static Result<ColdReader> open(const Endpoint& endpoint, std::vector<std::string> iterators) {
    auto control = Control::open(endpoint);
    if (!control) return std::unexpected(control.error());
    return ColdReader(std::move(*control), std::move(iterators));
  }

  // Reads until everything up to now is read, or `over` is set.
  Result<void> run(const std::atomic<bool>& over) {
    const auto begin = Clock::now();
    while (!over.load(std::memory_order_relaxed) && !iterators_.empty()) {
      for (std::size_t i = 0; i < iterators_.size() && !over.load(std::memory_order_relaxed);) {
        const auto more = read_page(iterators_[i]);
        if (!more) return std::unexpected(more.error());
        if (*more) {
          ++i;
        } else {
          iterators_.erase(iterators_.begin() + static_cast<std::ptrdiff_t>(i));
        }
      }
    }
    seconds_ = std::chrono::duration<double>(Clock::now() - begin).count();
    return {};
  }

  double seconds() const { return seconds_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  ColdReader(Control control, std::vector<std::string> iterators)
      : control_(std::move(control)), iterators_(std::move(iterators)) {}

  Result<bool> read_page(std::string& iterator) {
    const auto body =
        control_.call("GetRecords", Encoding::cbor, get_records_body(Encoding::cbor, iterator, cold_page_records));
    if (!body) return std::unexpected(body.error());
    bytes_ += count_members(Encoding::cbor, *body, "Data") * cold_record_bytes;
    const auto next = text_member(Encoding::cbor, *body, "NextShardIterator");
    if (!next) return std::unexpected(std::string("a page without its next iterator"));
    iterator = *next;
    return number_member(Encoding::cbor, *body, "MillisBehindLatest").value_or(0) > 0;
  }

  Control control_;
  std::vector<std::string> iterators_;
  std::uint64_t bytes_ = 0;
  double seconds_ = 0;
};

Result<void> fill(ServedBroker& broker, const std::string& stream, std::uint64_t bytes) {
  Options options = puts_options(broker, 8, 500, cold_seconds_max);
  options.requests = bytes / (std::uint64_t{options.records} * options.bytes);
  const auto filled = run_puts_into(options, stream);
  if (!filled) return std::unexpected(filled.error());
  if (!filled->clean()) return std::unexpected("the fill: " + filled->as_table());
  return {};
}

double p99_ms(const Measurement& measured) {
  return static_cast<double>(measured.tally.latency.quantile(0.99)) / 1e6;
}

// The stream's writers before and beside the reader.
Result<ColdReads> read_beside_writers(const ServedBroker& broker, const std::string& stream,
                                      std::vector<std::string> iterators) {
  // Paced by the disk: each waits for its sync.
  const auto baseline = run_puts_into(puts_options(broker, 2, cold_records, cold_baseline_seconds), stream);
  if (!baseline) return std::unexpected(baseline.error());
  auto reader = ColdReader::open(broker.endpoint(), std::move(iterators));
  if (!reader) return std::unexpected(reader.error());

  std::atomic<bool> over{false};
  Result<Measurement> beside = std::unexpected(std::string("not run"));
  Result<void> read;
  const auto before = io_bytes(broker.pid());
  {
    std::jthread reading([&] { read = reader->run(over); });
    beside = run_puts_into(puts_options(broker, 2, cold_records, 2 * cold_baseline_seconds), stream);
    over.store(true);
  }
  const auto after = io_bytes(broker.pid());
  if (!read) return std::unexpected(read.error());
  if (!beside) return std::unexpected(beside.error());
  if (!before || !after) return std::unexpected(std::string("the broker is gone"));
  if (!baseline->clean() || !beside->clean()) return std::unexpected("the writers: " + beside->as_table());
  const auto served = static_cast<double>(reader->bytes());
  return ColdReads{.mb_per_second = served / 1e6 / reader->seconds(),
                   .read_per_byte = static_cast<double>(after->read - before->read) / served,
                   .writers_p99_ms = p99_ms(*beside),
                   .baseline_p99_ms = p99_ms(*baseline)};
}

}  // namespace

Result<double> bare_sync_us(const std::string& folder, std::size_t bytes, double seconds,
                            std::chrono::microseconds pause) {
  // Else the system lets each pause last 50 us longer.
  prctl(PR_SET_TIMERSLACK, 1);
  const std::string path = folder + "/bare-sync";
  const Descriptor file(path, O_RDWR | O_CREAT | O_TRUNC);
  if (file.get() < 0) return system_error(path);
  constexpr off_t reserved = off_t{64} << 20;
  if (posix_fallocate(file.get(), 0, reserved) != 0 || fsync(file.get()) != 0) return system_error(path);
  const std::string piece = random_bytes(static_cast<std::uint32_t>(bytes));
  Histogram latency;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  for (off_t at = 0; Clock::now() < end; at += static_cast<off_t>(bytes)) {
    const auto begin = Clock::now();
    if (pwrite(file.get(), piece.data(), piece.size(), at % reserved) < 0) return system_error(path);
    if (fdatasync(file.get()) != 0) return system_error(path);
    latency.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(Clock::now() - begin).count()));
    if (pause.count() > 0) std::this_thread::sleep_for(pause);
  }
  unlink(path.c_str());
  return static_cast<double>(latency.quantile(0.5)) / 1e3;
}

Result<void> evict_segments(const std::string& data_dir) {
  for (const auto& entry : std::filesystem::directory_iterator(data_dir + "/segments")) {
    const Descriptor file(entry.path(), O_RDONLY);
    if (file.get() < 0) return system_error(entry.path().string());
    if (fsync(file.get()) != 0) return system_error(entry.path().string());
    if (posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED) != 0) return system_error(entry.path().string());
  }
  return {};
}

Result<StartTimes> measure_starts(const std::string& binary, const std::string& folder) {
  const auto spec = spec_for(binary, folder, "starts");
  std::filesystem::remove_all(spec.data_dir);
  StartTimes times;
  {
    auto broker = ServedBroker::start(spec);
    if (!broker) return std::unexpected(broker.error());
    if (const auto made = create_start_streams(broker->endpoint()); !made) return std::unexpected(made.error());
    if (const auto stopped = broker->stop(); !stopped) return std::unexpected("the broker: " + stopped.error());
  }
  auto clean = ServedBroker::start(spec);
  if (!clean) return std::unexpected(clean.error());
  times.clean_ms = clean->start_ms();

  // The generator's connections break with the broker, which is meant: what it then says does not count.
  std::jthread load([options = puts_options(*clean, 8, 500, 4)] {
    Options own = options;
    own.server = 0;
    static_cast<void>(run_puts_into(own, "start-0"));
  });
  std::this_thread::sleep_for(std::chrono::seconds(2));
  clean->end_by_kill();
  load.join();
  auto killed = ServedBroker::start(spec);
  if (!killed) return std::unexpected(killed.error());
  times.killed_ms = killed->start_ms();
  if (const auto stopped = killed->stop(); !stopped) return std::unexpected("the broker: " + stopped.error());
  std::filesystem::remove_all(spec.data_dir);
  return times;
}

Result<ColdReads> measure_cold_reads(const std::string& binary, const std::string& folder, std::uint64_t bytes) {
  auto spec = spec_for(binary, folder, "cold");
  std::filesystem::remove_all(spec.data_dir);
  std::optional<ServedBroker> broker;
  const auto restart = [&]() -> Result<void> {
    if (broker) {
      if (const auto stopped = broker->stop(); !stopped) return std::unexpected("the broker: " + stopped.error());
      spec.port = broker->endpoint().port;
    }
    auto started = ServedBroker::start(spec);
    if (!started) return std::unexpected(started.error());
    broker.emplace(std::move(*started));
    return {};
  };
  if (const auto started = restart(); !started) return std::unexpected(started.error());
  auto stream = TemporaryStream::create(broker->endpoint(), "cold", cold_shards);
  if (!stream) return std::unexpected(stream.error());
  if (const auto filled = fill(*broker, (*stream)->name(), bytes); !filled) return std::unexpected(filled.error());
  // They outlive the broker.
  std::vector<std::string> iterators;
  for (std::uint32_t shard = 0; shard < cold_shards; ++shard) {
    auto iterator = (*stream)->iterator(shard, "TRIM_HORIZON");
    if (!iterator) return std::unexpected(iterator.error());
    iterators.push_back(std::move(*iterator));
  }
  // A broker that has just started has nothing in its own memory.
  if (const auto started = restart(); !started) return std::unexpected(started.error());
  if (const auto evicted = evict_segments(spec.data_dir); !evicted) return std::unexpected(evicted.error());
  auto reads = read_beside_writers(*broker, (*stream)->name(), std::move(iterators));
  broker->end_by_kill();
  std::filesystem::remove_all(spec.data_dir);
  return reads;
}

}  // namespace millrace::bench
