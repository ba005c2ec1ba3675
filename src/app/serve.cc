#include "app/serve.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>

#include "app/broker.h"
#include "app/example.h"
#include "app/machine.h"
#include "app/signals.h"
#include "app/units.h"
#include "app/version.h"
#include "base/log.h"
#include "base/memory_budget.h"
#include "io/clock.h"
#include "io/system.h"

namespace millrace::app {
namespace {

// A second signal sooner than this is taken for an echo of the first: a terminal sends one to every process of a group.
constexpr std::chrono::milliseconds echo_max{1'000};
// Time, beside what requests have, for the rest of the broker to end before the process does regardless.
constexpr std::chrono::milliseconds rest_max{2'000};
// The part of the shutdown time that is kept for ending the broker's own parts once no request is in flight: with full
// requests on 64 connections and a gigabyte of records it takes 0.4 s of a busy machine's two processors.
constexpr std::chrono::milliseconds parts_max{1'000};

// The one line of a start that fails, and what the process ends with.
int complain(const base::Error& error) {
  // fputs, since fmt::print throws where standard error is closed.
  std::fputs(fmt::format("millrace: {}\n", error.message).c_str(), stderr);
  return 1;
}

// Options of the embedded engine that somebody gave to a broker without it.
void warn_of_unused(const Configuration& configuration) {
  static constexpr std::array<std::string_view, 3> of_the_disk = {"data-dir", "durability", "disk-reserve"};
  for (const std::string_view name : given_names(configuration)) {
    if (std::ranges::find(of_the_disk, name) == of_the_disk.end()) continue;
    base::log::warn(fmt::format("the memory engine keeps nothing on disk: {} is unused", name));
  }
}

void tell_started(const Broker& broker, const Options& options) {
  const bool on_disk = options.engine != memory_engine;
  base::log::info("millrace is up", {{"version", std::string(version)},
                                     {"engine", options.engine},
                                     {"data_dir", on_disk ? options.data_dir : "none"},
                                     {"durability", on_disk ? std::string(name_of(options.durability)) : "none"},
                                     {"survives", std::string(broker.durability())},
                                     {"addresses", fmt::format("{}", fmt::join(broker.addresses(), ","))},
                                     {"threads", fmt::format("{}", broker.threads())},
                                     {"memory_max", show_size(options.memory_max)}});
  if (options.print_example) {
    std::fputs(aws_cli_example(endpoint_of(broker.addresses().front(), broker.port()), options.region).c_str(), stderr);
  }
  // Whoever started the process waits for exactly this line, so it is no line of the log.
  std::fputs("Ready.\n", stderr);
}

// Stops the broker on a thread of its own while this one listens for the signal that ends the waiting.
int stop(Broker& broker, const Options& options, Signals& signals) {
  const io::SystemSteadyClock clock;
  const std::int64_t asked_ms = clock.now_ms();
  base::log::info("stopping");
  std::atomic<bool> stopped{false};
  const auto stopper = io::start_thread_loop("stop");
  stopper->post([&] {
    broker.stop(std::max(options.shutdown_timeout - parts_max, options.shutdown_timeout / 2));
    stopped.store(true);
    signals.wake();
  });

  bool cut = false;
  while (!stopped.load()) {
    const std::int64_t left_ms = asked_ms + (options.shutdown_timeout + rest_max).count() - clock.now_ms();
    if (left_ms <= 0) {
      base::log::error("stopping takes too long; the process ends without it");
      _exit(1);
    }
    const bool again = signals.wait(std::chrono::milliseconds{left_ms});
    if (again && !cut && clock.now_ms() - asked_ms >= echo_max.count()) {
      cut = true;
      base::log::warn("asked again: requests in flight are cut");
      broker.cut();
    }
  }
  stopper->stop();
  base::log::info("stopped");
  return cut ? 1 : 0;
}

}  // namespace

int serve(const Configuration& configuration) {
  Signals signals;
  const Options& options = configuration.options;
  base::prepare_allocator();
  base::log::init(options.log_level, options.log_format);
  for (const std::string& warning : configuration.warnings)
    base::log::warn(warning);
  if (options.engine == memory_engine) warn_of_unused(configuration);

  const auto enough = raise_descriptor_limit(options.connections_max);
  if (!enough) {
    return complain(enough.error());
  }
  auto broker = Broker::start(options);
  if (!broker) {
    return complain(broker.error());
  }
  tell_started(**broker, options);
  signals.wait();
  return stop(**broker, options, signals);
}

}  // namespace millrace::app
