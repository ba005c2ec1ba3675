#include "app/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "app/machine.h"
#include "app/units.h"
#include "base/memory_budget.h"
#include "model/arn.h"

namespace millrace::app {
namespace {

using base::Errc;
using base::Result;

template <auto member>
Result<void> text(Options& options, std::string_view value) {
  options.*member = std::string(value);
  return {};
}

template <auto member, std::uint64_t min, std::uint64_t max>
Result<void> whole(Options& options, std::string_view value) {
  const auto number = parse_whole(value, min, max);
  if (!number) return base::fail(number.error());
  options.*member = static_cast<std::remove_reference_t<decltype(options.*member)>>(*number);
  return {};
}

template <auto member, std::uint64_t min, std::uint64_t max>
Result<void> size(Options& options, std::string_view value) {
  const auto bytes = parse_size(value);
  if (!bytes) return base::fail(bytes.error());
  if (*bytes < min || *bytes > max) {
    return base::fail(Errc::bad_config, fmt::format("is not from {} to {}", show_size(min), show_size(max)));
  }
  options.*member = *bytes;
  return {};
}

template <auto member>
Result<void> duration(Options& options, std::string_view value) {
  const auto parsed = parse_duration(value);
  if (!parsed) return base::fail(parsed.error());
  if (*parsed > std::chrono::hours{1}) return base::fail(Errc::bad_config, "is over 1h");
  options.*member = *parsed;
  return {};
}

// A duration of its own, or none.
template <auto member>
Result<void> own_duration(Options& options, std::string_view value) {
  (options.*member).reset();
  if (value.empty()) return {};
  const auto parsed = parse_duration(value);
  if (!parsed) return base::fail(parsed.error());
  if (*parsed > std::chrono::hours{1}) return base::fail(Errc::bad_config, "is over 1h");
  options.*member = *parsed;
  return {};
}

template <auto member>
Result<void> on_or_off(Options& options, std::string_view value) {
  if (value != "true" && value != "false") return base::fail(Errc::bad_config, "is neither true nor false");
  options.*member = value == "true";
  return {};
}

// One of a few words, each with what it stands for.
template <class T, std::size_t n>
Result<T> choice(const std::array<std::pair<std::string_view, T>, n>& words, std::string_view value) {
  std::vector<std::string_view> names;
  for (const auto& [word, meaning] : words) {
    if (word == value) return meaning;
    names.push_back(word);
  }
  return base::fail(Errc::bad_config, fmt::format("is not one of {}", fmt::join(names, ", ")));
}

Result<void> hosts(Options& options, std::string_view value) {
  options.hosts.clear();
  while (true) {
    const std::size_t comma = value.find(',');
    const std::string_view host = value.substr(0, comma);
    // Whether it is an address is the system's to say; a name is refused here, since nothing is looked up.
    const bool is_v4 = host.find_first_not_of("0123456789.") == std::string_view::npos;
    const bool is_v6 =
        host.contains(':') && host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
    if (host.empty() || (!is_v4 && !is_v6)) {
      return base::fail(Errc::bad_config, "is not an IPv4 or IPv6 address, or several with commas between them");
    }
    options.hosts.emplace_back(host);
    if (comma == std::string_view::npos) return {};
    value.remove_prefix(comma + 1);
  }
}

Result<void> engine(Options& options, std::string_view value) {
  if (value != embedded_engine && value != memory_engine) {
    return base::fail(Errc::bad_config, fmt::format("is not an engine of this version, which has: {}, {}",
                                                    embedded_engine, memory_engine));
  }
  options.engine = std::string(value);
  return {};
}

Result<void> data_dir(Options& options, std::string_view value) {
  const bool is_given = !value.empty();
  while (value.ends_with('/'))
    value.remove_suffix(1);
  if (is_given && value.empty()) return base::fail(Errc::bad_config, "is the root of the file system");
  options.data_dir = std::string(value);
  return {};
}

using log::segment::Durability;
constexpr std::array<std::pair<std::string_view, Durability>, 2> durability_classes = {
    {{"sync", Durability::sync}, {"os", Durability::os}}};

Result<void> durability(Options& options, std::string_view value) {
  const auto chosen = choice(durability_classes, value);
  if (!chosen) return base::fail(chosen.error());
  options.durability = *chosen;
  return {};
}

std::string data_dir_of_caller(Environment environment) {
  return default_data_dir(environment, is_root());
}

Result<void> region(Options& options, std::string_view value) {
  if (!model::is_region(value)) return base::fail(Errc::bad_config, "is not a region's name such as us-east-1");
  options.region = std::string(value);
  return {};
}

Result<void> account_id(Options& options, std::string_view value) {
  if (!model::is_account(value)) return base::fail(Errc::bad_config, "is not an account number of 12 digits");
  options.account_id = std::string(value);
  return {};
}

Result<void> limits_profile(Options& options, std::string_view value) {
  const auto profile = limits::parse_profile(value);
  if (!profile) return base::fail(Errc::bad_config, "is not one of relaxed, strict");
  options.limits = *profile;
  return {};
}

Result<void> accounts(Options& options, std::string_view value) {
  options.accounts.clear();
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view pair = value.substr(0, comma);
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string_view::npos || !model::is_account(pair.substr(equals + 1))) {
      return base::fail(Errc::bad_config,
                        "is not KEY=ACCOUNT with an account number of 12 digits, or several with "
                        "commas between them");
    }
    const auto [known, is_new] = options.accounts.emplace(pair.substr(0, equals), pair.substr(equals + 1));
    if (!is_new && known->second != pair.substr(equals + 1)) {
      return base::fail(Errc::bad_config, fmt::format("gives the access key {} two accounts", known->first));
    }
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
  }
  return {};
}

Result<void> log_level(Options& options, std::string_view value) {
  using base::log::Level;
  static constexpr std::array<std::pair<std::string_view, Level>, 4> levels = {
      {{"debug", Level::debug}, {"info", Level::info}, {"warn", Level::warn}, {"error", Level::error}}};
  const auto level = choice(levels, value);
  if (!level) return base::fail(level.error());
  options.log_level = *level;
  return {};
}

Result<void> log_format(Options& options, std::string_view value) {
  using base::log::Format;
  static constexpr std::array<std::pair<std::string_view, Format>, 2> formats = {
      {{"text", Format::text}, {"json", Format::json}}};
  const auto format = choice(formats, value);
  if (!format) return base::fail(format.error());
  options.log_format = *format;
  return {};
}

constexpr std::uint64_t mib = 1ull << 20;

// The bounds keep the smallest broker able to take one full request and the largest within a machine's own limits.
constexpr OptionRow rows[] = {
    {.name = "host",
     .value = "ADDRESS[,...]",
     .default_text = "127.0.0.1,::1",
     .help = "Addresses to listen on. A machine without IPv6 starts without ::1; 0.0.0.0 stands for all of IPv4.",
     .commands = for_serve | for_health,
     .parse = hosts},
    {.name = "port",
     .value = "PORT",
     .default_text = "4567",
     .help = "Port to listen on. With 0 the system chooses one, the same for all addresses; the start line names it.",
     .commands = for_serve | for_health,
     .parse = whole<&Options::port, 0, 65'535>},
    {.name = "engine",
     .value = "NAME",
     .default_text = "embedded",
     .help = "Where records are kept. embedded: in the folder of --data-dir; memory: in this process, gone with it.",
     .parse = engine},
    {.name = "data-dir",
     .value = "PATH",
     .default_text = "/var/lib/millrace as root, else $XDG_DATA_HOME/millrace or ~/.local/share/millrace",
     .help = "Folder of the embedded engine, made where it is absent. One broker at a time can have it.",
     .default_for = data_dir_of_caller,
     .parse = data_dir},
    {.name = "durability",
     .value = "CLASS",
     .default_text = "sync",
     .help = "What an acknowledged record survives in the embedded engine. sync: a power cut; os: the end of this "
             "process, while the system writes to the disk when it sees fit.",
     .parse = durability},
    {.name = "disk-reserve",
     .value = "SIZE",
     .default_text = "1GiB",
     .help = "Space that the embedded engine leaves free on its disk: with less, puts are throttled and reads go on.",
     .parse = size<&Options::disk_reserve, 0, 16ull << 40>},
    {.name = "memory-max",
     .value = "SIZE",
     .default_text = "1GiB",
     .help = "Memory for records and requests together. At its share for records the memory engine drops the oldest.",
     .parse = size<&Options::memory_max, 16 * mib, 16ull << 40>},
    {.name = "region",
     .value = "NAME",
     .default_text = "us-east-1",
     .help = "Region of requests whose signature names none.",
     .parse = region},
    {.name = "account-id",
     .value = "DIGITS",
     .default_text = "000000000000",
     .help = "Account of access keys that are neither an account number of 12 digits nor in accounts.",
     .parse = account_id},
    {.name = "accounts",
     .value = "KEY=ACCOUNT[,...]",
     .default_text = "",
     .help = "Accounts of access keys. A key of 12 digits is an account number itself.",
     .parse = accounts},
    {.name = "lenient-arns",
     .value = "",
     .default_text = "false",
     .help = "An ARN means the caller's own stream of that name, whatever its account and region.",
     .parse = on_or_off<&Options::lenient_arns>},
    {.name = "log-level",
     .value = "LEVEL",
     .default_text = "info",
     .help = "Least weight of what is logged: debug, info, warn or error.",
     .parse = log_level},
    {.name = "log-format",
     .value = "FORMAT",
     .default_text = "text",
     .help = "Form of a log line: text or json.",
     .parse = log_format},
    {.name = "threads",
     .value = "N",
     .default_text = "0",
     .help = "Threads that serve connections; 0 takes one a processor.",
     .parse = whole<&Options::threads, 0, 256>},
    {.name = "shutdown-timeout",
     .value = "DURATION",
     .default_text = "5s",
     .help = "Time that requests in flight have to end after SIGTERM or SIGINT.",
     .parse = duration<&Options::shutdown_timeout>},
    {.name = "connections-max",
     .value = "N",
     .default_text = "10000",
     .help = "Connections at once; one more is answered 503.",
     .parse = whole<&Options::connections_max, 1, 1'000'000>},
    {.name = "body-max",
     .value = "SIZE",
     .default_text = "16MiB",
     .help = "Largest body of a request; a larger one is answered 413.",
     .parse = size<&Options::body_max, 64 * 1024, 256 * mib>},
    {.name = "shards-max",
     .value = "N",
     .default_text = "20000",
     .help = "Open shards of an account in a region; DescribeLimits shows it.",
     .parse = whole<&Options::shards_max, 1, 1'000'000>},
    {.name = "on-demand-streams-max",
     .value = "N",
     .default_text = "1000",
     .help = "Streams in on-demand mode of an account in a region; DescribeLimits shows it.",
     .parse = whole<&Options::on_demand_streams_max, 0, 1'000'000>},
    {.name = "limits",
     .value = "PROFILE",
     .default_text = "relaxed",
     .help =
         "strict: the service's rates and what it counts by time; relaxed: neither. The tag millrace:limits says it "
         "for one stream.",
     .parse = limits_profile},
    {.name = "transition-delay",
     .value = "DURATION",
     .default_text = "0s",
     .help = "How long streams and consumers stay in CREATING, UPDATING and DELETING.",
     .parse = duration<&Options::transition_delay>},
    {.name = "create-delay",
     .value = "DURATION",
     .default_text = "",
     .help = "The same for CREATING alone.",
     .parse = own_duration<&Options::create_delay>},
    {.name = "delete-delay",
     .value = "DURATION",
     .default_text = "",
     .help = "The same for DELETING alone.",
     .parse = own_duration<&Options::delete_delay>},
    {.name = "update-delay",
     .value = "DURATION",
     .default_text = "",
     .help = "The same for UPDATING alone.",
     .parse = own_duration<&Options::update_delay>},
    {.name = "config",
     .value = "FILE",
     .default_text = "",
     .help = "TOML file of options, each by its name here without the dashes in front.",
     .commands = for_serve | for_health,
     .in_file = false,
     .parse = text<&Options::config>},
    {.name = "print-config",
     .value = "",
     .default_text = "false",
     .help = "Print each option's value and where it came from, and end.",
     .in_file = false,
     .parse = on_or_off<&Options::print_config>},
    {.name = "print-example",
     .value = "",
     .default_text = "false",
     .help = "Before `Ready.` print the endpoint and commands of the AWS CLI to paste.",
     .parse = on_or_off<&Options::print_example>},
    {.name = "timeout",
     .value = "DURATION",
     .default_text = "3s",
     .help = "Time that the broker has to answer.",
     .commands = for_health,
     .in_file = false,
     .parse = duration<&Options::timeout>},
};

}  // namespace

std::span<const OptionRow> option_rows() {
  return rows;
}

std::string_view name_of(Durability durability) {
  for (const auto& [name, value] : durability_classes) {
    if (value == durability) return name;
  }
  return "unknown";
}

std::string default_data_dir(Environment environment, bool root) {
  if (root) return "/var/lib/millrace";
  const auto folder_of = [&](std::string_view name) -> std::string_view {
    for (const std::string_view entry : environment) {
      if (!entry.starts_with(name)) continue;
      const std::string_view path = entry.substr(name.size());
      // The specification has relative ones ignored.
      if (path.starts_with('/')) return path;
    }
    return {};
  };
  if (const auto data = folder_of("XDG_DATA_HOME="); !data.empty()) return fmt::format("{}/millrace", data);
  if (const auto home = folder_of("HOME="); !home.empty()) return fmt::format("{}/.local/share/millrace", home);
  return {};
}

base::Result<void> check_together(const Options& options) {
  if (options.engine == embedded_engine && options.data_dir.empty()) {
    return base::fail(Errc::bad_config,
                      "no folder for records: neither XDG_DATA_HOME nor HOME names one, so give --data-dir PATH or "
                      "--engine memory");
  }
  // A body that its share cannot hold would wait for memory for ever.
  for (const base::MemoryShareRow& row : base::memory_shares) {
    if (row.share != base::MemoryShare::bodies) continue;
    if (options.memory_max / 100 * row.percent >= options.body_max) return {};
    const std::uint64_t needed = options.body_max * 100 / row.percent;
    return base::fail(
        Errc::bad_config,
        fmt::format("memory-max is too small for body-max {}: bodies have {} % of it, so give at least {}MiB",
                    show_size(options.body_max), row.percent, needed / mib + 1));
  }
  return {};
}

}  // namespace millrace::app
