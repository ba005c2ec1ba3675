#pragma once

#include <string_view>

namespace millrace::app {

// The project's version, from the top CMakeLists.txt.
inline constexpr std::string_view version = MILLRACE_VERSION;

}  // namespace millrace::app
