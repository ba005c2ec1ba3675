#include "bench/broker.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <utility>
#include <vector>

namespace millrace::bench {
namespace {

using Clock = std::chrono::steady_clock;

// A folder of many gigabytes that was left by a kill is recovered before the broker listens.
constexpr double start_seconds_max = 60;

}  // namespace

Result<void> wait_for_port(Child& child, const Endpoint& endpoint, std::string_view name, double seconds) {
  const auto limit = Clock::now() + std::chrono::duration<double>(seconds);
  while (!Connection::open(endpoint)) {
    if (!child.running()) return std::unexpected(fmt::format("{} ended at once: see its log", name));
    if (Clock::now() > limit) return std::unexpected(fmt::format("{} does not listen after {} s", name, seconds));
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return {};
}

Result<ServedBroker> ServedBroker::start(const Spec& spec) {
  Endpoint endpoint;
  endpoint.port = spec.port;
  if (spec.port == 0) {
    const auto port = free_port();
    if (!port) return std::unexpected(port.error());
    endpoint.port = *port;
  }
  std::vector<std::string> command = {
      spec.binary,      "serve",    "--host",     "127.0.0.1",   "--port",       std::to_string(endpoint.port),
      "--engine",       "embedded", "--data-dir", spec.data_dir, "--durability", spec.durability,
      "--disk-reserve", "0"};
  if (spec.data_dir.empty()) {
    command = {spec.binary, "serve", "--host", "127.0.0.1", "--port", std::to_string(endpoint.port),
               "--engine",  "memory"};
  }
  const auto begin = Clock::now();
  auto child = Child::start({.command = std::move(command), .log_path = spec.log_path, .core = spec.core});
  if (!child) return std::unexpected(child.error());
  if (const auto open = wait_for_port(**child, endpoint, "the broker", start_seconds_max); !open) {
    return std::unexpected(fmt::format("{} ({})", open.error(), spec.log_path));
  }
  ServedBroker broker(std::move(*child), endpoint);
  broker.start_ms_ = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  return broker;
}

}  // namespace millrace::bench
