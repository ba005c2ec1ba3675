#include "log/segment/sweep.h"

namespace millrace::log::segment {
namespace {

constexpr std::uint64_t dead_min_bytes = std::uint64_t{64} << 10;  // what one hole is worth
constexpr std::uint64_t dead_min_parts = 10;                       // of what it takes

// What is damaged or unknown was said when it was met; here it only stays.
class SilentReporter final : public Reporter {
 public:
  void skipped(const Skipped&) override {}
  void headless(const std::string&, bool) override {}
};

}  // namespace

bool is_worth_sweeping(const SegmentFile& file, const SegmentUsage& usage) {
  const auto taken = file.allocated();
  if (!taken || *taken <= usage.live_bytes) return false;
  const std::uint64_t dead = *taken - usage.live_bytes;
  return dead >= dead_min_bytes && dead >= *taken / dead_min_parts;
}

base::Result<void> sweep(Core& core, SegmentFile& file) {
  SilentReporter reporter;
  base::Result<void> asked;
  const auto on_block = [&](const ScannedBlock& block) {
    if (!asked) return;
    const BlockHeader& header = block.header;
    const auto row = core.index->seek(header.log, header.first);
    if (!row) {
      asked = base::fail(row.error());
      return;
    }
    const bool is_named = *row && (*row)->segment == file.header().number &&
                          (*row)->generation == file.header().generation && (*row)->offset == header.offset;
    if (!is_named) core.usages.add_dead(file.header().number, file.header().generation, header.offset, block.size);
  };
  const auto scanned = file.scan({.after_run = 0}, on_block, reporter);
  if (!scanned) return base::fail(scanned.error());
  return asked;
}

}  // namespace millrace::log::segment
