#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_file.h"

namespace millrace::tidy {

// What is wrong, with where: "src/api/put.cc:12: ...".
using Findings = std::vector<std::string>;

// Includes of our own rooms point to a lower layer or stay in their room.
Findings check_layers(const SourceFile& file);
// Headers from outside are included where the table allows it.
Findings check_headers(const SourceFile& file);
// Clocks, randomness, sockets, files, threads and sleeps are used where the table allows it.
Findings check_names(const SourceFile& file);
// No test of another language sleeps to wait.
Findings check_pauses(const SourceFile& file);
// Nothing is left to do in a comment, and no file names the place it was written in.
Findings check_leftovers(const SourceFile& file);
// No file is too long to hold one noun.
Findings check_length(const SourceFile& file);
// Every C++ source belongs to a target: `compiled` are the paths that the build compiles.
Findings check_compiled(const SourceFile& file, const std::set<std::string>& compiled);

// All but the last of them.
Findings check(const SourceFile& file);

}  // namespace millrace::tidy
