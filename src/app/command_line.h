#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.h"
#include "base/result.h"

namespace millrace::app {

enum class Command : std::uint8_t { serve, health, check, version, help };

struct CommandRow {
  std::string_view name;
  Command command;
  unsigned options;  // the bit of OptionRow::commands; 0: takes none
  std::string_view help;
  std::string_view operand{};    // what it must be given beside its options, "DIR"; empty: nothing
  std::string_view more_help{};  // sentences for its own help
};

std::span<const CommandRow> command_rows();

// An option as it was given somewhere, its value not looked at yet.
struct Given {
  const OptionRow* row = nullptr;
  std::string text;
  std::string origin;  // "--port", "MILLRACE_PORT", "file /etc/millrace.toml"
};

struct CommandLine {
  const CommandRow* command = nullptr;
  bool help = false;  // the help of the command is wanted, not the command
  std::vector<Given> given;
  std::string operand;
};

// Reads the arguments that follow the program's name: a command, then its flags as `--name value` or `--name=value`,
// and its operand where it has one. Errors (bad_config): no or an unknown command, an unknown flag, each with the
// nearest name; a flag twice; no value; an operand that is missing, twice or none of the command's.
base::Result<CommandLine> parse_command_line(std::span<const std::string_view> arguments,
                                             std::span<const OptionRow> options);

// The row of that name among those of the commands in `commands`; null where there is none.
const OptionRow* find_option(std::span<const OptionRow> options, std::string_view name, unsigned commands);

// `; did you mean X?` with the nearest of the names, or nothing where none is near.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> names, std::string_view prefix);

}  // namespace millrace::app
