#pragma once

#include <cstdint>
#include <cstdlib>
#include <vector>

// How much of the durability tests runs: a part that fits into every build, or everything where MILLRACE_TEST_WHOLE is
// set. MILLRACE_SEED runs one seed alone, to see a failure again.
namespace millrace::durability {

inline bool is_whole() {
  return std::getenv("MILLRACE_TEST_WHOLE") != nullptr;
}

inline std::vector<std::uint64_t> seeds(std::uint64_t few, std::uint64_t all) {
  if (const char* const given = std::getenv("MILLRACE_SEED")) return {std::strtoull(given, nullptr, 10)};
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = 1; seed <= (is_whole() ? all : few); ++seed)
    seeds.push_back(seed);
  return seeds;
}

}  // namespace millrace::durability
