#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.h"
#include "app/options.h"
#include "base/result.h"

namespace millrace::app {

inline constexpr std::size_t config_bytes_max = 1024 * 1024;

// Reads the options that stand in a TOML text. Values are texts, whole numbers or true and false; a list of texts is
// joined by commas. Errors (bad_config) begin with "PATH:LINE: ": bad TOML, an unknown key (with the nearest name), a
// table, a value of another kind.
base::Result<std::vector<Given>> parse_config_file(std::string_view text, const std::string& path,
                                                   std::span<const OptionRow> options);

}  // namespace millrace::app
