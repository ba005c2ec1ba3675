#include "app/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "app/nearest.h"

namespace millrace::app {
namespace {

constexpr CommandRow commands[] = {
    {"serve", Command::serve, for_serve, "run the broker"},
    {"health", Command::health, for_health, "ask a running broker whether it is ready"},
    {"check", Command::check, 0, "look for damage in a data folder that no broker uses", "DIR",
     "Reads all that the folder holds and changes nothing. Prints what it finds, then a summary.\n"
     "Ends with 0 where all is whole, with 2 where something is damaged, with 1 where it could not look.\n"},
    {"version", Command::version, 0, "print the version"},
    {"help", Command::help, 0, "print this"},
};

base::Result<const CommandRow*> find_command(std::string_view name) {
  if (name == "-h" || name == "--help") name = "help";
  if (name == "-V" || name == "--version") name = "version";
  std::vector<std::string_view> names;
  for (const CommandRow& row : commands) {
    if (row.name == name) return &row;
    names.push_back(row.name);
  }
  return base::fail(base::Errc::bad_config,
                    fmt::format("unknown command '{}'{}", name, did_you_mean(name, names, "millrace ")));
}

base::Result<const OptionRow*> find_flag(std::span<const OptionRow> options, std::string_view name,
                                         const CommandRow& command) {
  if (const OptionRow* row = find_option(options, name, command.options)) return row;
  std::vector<std::string_view> names = {"help"};
  for (const OptionRow& row : options) {
    if ((row.commands & command.options) != 0) names.push_back(row.name);
  }
  return base::fail(base::Errc::bad_config, fmt::format("unknown option --{} of millrace {}{}", name, command.name,
                                                        did_you_mean(name, names, "--")));
}

}  // namespace

std::span<const CommandRow> command_rows() {
  return commands;
}

const OptionRow* find_option(std::span<const OptionRow> options, std::string_view name, unsigned wanted) {
  const auto found = std::ranges::find_if(
      options, [&](const OptionRow& row) { return row.name == name && (row.commands & wanted) != 0; });
  return found == options.end() ? nullptr : &*found;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> names, std::string_view prefix) {
  const std::string_view best = nearest(name, names);
  return best.empty() ? std::string{} : fmt::format("; did you mean {}{}?", prefix, best);
}

base::Result<CommandLine> parse_command_line(std::span<const std::string_view> arguments,
                                             std::span<const OptionRow> options) {
  if (arguments.empty()) return base::fail(base::Errc::bad_config, "which command? millrace help lists them");
  const auto command = find_command(arguments[0]);
  if (!command) return base::fail(command.error());
  CommandLine line;
  line.command = *command;
  line.help = line.command->command == Command::help;

  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "-h" || argument == "--help") {
      line.help = true;
      continue;
    }
    if (!argument.starts_with("--")) {
      if (!line.command->operand.empty() && line.operand.empty() && !argument.empty()) {
        line.operand = std::string(argument);
        continue;
      }
      return base::fail(base::Errc::bad_config, fmt::format("'{}' is no option; options begin with --", argument));
    }
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    const auto row = find_flag(options, name, *line.command);
    if (!row) return base::fail(row.error());
    if (std::ranges::any_of(line.given, [&](const Given& given) { return given.row == *row; })) {
      return base::fail(base::Errc::bad_config, fmt::format("--{} is given twice", name));
    }
    std::string_view text = "true";
    if (equals != std::string_view::npos) {
      text = argument.substr(equals + 1);
    } else if (!(*row)->value.empty()) {
      if (i + 1 == arguments.size()) {
        return base::fail(base::Errc::bad_config, fmt::format("--{} needs a value: {}", name, (*row)->value));
      }
      text = arguments[++i];
    }
    line.given.push_back({*row, std::string(text), fmt::format("--{}", name)});
  }
  if (line.operand.empty() && !line.command->operand.empty() && !line.help) {
    return base::fail(base::Errc::bad_config, fmt::format("millrace {0} needs {1}: millrace {0} {1}",
                                                          line.command->name, line.command->operand));
  }
  return line;
}

}  // namespace millrace::app
