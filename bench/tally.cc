#include "bench/tally.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace millrace::bench {
namespace {

double ratio(double value, std::uint64_t count) {
  return count == 0 ? 0 : value / static_cast<double>(count);
}

double microseconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1000;
}

nlohmann::json json_of(const Histogram& latency) {
  return {{"count", latency.count()},
          {"p50", microseconds(latency.quantile(0.5))},
          {"p90", microseconds(latency.quantile(0.9))},
          {"p99", microseconds(latency.quantile(0.99))},
          {"p99.9", microseconds(latency.quantile(0.999))},
          {"max", microseconds(latency.max())}};
}

std::string line_of(std::string_view name, const Histogram& latency) {
  return fmt::format("{:<24} p50 {:.1f}  p90 {:.1f}  p99 {:.1f}  p99.9 {:.1f}  max {:.1f} us\n", name,
                     microseconds(latency.quantile(0.5)), microseconds(latency.quantile(0.9)),
                     microseconds(latency.quantile(0.99)), microseconds(latency.quantile(0.999)),
                     microseconds(latency.max()));
}

// The share of the CPU time that was spent in user mode, from the ticks of the window.
double user_share(const CpuTime& before, const CpuTime& after) {
  const auto user = static_cast<double>(after.user_ticks - before.user_ticks);
  const auto system = static_cast<double>(after.system_ticks - before.system_ticks);
  return user + system == 0 ? 0 : user / (user + system);
}

}  // namespace

void Tally::add_error(std::string_view type, std::uint64_t count) {
  const bool throttle = type == "ProvisionedThroughputExceededException" || type == "LimitExceededException";
  (throttle ? throttles : errors)[std::string(type)] += count;
}

void Tally::add_refusal(Encoding encoding, const Answer& answer) {
  const auto type = text_member(encoding, answer.body, "__type");
  // Some servers write the type as prefix#Name.
  add_error(type ? std::string(type->substr(type->rfind('#') + 1)) : fmt::format("HTTP {}", answer.status));
}

void Tally::merge(const Tally& other) {
  requests += other.requests;
  records += other.records;
  for (const auto& [type, count] : other.errors)
    errors[type] += count;
  for (const auto& [type, count] : other.throttles)
    throttles[type] += count;
  latency.merge(other.latency);
}

double Measurement::server_us() const {
  return microseconds(server_after.total_ns - server_before.total_ns);
}

double Measurement::server_us_per_record() const {
  return ratio(server_us(), tally.records);
}

double Measurement::server_us_per_request() const {
  return ratio(server_us(), tally.requests);
}

std::string Measurement::as_json() const {
  nlohmann::json result = {{"workload", options.workload},
                           {"endpoint", fmt::format("{}:{}", options.endpoint.host, options.endpoint.port)},
                           {"connections", options.connections},
                           {"threads", options.threads},
                           {"records_per_request", options.records},
                           {"bytes_per_record", options.bytes},
                           {"shards", options.shards},
                           {"encoding", options.encoding == Encoding::json ? "json" : "cbor"},
                           {"sign", options.sign_each ? "real" : "once"},
                           {"seconds", seconds},
                           {"requests", tally.requests},
                           {"records", tally.records},
                           {"requests_per_second", static_cast<double>(tally.requests) / seconds},
                           {"records_per_second", static_cast<double>(tally.records) / seconds},
                           {"errors", tally.errors},
                           {"throttles", tally.throttles},
                           {"latency_us", json_of(tally.latency)},
                           {"generator_cpu_us_per_request", ratio(generator_cpu_us, tally.requests)}};
  for (const auto& [name, latency] : further)
    result[name + "_us"] = json_of(latency);
  if (server_counted) {
    const double user = user_share(server_before, server_after);
    result["server_cpu_us"] = {{"per_request", server_us_per_request()},
                               {"per_record", server_us_per_record()},
                               {"user_per_record", server_us_per_record() * user},
                               {"system_per_record", server_us_per_record() * (1 - user)},
                               {"cores_busy", server_us() / 1e6 / seconds}};
  }
  return result.dump(2);
}

std::string Measurement::as_table() const {
  std::string text =
      fmt::format("{}, {} connections, {} records of {} bytes a request, {} shards, {}, signed {}\n", options.workload,
                  options.connections, options.records, options.bytes, options.shards,
                  options.encoding == Encoding::json ? "JSON" : "CBOR", options.sign_each ? "each" : "once");
  text += fmt::format("{:<24} {:.2f} s\n", "window", seconds);
  text +=
      fmt::format("{:<24} {} ({:.0f}/s)\n", "requests", tally.requests, static_cast<double>(tally.requests) / seconds);
  text += fmt::format("{:<24} {} ({:.0f}/s)\n", "records", tally.records, static_cast<double>(tally.records) / seconds);
  text += line_of("latency", tally.latency);
  for (const auto& [name, latency] : further)
    text += line_of(name, latency);
  if (server_counted) {
    text += fmt::format("{:<24} {:.3f} us a record, {:.2f} us a request, {:.0f} % user, {:.2f} cores\n", "server CPU",
                        server_us_per_record(), server_us_per_request(), 100 * user_share(server_before, server_after),
                        server_us() / 1e6 / seconds);
  }
  text += fmt::format("{:<24} {:.2f} us a request\n", "generator CPU", ratio(generator_cpu_us, tally.requests));
  for (const auto& [type, count] : tally.throttles)
    text += fmt::format("THROTTLE {:<24} {}\n", type, count);
  for (const auto& [type, count] : tally.errors)
    text += fmt::format("ERROR {:<24} {}\n", type, count);
  return text;
}

}  // namespace millrace::bench
