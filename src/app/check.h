#pragma once

#include <string>

namespace millrace::app {

// `millrace check`: prints what is damaged in a data folder, a line each, then a summary. What the process ends with: 0
// where all is whole, 2 where something is damaged, 1 where it could not look. Blocks.
int check(const std::string& data_dir);

}  // namespace millrace::app
