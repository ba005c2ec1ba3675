#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.h"
#include "app/options.h"
#include "base/result.h"
#include "io/file.h"

namespace millrace::app {

// The options in force, and for each where its value came from.
struct Configuration {
  Options options;
  std::vector<Given> settings;        // in the order of the table, those of the command
  std::vector<std::string> warnings;  // sentences for the log
};

// Puts the options of a command together: a flag wins over the environment (MILLRACE_*, those that are not empty), that
// over the file named by --config, that over the default. `environment` holds "NAME=value". Unknown MILLRACE_* names
// are warnings, everything else that is wrong is an error (bad_config) of one sentence that names the option.
base::Result<Configuration> configure(const CommandLine& line, Environment environment, io::FileSystem& files,
                                      std::span<const OptionRow> options);

// The default of every option of `serve`, for a caller without an environment.
Options default_options();

// The options that somebody gave: by a flag, the environment or the file.
std::vector<std::string_view> given_names(const Configuration& configuration);

// "MILLRACE_MEMORY_MAX" of "memory-max".
std::string environment_name(std::string_view option);

// One TOML line an option, with its origin as the comment; secrets are not shown. What it prints can be a file of
// options.
std::string print_configuration(const Configuration& configuration);

}  // namespace millrace::app
