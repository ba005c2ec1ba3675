#include "bench/options.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>

namespace millrace::bench {
namespace {

template <class Number>
bool read_number(std::string_view text, Number& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc() && end == text.data() + text.size() && to >= Number{0};
}

struct Row {
  std::string_view name;
  std::string_view value;  // how the help names it; empty: a switch
  std::string_view help;
  bool (*set)(Options& options, std::string_view text);
};

constexpr std::array rows{
    Row{"--endpoint", "HOST:PORT", "the server (127.0.0.1:4567)",
        [](Options& options, std::string_view text) {
          const auto endpoint = parse_endpoint(text);
          if (endpoint) options.endpoint = *endpoint;
          return endpoint.has_value();
        }},
    Row{"--connections", "N", "kept-open connections, each with one request on its way (16)",
        [](Options& o, std::string_view text) { return read_number(text, o.connections) && o.connections > 0; }},
    Row{"--threads", "N", "threads of the generator (1)",
        [](Options& o, std::string_view text) { return read_number(text, o.threads) && o.threads > 0; }},
    Row{"--records", "N", "records a request, for puts and get (1)",
        [](Options& o, std::string_view text) { return read_number(text, o.records) && o.records > 0; }},
    Row{"--bytes", "N", "bytes of data a record (100)",
        [](Options& o, std::string_view text) { return read_number(text, o.bytes); }},
    Row{"--shards", "N", "shards of the stream (1)",
        [](Options& o, std::string_view text) { return read_number(text, o.shards) && o.shards > 0; }},
    Row{"--seconds", "S", "the measured window (5)",
        [](Options& o, std::string_view text) { return read_number(text, o.seconds) && o.seconds > 0; }},
    Row{"--warm-up", "S", "before the measured window (0.5)",
        [](Options& o, std::string_view text) { return read_number(text, o.warm_up); }},
    Row{"--requests", "N", "ends the measured window after so many requests, if that comes first",
        [](Options& o, std::string_view text) { return read_number(text, o.requests); }},
    Row{"--rate", "N", "records a second, for visible (1000)",
        [](Options& o, std::string_view text) { return read_number(text, o.rate) && o.rate > 0; }},
    Row{"--gib", "N", "GiB that the reader finds, for cold (4)",
        [](Options& o, std::string_view text) { return read_number(text, o.gib) && o.gib > 0; }},
    Row{"--pid", "PID", "the server's process: its CPU is counted",
        [](Options& o, std::string_view text) { return read_number(text, o.server); }},
    Row{"--sign", "real|once", "a new signature for each request, or one kept (real)",
        [](Options& o, std::string_view text) {
          o.sign_each = text == "real";
          return text == "real" || text == "once";
        }},
    Row{"--cbor", "", "bodies in CBOR",
        [](Options& o, std::string_view) {
          o.encoding = Encoding::cbor;
          return true;
        }},
    Row{"--json", "", "the result as JSON on standard output",
        [](Options& o, std::string_view) { return o.json = true; }},
    Row{"--allow-errors", "", "exit with 0 in spite of errors and throttles",
        [](Options& o, std::string_view) { return o.allow_errors = true; }},
    Row{"--broker", "PATH", "the millrace binary, for quick and cold",
        [](Options& o, std::string_view text) {
          o.broker = text;
          return !text.empty();
        }},
    Row{"--nginx", "PATH", "the nginx binary, for quick",
        [](Options& o, std::string_view text) {
          o.nginx = text;
          return !text.empty();
        }},
    Row{"--folder", "PATH", "where quick and cold keep logs, data and JSON (build/bench)",
        [](Options& o, std::string_view text) {
          o.folder = text;
          return !text.empty();
        }},
    Row{"--rounds", "N", "interleaved rounds of quick (3)",
        [](Options& o, std::string_view text) { return read_number(text, o.rounds) && o.rounds > 0; }},
    Row{"--pin", "", "for quick: servers on core 0, the generator on core 1",
        [](Options& o, std::string_view) { return o.pin = true; }},
    Row{"--strict", "", "for quick: exit with 1 when a mark is missed",
        [](Options& o, std::string_view) { return o.strict = true; }},
};

const Row* find(std::string_view name) {
  for (const Row& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& words) {
  Options options;
  if (words.empty() || words.front().starts_with("-")) return std::unexpected(std::string("which workload?"));
  options.workload = words.front();
  for (std::size_t i = 1; i < words.size(); ++i) {
    const Row* const row = find(words[i]);
    if (row == nullptr) return std::unexpected(fmt::format("unknown option '{}'", words[i]));
    std::string_view value;
    if (!row->value.empty()) {
      if (++i == words.size()) return std::unexpected(fmt::format("{} needs {}", row->name, row->value));
      value = words[i];
    }
    if (!row->set(options, value)) return std::unexpected(fmt::format("{} does not take '{}'", row->name, value));
  }
  if (options.threads > options.connections) return std::unexpected(std::string("more threads than connections"));
  return options;
}

std::string help() {
  std::string text =
      "usage: millrace-bench WORKLOAD [OPTIONS]\n\n"
      "  put      PutRecord, one record a request\n"
      "  puts     PutRecords, --records a request\n"
      "  get      GetRecords of --records a call, always the same page of a stream that is filled before\n"
      "  echo     signed PutRecord requests at any HTTP server\n"
      "  visible  a producer of --rate records a second, and a reader that polls the tip without pause\n"
      "  cold     a broker of its own with --gib on 64 shards, and a reader of all of it from the disk, beside "
      "writers\n"
      "  quick    all of them at a broker and at nginx, in turn, against the marks\n\n";
  for (const Row& row : rows)
    text += fmt::format("  {:<14} {:<10} {}\n", row.name, row.value, row.help);
  return text;
}

}  // namespace millrace::bench
