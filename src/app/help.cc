#include "app/help.h"

#include <fmt/format.h>

#include <iterator>

#include "app/configuration.h"
#include "base/memory_budget.h"

namespace millrace::app {
namespace {

void append_option(std::string& out, const OptionRow& row) {
  const std::string flag = fmt::format("--{}{}{}", row.name, row.value.empty() ? "" : " ", row.value);
  fmt::format_to(std::back_inserter(out), "  {:<28} {}", flag, row.help);
  if (!row.default_text.empty() && !row.value.empty()) {
    fmt::format_to(std::back_inserter(out), " [{}]", row.default_text);
  }
  out += '\n';
}

void append_page_rows(std::string& out, std::span<const OptionRow> options, unsigned command) {
  out += "| flag | environment | file | default | what it does |\n| --- | --- | --- | --- | --- |\n";
  for (const OptionRow& row : options) {
    if ((row.commands & command) == 0) continue;
    const std::string value = row.value.empty() ? std::string{} : fmt::format(" {}", row.value);
    const std::string file = row.in_file ? fmt::format("`{}`", row.name) : std::string("-");
    const std::string fallback = row.default_text.empty()     ? std::string("none")
                                 : row.default_for != nullptr ? std::string(row.default_text)
                                                              : fmt::format("`{}`", row.default_text);
    fmt::format_to(std::back_inserter(out), "| `--{}{}` | `{}` | {} | {} | {}{} |\n", row.name, value,
                   environment_name(row.name), file, fallback, row.help, row.secret ? " Never printed." : "");
  }
}

}  // namespace

std::string program_help() {
  std::string out = "millrace: a streaming broker that speaks the Kinesis Data Streams protocol\n\n";
  for (const CommandRow& row : command_rows()) {
    const std::string usage = fmt::format("{}{}{}", row.name, row.operand.empty() ? "" : " ", row.operand);
    fmt::format_to(std::back_inserter(out), "  millrace {:<10} {}\n", usage, row.help);
  }
  out += "\nmillrace COMMAND --help lists the options of a command.\n";
  return out;
}

std::string command_help(const CommandRow& command, std::span<const OptionRow> options) {
  if (command.command == Command::help) return program_help();
  std::string out = fmt::format("millrace {}{}{}{}: {}\n", command.name, command.options == 0 ? "" : " [OPTIONS]",
                                command.operand.empty() ? "" : " ", command.operand, command.help);
  if (!command.more_help.empty()) fmt::format_to(std::back_inserter(out), "\n{}", command.more_help);
  if (command.options == 0) return out;
  out += '\n';
  for (const OptionRow& row : options) {
    if ((row.commands & command.options) != 0) append_option(out, row);
  }
  out +=
      "\nEach may also come from the environment (--port from MILLRACE_PORT) or, but for --config and what ends\n"
      "the program, from the file of --config. A flag wins over the environment, that over the file.\n"
      "Sizes are written as 64MiB or 1GiB, durations as 500ms, 5s or 2m.\n";
  return out;
}

std::string options_page(std::span<const OptionRow> options) {
  std::string out =
      "# Options\n\n"
      "<!-- Written by the build target `options_page` from the table in src/app/options.cc; a test compares them. "
      "-->\n\n"
      "Every option can be given as a flag, in the environment, or in the TOML file that `--config` names. A flag "
      "wins\n"
      "over the environment, the environment over the file, the file over the default. An empty variable counts as "
      "absent.\n"
      "An unknown flag or key of the file stops the start and names the nearest; an unknown `MILLRACE_*` is a "
      "warning.\n"
      "`millrace serve --print-config` shows each value with where it came from, without secrets.\n\n"
      "Sizes take a unit: `B`, `KiB`, `MiB`, `GiB`, `TiB`, or the decimal `KB`, `MB`, `GB`, `TB`. Durations too: "
      "`ms`,\n"
      "`s`, `m`, `h`.\n\n"
      "## millrace serve\n\n";
  append_page_rows(out, options, for_serve);
  out +=
      "\n## millrace health\n\nAsks `/_health/ready`, prints one line, and ends with 0 where the broker is ready, else "
      "1.\n"
      "An address that stands for all (`0.0.0.0`, `::`) is asked on the loopback.\n\n";
  append_page_rows(out, options, for_health);
  for (const CommandRow& row : command_rows()) {
    if (row.operand.empty()) continue;
    fmt::format_to(std::back_inserter(out), "\n## millrace {} {}\n\n{}", row.name, row.operand, row.more_help);
  }
  out +=
      "\n## What --memory-max is divided into\n\n"
      "| share | of memory-max | when it is full |\n| --- | --- | --- |\n";
  for (const base::MemoryShareRow& row : base::memory_shares) {
    fmt::format_to(std::back_inserter(out), "| {} | {} % | {} |\n", row.name, row.percent, row.when_full);
  }
  return out;
}

}  // namespace millrace::app
