#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/segment/segment_scan.h"

// What tests of segments share.
namespace millrace::log::segment {

// Keeps what it is told.
class KeepingReporter final : public Reporter {
 public:
  void skipped(const Skipped& piece) override { pieces.push_back(piece); }
  void headless(const std::string& path, bool removed) override { headless_files.emplace_back(path, removed); }

  std::vector<Skipped> pieces;
  std::vector<std::pair<std::string, bool>> headless_files;
};

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}
inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace millrace::log::segment
