// The program: reads what it is asked for, and does it.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>
#include <vector>

#include "app/check.h"
#include "app/command_line.h"
#include "app/configuration.h"
#include "app/health.h"
#include "app/help.h"
#include "app/serve.h"
#include "app/version.h"
#include "io/system.h"

namespace millrace::app {
namespace {

// What a process ends with that was asked for something that cannot be.
constexpr int bad_usage = 2;

int complain(const base::Error& error) {
  // fputs, since fmt::print throws where standard error is closed.
  std::fputs(fmt::format("millrace: {}\n", error.message).c_str(), stderr);
  return bad_usage;
}

int print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return written ? 0 : 1;
}

std::vector<std::string_view> environment() {
  std::vector<std::string_view> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    entries.emplace_back(*entry);
  return entries;
}

int run(const std::vector<std::string_view>& arguments) {
  const auto line = parse_command_line(arguments, option_rows());
  if (!line) return complain(line.error());
  if (line->help) return print(command_help(*line->command, option_rows()));
  if (line->command->command == Command::version) return print(fmt::format("millrace {}\n", version));
  if (line->command->command == Command::check) return check(line->operand);

  const auto files = io::system_files();
  const auto configuration = configure(*line, environment(), *files, option_rows());
  if (!configuration) return complain(configuration.error());
  if (configuration->options.print_config) return print(print_configuration(*configuration));
  if (line->command->command == Command::serve) return serve(*configuration);

  const HealthAnswer answer = ask_health(configuration->options);
  const int printed = print(answer.line + "\n");
  return answer.ready ? printed : 1;
}

}  // namespace
}  // namespace millrace::app

int main(int argc, char** argv) {
  return millrace::app::run({argv + 1, argv + argc});
}
