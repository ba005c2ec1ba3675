#pragma once

#include <span>
#include <string>

#include "app/command_line.h"
#include "app/options.h"

namespace millrace::app {

// The help of the whole program: its commands.
std::string program_help();

// The help of one command: its options.
std::string command_help(const CommandRow& command, std::span<const OptionRow> options);

// The page docs/options.md, whole.
std::string options_page(std::span<const OptionRow> options);

}  // namespace millrace::app
