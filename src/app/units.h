#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// Values of options as people write them. Each error is a sentence without its subject: "is not a size such as 64MiB".
namespace millrace::app {

// "64MiB", "1GiB", "512KiB", "10MB", "300B": a whole number and a unit; "0" needs none.
base::Result<std::uint64_t> parse_size(std::string_view text);

// "5s", "500ms", "2m", "1h": a whole number and a unit; "0" needs none.
base::Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// A whole number in [min, max], in decimal, without a sign.
base::Result<std::uint64_t> parse_whole(std::string_view text, std::uint64_t min, std::uint64_t max);

// The shortest text that parse_size reads back as `bytes`.
std::string show_size(std::uint64_t bytes);

}  // namespace millrace::app
