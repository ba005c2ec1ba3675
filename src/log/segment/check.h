#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file.h"
#include "log/segment/index_store.h"

namespace millrace::log::segment {

// What a check of a folder went through and found.
struct CheckReport {
  std::uint64_t segments = 0;
  std::uint64_t runs = 0;
  std::uint64_t blocks = 0;            // whole ones
  std::uint64_t bytes = 0;             // of them
  std::uint64_t unindexed_blocks = 0;  // that the next start takes into the index
  std::uint64_t snapshots = 0;         // whole ones
  std::uint64_t logs = 0;
  std::uint64_t rows = 0;      // of the index
  std::uint64_t findings = 0;  // damage; a folder that a kill or a power cut left has none

  std::string summary() const;  // one line
};

// Findings that are told one by one; more are only counted.
inline constexpr std::uint64_t findings_told_max = 1'000;

// Reads every segment, snapshot and index row of the folder at `path` and holds them against one another. Nothing is
// changed. The caller holds the folder's lock (Folder::open) and `index` is the folder's.
//
// `tell` is called, on this thread, with a line for each finding ("damaged: ..."), for what is no damage and may be
// worth knowing ("note: ..."), and for progress on a large folder. An error is one of reading that says nothing about
// what was written. Blocks.
base::Result<CheckReport> check_folder(const std::string& path, io::FileSystem& files, IndexStore& index,
                                       const std::function<void(std::string_view)>& tell);

}  // namespace millrace::log::segment
