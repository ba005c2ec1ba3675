// Many gigabytes through a data folder whose records expire after seconds: what the folder takes on the disk and the
// engine in memory, sampled each second, as CSV on standard output. `scripts/bench retention` draws it.
//
// usage: retention FOLDER [GIB [SECONDS_KEPT]]
#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/memory_budget.h"
#include "bench/process.h"
#include "io/clock.h"
#include "io/random.h"
#include "io/system.h"
#include "log/block.h"
#include "log/engine.h"
#include "log/rocksdb/rocksdb_index.h"
#include "log/segment/embedded_engine.h"
#include "log/segment/folder.h"

#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace millrace;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t logs = 16;
constexpr std::size_t record_bytes = 1'000;
constexpr std::size_t records_a_block = 128;
constexpr std::size_t block_bytes = records_a_block * (record_bytes + 9);
constexpr std::size_t in_flight_max = 32;  // blocks
// Half a minute where records are kept for a day or more. It is shortened with the retention: space comes back then,
// and in half a minute all that is retained here would have expired.
constexpr std::chrono::seconds index_interval{1};
// Steady, so that what is retained is, too; most disks can do more.
constexpr std::size_t bytes_a_second = std::size_t{100} << 20;
constexpr std::size_t memory_max = std::size_t{512} << 20;

// What all files of a folder take, holes left out.
std::uint64_t disk_bytes(const std::string& folder) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, ignored)) {
    struct stat about{};
    if (stat(entry.path().c_str(), &about) == 0 && S_ISREG(about.st_mode)) {
      bytes += static_cast<std::uint64_t>(about.st_blocks) * 512;
    }
  }
  return bytes;
}

// The outcome of a call of the engine.
template <class T, class Start>
base::Result<T> await(Start start) {
  std::promise<base::Result<T>> told;
  start([&told](base::Result<T> outcome) { told.set_value(std::move(outcome)); });
  return told.get_future().get();
}

class Run {
 public:
  Run(std::string folder, std::uint64_t bytes, std::chrono::seconds kept)
      : folder_(std::move(folder)), bytes_wanted_(bytes), kept_(kept) {}

  base::Result<void> run() {
    std::filesystem::remove_all(folder_);
    if (auto opened = open(); !opened) return opened;
    std::vector<std::unique_ptr<log::Writer>> writers;
    for (std::uint32_t i = 0; i < logs; ++i) {
      const log::LogId id{.stream_uid = 1, .shard_no = i};
      const auto created = await<void>([&](auto done) {
        engine_->create(id, {.retention = kept_, .record_bytes_max = std::size_t{1} << 20}, std::move(done));
      });
      if (!created) return created;
      auto writer = await<std::unique_ptr<log::Writer>>(
          [&](auto done) { engine_->acquire(id, log::Epoch{1}, *answers_, std::move(done)); });
      if (!writer) return base::fail(writer.error());
      writers.push_back(std::move(*writer));
    }
    std::puts("seconds,written_bytes,retained_bytes,disk_bytes,resident_bytes");
    std::atomic<bool> over{false};
    std::jthread sampler([&] { sample(over); });
    const auto begin = Clock::now();
    for (std::size_t i = 0; written_ < bytes_wanted_ && !has_failed(); ++i) {
      std::this_thread::sleep_until(begin + std::chrono::microseconds(i * block_bytes * 1'000'000 / bytes_a_second));
      append(*writers[i % writers.size()]);
    }
    wait_for_room(0);
    over.store(true);
    sampler.join();
    writers.clear();
    if (auto stopped = await<void>([&](auto done) { engine_->stop(std::move(done)); }); !stopped) return stopped;
    for (const auto& loop : loops_)
      loop->stop();
    engine_.reset();
    std::filesystem::remove_all(folder_);
    return failed_ ? base::fail(*failed_) : base::Result<void>{};
  }

 private:
  bool has_failed() {
    const std::lock_guard lock(mutex_);
    return failed_.has_value();
  }

  io::Loop* start_loop(std::string name) {
    loops_.push_back(io::start_thread_loop(std::move(name)));
    return loops_.back().get();
  }

  base::Result<void> open() {
    auto folder = log::segment::Folder::open(folder_, *files_, random_);
    if (!folder) return base::fail(folder.error());
    const std::size_t share = budget_.max(base::MemoryShare::index);
    auto index = log::rocksdb::open_rocksdb_index(
        {.folder = folder_ + "/index", .block_cache_bytes = share / 2, .memtable_bytes = share / 2});
    if (!index) return base::fail(index.error());
    answers_ = start_loop("answers");
    const log::segment::EngineLoops loops{.commit = start_loop("commit"),
                                          .sync = start_loop("sync"),
                                          .index = start_loop("index"),
                                          .readers = {start_loop("read")}};
    log::segment::EmbeddedOptions options;
    options.disk_reserve = 0;
    options.index_flush_interval = index_interval;
    auto opened = log::segment::open_embedded_engine(options, loops, *files_, std::move(*folder), std::move(*index),
                                                     budget_, wall_, steady_, random_);
    if (!opened) return base::fail(opened.error());
    engine_ = std::move(opened->engine);
    return {};
  }

  void append(log::Writer& writer) {
    wait_for_room(in_flight_max - 1);
    const std::size_t payload = records_a_block * log::BlockBuilder::encoded_size(record_bytes, 1, false);
    auto builder = log::BlockBuilder::forced(&budget_, payload);
    for (std::size_t i = 0; i < records_a_block; ++i)
      std::memset(builder.add("k", std::nullopt, record_bytes), static_cast<int>(i), record_bytes);
    log::Block block = builder.finish();
    block.set_arrival_ms(std::max(wall_.now_ms(), writer.last_arrival_ms()));
    {
      const std::lock_guard lock(mutex_);
      ++in_flight_;
    }
    writer.append(std::move(block), [this, payload](const base::Result<log::Appended>& outcome) {
      const std::lock_guard lock(mutex_);
      --in_flight_;
      if (outcome) {
        written_ += payload;
      } else if (outcome.error().code != base::Errc::full && !failed_) {
        failed_ = outcome.error();
      }
      room_.notify_one();
    });
  }

  void wait_for_room(std::size_t left) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return in_flight_ <= left; });
  }

  void sample(const std::atomic<bool>& over) {
    const auto begin = Clock::now();
    // What was written at each second, as far back as records are kept.
    std::deque<std::uint64_t> history;
    for (std::uint64_t second = 0; !over.load(); ++second) {
      std::this_thread::sleep_until(begin + std::chrono::seconds(second));
      const std::uint64_t written = written_.load();
      history.push_back(written);
      if (history.size() > static_cast<std::size_t>(kept_.count()) + 1) history.pop_front();
      fmt::print("{},{},{},{},{}\n", second, written, written - history.front(), disk_bytes(folder_),
                 bench::resident_bytes(getpid()).value_or(0));
      std::fflush(stdout);
    }
  }

  const std::string folder_;
  const std::uint64_t bytes_wanted_;
  const std::chrono::seconds kept_;
  const std::unique_ptr<io::FileSystem> files_ = io::system_files();
  io::SystemRandom random_;
  io::SystemWallClock wall_;
  io::SystemSteadyClock steady_;
  base::MemoryBudget budget_{memory_max};
  std::vector<std::unique_ptr<io::ThreadLoop>> loops_;
  io::Loop* answers_ = nullptr;
  std::unique_ptr<log::Engine> engine_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::size_t in_flight_ = 0;
  std::atomic<std::uint64_t> written_{0};
  std::optional<base::Error> failed_;
};

std::uint64_t number(const char* text, std::uint64_t fallback) {
  if (text == nullptr) return fallback;
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text, text + std::strlen(text), value);
  return parsed.ec == std::errc() && value > 0 ? value : fallback;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: retention FOLDER [GIB [SECONDS_KEPT]]\n", stderr);
    return 2;
  }
  base::prepare_allocator();
  const std::uint64_t gib = number(argc > 2 ? argv[2] : nullptr, 20);
  const std::uint64_t kept = number(argc > 3 ? argv[3] : nullptr, 15);
  const auto done =
      Run(std::string(argv[1]) + "/retention-data", gib << 30, std::chrono::seconds(static_cast<std::int64_t>(kept)))
          .run();
  if (done) return 0;
  std::fputs(fmt::format("retention: {}\n", base::describe(done.error())).c_str(), stderr);
  return 1;
}
