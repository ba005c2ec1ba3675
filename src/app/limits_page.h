#pragma once

#include <string>

namespace millrace::app {

// The page docs/limits.md, whole: the table of limits::table().
std::string limits_page();

}  // namespace millrace::app
