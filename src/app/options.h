#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "limits/profile.h"
#include "log/segment/embedded_engine.h"

namespace millrace::app {

// What a run of the program was asked for. Members have no values of their own: every one is set from its row of the
// table below, from the row's default where nobody gave another.
struct Options {
  std::vector<std::string> hosts;  // IPv4 and IPv6 literals
  std::uint16_t port = 0;          // 0: the system chooses
  std::string engine;              // a name of engine_names
  std::string data_dir;            // empty: the caller has no place for one
  log::segment::Durability durability{};
  std::uint64_t disk_reserve = 0;  // bytes
  std::uint64_t memory_max = 0;    // bytes
  std::string region;
  std::string account_id;
  base::log::Level log_level{};
  base::log::Format log_format{};
  unsigned threads = 0;  // 0: one a processor
  std::chrono::milliseconds shutdown_timeout{0};
  std::uint32_t connections_max = 0;
  std::uint64_t body_max = 0;  // bytes
  std::uint32_t shards_max = 0;
  std::uint32_t on_demand_streams_max = 0;
  limits::Profile limits{};
  std::map<std::string, std::string, std::less<>> accounts;  // account numbers by access key
  bool lenient_arns = false;
  std::chrono::milliseconds transition_delay{0};
  // Of one kind of transition; nothing: transition_delay.
  std::optional<std::chrono::milliseconds> create_delay;
  std::optional<std::chrono::milliseconds> delete_delay;
  std::optional<std::chrono::milliseconds> update_delay;
  std::string config;  // path of the file of options; empty: none
  bool print_config = false;
  bool print_example = false;
  std::chrono::milliseconds timeout{0};  // of `millrace health`
};

// The subcommands that take options, as bits of OptionRow::commands.
inline constexpr unsigned for_serve = 1;
inline constexpr unsigned for_health = 2;

// "NAME=value" each, as the process was given it.
using Environment = std::span<const std::string_view>;

// One option: all that parsing, help, the documentation and redaction know of it.
struct OptionRow {
  std::string_view name;   // "memory-max": the flag --memory-max, MILLRACE_MEMORY_MAX, the file's memory-max
  std::string_view value;  // "SIZE", for help; empty: a switch, true where given alone
  std::string_view default_text;
  std::string_view help;  // one sentence or two
  unsigned commands = for_serve;
  bool in_file = true;  // may stand in the file
  bool secret = false;  // its value is never printed
  // The default where it depends on who runs the program; default_text then says it in words. Null: default_text is it.
  std::string (*default_for)(Environment environment) = nullptr;
  // Reads a value; an error is a sentence without its subject.
  base::Result<void> (*parse)(Options&, std::string_view text) = nullptr;
};

// The table, in the order of the documentation.
std::span<const OptionRow> option_rows();

inline constexpr std::string_view embedded_engine = "embedded";
inline constexpr std::string_view memory_engine = "memory";

std::string_view name_of(log::segment::Durability durability);

// Where records are kept where nobody says: /var/lib/millrace for root, else in the user's own data folder as the XDG
// Base Directory Specification has it; empty where the environment names none.
std::string default_data_dir(Environment environment, bool is_root);

// What must hold between options once each is right by itself.
base::Result<void> check_together(const Options& options);

}  // namespace millrace::app
