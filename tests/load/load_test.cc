// Many writers and tailing readers against a broker: nothing lost, nothing twice, nothing missed at the tip, order by
// key kept.
//
// Usage: load_test (--broker PROGRAM [--data-dir PATH] | --endpoint HOST:PORT) [--records N]
//   --broker PROGRAM      starts the program on a free port and stops it at the end; it keeps records in memory
//   --data-dir PATH       it keeps them in that folder, which is removed before and after
//   --endpoint HOST:PORT  a broker that runs already
//   --records N           records of the first run (default 1,000,000); the others are a tenth and a fiftieth of it

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "broker.h"
#include "workload.h"

namespace millrace::load {

namespace {

struct Arguments {
  std::string broker;
  std::string data_dir;
  std::optional<Endpoint> endpoint;
  std::uint64_t records = 1'000'000;
};

template <typename Number>
bool parse(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  Endpoint endpoint;
  if (colon == std::string_view::npos || !parse(text.substr(colon + 1), endpoint.port)) {
    return std::nullopt;
  }
  endpoint.host = text.substr(0, colon);
  return endpoint;
}

std::optional<Arguments> parse_arguments(std::span<char*> words) {
  Arguments arguments;
  for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
    const std::string_view name = words[i];
    const std::string_view value = words[i + 1];
    if (name == "--broker") {
      arguments.broker = value;
    } else if (name == "--data-dir") {
      arguments.data_dir = value;
    } else if (name == "--endpoint") {
      arguments.endpoint = parse_endpoint(value);
    } else if (name != "--records" || !parse(value, arguments.records)) {
      return std::nullopt;
    }
  }
  const bool one_broker = arguments.broker.empty() == arguments.endpoint.has_value();
  return words.size() % 2 == 1 && one_broker ? std::optional(arguments) : std::nullopt;
}

std::vector<Workload> workloads(std::uint64_t records) {
  return {
      {.name = "10 writers, 8 shards, batches of 500", .writers = 10, .shards = 8, .batch = 500, .records = records},
      {.name = "2 writers, 1 shard, batches of 500", .writers = 2, .shards = 1, .batch = 500, .records = records / 10},
      {.name = "16 writers, 1 shard, batches of 500",
       .writers = 16,
       .shards = 1,
       .batch = 500,
       .records = records / 10},
      {.name = "2 writers, 1 shard, single puts", .writers = 2, .shards = 1, .batch = 1, .records = records / 50},
      {.name = "16 writers, 1 shard, single puts", .writers = 16, .shards = 1, .batch = 1, .records = records / 50},
  };
}

int run_all(const Arguments& arguments, const Endpoint& endpoint) {
  int passed = 0;
  int failed = 0;
  for (const Workload& workload : workloads(arguments.records)) {
    ++(run(workload, endpoint) ? passed : failed);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

int load_test(const Arguments& arguments) {
  if (arguments.endpoint) {
    return run_all(arguments, *arguments.endpoint);
  }
  std::error_code ignored;
  if (!arguments.data_dir.empty()) std::filesystem::remove_all(arguments.data_dir, ignored);
  auto broker = Broker::start(arguments.broker, arguments.data_dir);
  if (!broker) {
    std::fprintf(stderr, "load_test: %s\n", broker.error().c_str());
    return 1;
  }
  const int status = run_all(arguments, broker->endpoint());
  if (const auto stopped = broker->stop(); !stopped) {
    std::fprintf(stderr, "load_test: %s\n", stopped.error().c_str());
    return 1;
  }
  if (!arguments.data_dir.empty() && status == 0) std::filesystem::remove_all(arguments.data_dir, ignored);
  return status;
}

}  // namespace

}  // namespace millrace::load

int main(int count, char** words) {
  const auto arguments = millrace::load::parse_arguments({words, static_cast<std::size_t>(count)});
  if (!arguments) {
    std::fputs("usage: load_test (--broker PROGRAM [--data-dir PATH] | --endpoint HOST:PORT) [--records N]\n", stderr);
    return 2;
  }
  return millrace::load::load_test(*arguments);
}
