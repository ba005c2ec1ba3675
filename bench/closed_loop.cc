#include "bench/closed_loop.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <semaphore>
#include <thread>
#include <vector>

namespace millrace::bench {
namespace {

using Clock = std::chrono::steady_clock;

enum class Phase { warm_up, measured, over };

// What the threads of one run share.
struct Shared {
  std::atomic<Phase> phase = Phase::warm_up;
  std::atomic<std::uint64_t> measured_requests = 0;
  std::uint64_t requests_wanted = 0;
  std::counting_semaphore<> enough{0};  // released once when the wanted requests are there, or a thread gives up
};

// One thread's side of the run.
class Loop {
 public:
  Loop(const Options& options, Shared& shared, std::unique_ptr<Traffic> traffic)
      : options_(options), shared_(shared), traffic_(std::move(traffic)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() { close(epoll_); }

  Result<void> connect(std::uint32_t connections) {
    for (std::uint32_t i = 0; i < connections; ++i) {
      auto connection = Connection::open(options_.endpoint);
      if (!connection) return std::unexpected(connection.error());
      sides_.push_back(Side{.connection = std::move(*connection), .started = {}, .waits_for = EPOLLIN});
      epoll_event event{.events = EPOLLIN, .data = {.u32 = i}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, sides_[i].connection.fd(), &event);
    }
    return {};
  }

  void run() {
    for (std::uint32_t i = 0; i < sides_.size(); ++i)
      start(i);
    std::array<epoll_event, 64> events;
    while (shared_.phase.load(std::memory_order_relaxed) != Phase::over && failure_.empty()) {
      // The limit lets the thread see the end of the run where the server stalls.
      const int ready = epoll_wait(epoll_, events.data(), events.size(), 50);
      for (int i = 0; i < ready && failure_.empty(); ++i)
        advance(events[static_cast<std::size_t>(i)].data.u32);
    }
    if (!failure_.empty()) shared_.enough.release();
  }

  const Tally& tally() const { return tally_; }
  const std::string& failure() const { return failure_; }

 private:
  struct Side {
    Connection connection;
    Clock::time_point started;
    std::uint32_t waits_for;
  };

  void start(std::uint32_t index) {
    Side& side = sides_[index];
    const std::string_view request = traffic_->next(index);
    side.started = Clock::now();
    side.connection.start(request);
    advance(index);
  }

  void advance(std::uint32_t index) {
    Side& side = sides_[index];
    const auto progress = side.connection.advance();
    if (!progress) return reopen(index, progress.error());
    if (*progress == Connection::Progress::answered) {
      count(index);
      return start(index);
    }
    wait_for(index, *progress == Connection::Progress::wants_write ? EPOLLOUT : EPOLLIN);
  }

  void wait_for(std::uint32_t index, std::uint32_t what) {
    Side& side = sides_[index];
    if (side.waits_for == what) return;
    side.waits_for = what;
    epoll_event event{.events = what, .data = {.u32 = index}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, side.connection.fd(), &event);
  }

  void count(std::uint32_t index) {
    const Side& side = sides_[index];
    if (shared_.phase.load(std::memory_order_relaxed) != Phase::measured) return;
    const auto latency = Clock::now() - side.started;
    tally_.latency.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(latency).count()));
    ++tally_.requests;
    traffic_->judge(index, side.connection.answer(), tally_);
    if (shared_.requests_wanted == 0) return;
    if (shared_.measured_requests.fetch_add(1, std::memory_order_relaxed) + 1 == shared_.requests_wanted) {
      shared_.phase = Phase::over;
      shared_.enough.release();
    }
  }

  // A connection that breaks is an error to report, not the end of the run, as long as a new one can be had.
  void reopen(std::uint32_t index, const std::string& reason) {
    tally_.add_error(reason);
    auto connection = Connection::open(options_.endpoint);
    if (!connection) {
      failure_ = fmt::format("{}; then {}", reason, connection.error());
      return;
    }
    Side& side = sides_[index];
    side.connection = std::move(*connection);
    side.waits_for = EPOLLIN;
    epoll_event event{.events = EPOLLIN, .data = {.u32 = index}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, side.connection.fd(), &event);
    start(index);
  }

  const Options& options_;
  Shared& shared_;
  std::unique_ptr<Traffic> traffic_;
  int epoll_;
  std::vector<Side> sides_;
  Tally tally_;
  std::string failure_;
};

Result<CpuTime> server_cpu(const Options& options) {
  if (options.server == 0) return CpuTime{};
  return cpu_time(options.server);
}

Result<IoBytes> server_io(const Options& options) {
  if (options.server == 0) return IoBytes{};
  return io_bytes(options.server);
}

Result<void> measure(const Options& options, Shared& shared, Measurement& result) {
  const auto seconds = [](double value) { return std::chrono::duration<double>(value); };
  // Only a thread that gives up can end the warm-up early.
  if (shared.enough.try_acquire_for(seconds(options.warm_up))) return {};
  const auto before = server_cpu(options);
  if (!before) return std::unexpected(before.error());
  const auto io_before = server_io(options);
  if (!io_before) return std::unexpected(io_before.error());
  const double own_before = own_cpu_us();
  const auto started = Clock::now();
  shared.phase = Phase::measured;
  static_cast<void>(shared.enough.try_acquire_for(seconds(options.seconds)));
  shared.phase = Phase::over;
  result.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  result.generator_cpu_us = own_cpu_us() - own_before;
  const auto after = server_cpu(options);
  if (!after) return std::unexpected(after.error());
  const auto io_after = server_io(options);
  if (!io_after) return std::unexpected(io_after.error());
  result.server_written_bytes = io_after->written - io_before->written;
  result.server_counted = options.server != 0;
  result.server_before = *before;
  result.server_after = *after;
  return {};
}

}  // namespace

double own_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

Result<Measurement> run_closed_loop(const Options& options, const TrafficMaker& make_traffic) {
  Shared shared;
  shared.requests_wanted = options.requests;
  std::vector<std::unique_ptr<Loop>> loops;
  std::uint32_t first = 0;
  for (std::uint32_t i = 0; i < options.threads; ++i) {
    const std::uint32_t share = (options.connections - first) / (options.threads - i);
    loops.push_back(std::make_unique<Loop>(options, shared, make_traffic(first, share)));
    if (const auto connected = loops.back()->connect(share); !connected) return std::unexpected(connected.error());
    first += share;
  }

  Measurement result;
  result.options = options;
  Result<void> measured;
  {
    std::vector<std::jthread> threads;
    for (const auto& loop : loops)
      threads.emplace_back([&loop] { loop->run(); });
    measured = measure(options, shared, result);
    shared.phase = Phase::over;
  }
  if (!measured) return std::unexpected(measured.error());
  for (const auto& loop : loops) {
    if (!loop->failure().empty()) return std::unexpected(loop->failure());
    result.tally.merge(loop->tally());
  }
  return result;
}

}  // namespace millrace::bench
