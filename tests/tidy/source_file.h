#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::tidy {

// A file of the project in the three forms that the rules look at. All keep their line breaks, so that a position has
// the same line in each.
struct SourceFile {
  std::string path;      // from the project's top, with '/': "src/log/block.h"
  std::string text;      // as it is
  std::string comments;  // C++: texts in quotes blanked; else as it is
  std::string code;      // C++: texts in quotes and comments blanked; else as it is

  bool is_cpp() const;
  // A unit test, a helper of tests, or anything under tests/.
  bool is_test() const;
  // The room of src/ it belongs to; empty outside src/.
  std::string_view room() const;
  std::size_t line_of(std::size_t position) const;
};

SourceFile make_source_file(std::string path, std::string text);

// Every text file of the project that people write: no build folders, nothing that a package manager made.
std::vector<SourceFile> read_project(const std::filesystem::path& root);

}  // namespace millrace::tidy
