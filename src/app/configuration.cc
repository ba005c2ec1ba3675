#include "app/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "app/config_file.h"

namespace millrace::app {
namespace {

constexpr std::string_view environment_prefix = "MILLRACE_";
constexpr const char* default_origin = "default";

struct FromEnvironment {
  std::vector<Given> given;
  std::vector<std::string> warnings;
};

FromEnvironment read_environment(std::span<const std::string_view> environment, std::span<const OptionRow> options) {
  FromEnvironment found;
  std::vector<std::string> known;
  for (const OptionRow& row : options)
    known.push_back(environment_name(row.name));
  std::vector<std::string_view> tails;  // without the prefix, which all share and none is told by
  for (const std::string& name : known)
    tails.push_back(std::string_view(name).substr(environment_prefix.size()));

  for (std::string_view entry : environment) {
    const std::size_t equals = entry.find('=');
    if (!entry.starts_with(environment_prefix) || equals == std::string_view::npos) continue;
    const std::string_view name = entry.substr(0, equals);
    const std::string_view tail = name.substr(environment_prefix.size());
    const auto match = std::ranges::find(tails, tail);
    if (match == tails.end()) {
      found.warnings.push_back(fmt::format("unknown environment variable {} is ignored{}", name,
                                           did_you_mean(tail, tails, environment_prefix)));
    } else if (equals + 1 < entry.size()) {
      found.given.push_back({&options[static_cast<std::size_t>(match - tails.begin())],
                             std::string(entry.substr(equals + 1)), std::string(name)});
    }
  }
  return found;
}

const Given* find_given(std::span<const Given> given, const OptionRow& row) {
  const auto found = std::ranges::find_if(given, [&](const Given& one) { return one.row == &row; });
  return found == given.end() ? nullptr : &*found;
}

// The file's options, where a flag or the environment names a file.
base::Result<std::vector<Given>> read_file(std::span<const Given> flags, std::span<const Given> environment,
                                           io::FileSystem& files, std::span<const OptionRow> options) {
  const OptionRow* config = find_option(options, "config", ~0u);
  if (config == nullptr) return std::vector<Given>{};
  const Given* named = find_given(flags, *config);
  if (named == nullptr) named = find_given(environment, *config);
  if (named == nullptr) return std::vector<Given>{};
  const auto text = files.read_all(named->text, config_bytes_max);
  if (!text) {
    return base::fail(base::Errc::bad_config,
                      fmt::format("cannot read the file of {}: {}", named->origin, base::describe(text.error())));
  }
  return parse_config_file(*text, named->text, options);
}

// Prepends what a parser could not know: which option, and where its value came from.
base::Error with_subject(const Given& given, const base::Error& error) {
  const std::string value = given.row->secret ? std::string{} : fmt::format(" '{}'", given.text);
  const bool from_file = given.origin.starts_with("file ");
  const std::string subject =
      from_file ? fmt::format("{} in {}", given.row->name, given.origin.substr(5)) : given.origin;
  return base::Error(base::Errc::bad_config, fmt::format("{}:{} {}", subject, value, error.message));
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

std::string environment_name(std::string_view option) {
  std::string name(environment_prefix);
  for (char c : option)
    name += c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  return name;
}

base::Result<Configuration> configure(const CommandLine& line, Environment environment, io::FileSystem& files,
                                      std::span<const OptionRow> options) {
  FromEnvironment variables = read_environment(environment, options);
  const auto file = read_file(line.given, variables.given, files, options);
  if (!file) return base::fail(file.error());

  Configuration configuration;
  configuration.warnings = std::move(variables.warnings);
  for (const OptionRow& row : options) {
    if ((row.commands & line.command->options) == 0) continue;
    Given chosen{&row, row.default_for == nullptr ? std::string(row.default_text) : row.default_for(environment),
                 default_origin};
    for (const std::span<const Given> source :
         {std::span<const Given>(line.given), std::span<const Given>(variables.given), std::span<const Given>(*file)}) {
      if (const Given* given = find_given(source, row)) {
        chosen = *given;
        break;
      }
    }
    const auto parsed = row.parse(configuration.options, chosen.text);
    if (!parsed) return base::fail(with_subject(chosen, parsed.error()));
    configuration.settings.push_back(std::move(chosen));
  }
  if (line.command->command == Command::serve) {
    const auto fits = check_together(configuration.options);
    if (!fits) return base::fail(fits.error());
  }
  return configuration;
}

Options default_options() {
  Options options;
  for (const OptionRow& row : option_rows()) {
    if ((row.commands & for_serve) == 0) continue;
    // A default that its own parser refuses is found by the test of the table.
    (void)row.parse(options, row.default_for == nullptr ? std::string(row.default_text) : row.default_for({}));
  }
  return options;
}

std::vector<std::string_view> given_names(const Configuration& configuration) {
  std::vector<std::string_view> names;
  for (const Given& setting : configuration.settings) {
    if (setting.origin != default_origin) names.push_back(setting.row->name);
  }
  return names;
}

std::string print_configuration(const Configuration& configuration) {
  std::string out;
  for (const Given& setting : configuration.settings) {
    const bool hidden = setting.row->secret && !setting.text.empty();
    const std::string value = hidden ? "\"<redacted>\"" : quoted(setting.text);
    const std::string line = fmt::format("{} = {}", setting.row->name, value);
    fmt::format_to(std::back_inserter(out), "{}{:<48} # {}\n", setting.row->in_file && !hidden ? "" : "# ", line,
                   setting.origin);
  }
  return out;
}

}  // namespace millrace::app
