#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "io/file.h"
#include "log/segment/format.h"

namespace millrace::log::segment {

// A piece of a segment that a reader could not use and went on behind.
struct Skipped {
  enum class Kind : std::uint8_t {
    torn_tail,  // the end of what a commit in flight left; nothing of it was known to be synced
    damaged,    // was synced once and is not what was written
    unknown,    // whole, but of a codec or under a key that this program does not know
  };
  Kind kind = Kind::damaged;
  std::string path;
  std::uint64_t offset = 0;  // in the file
  std::uint64_t bytes = 0;
  std::optional<BlockHeader> block;  // where its header is whole: which records they were
  bool hole = false;                 // holds a whole page of zeros, as a dead range that was punched out does
};

// Told of everything that reading segments skips or repairs. Called on the thread that reads.
class Reporter {
 public:
  virtual void skipped(const Skipped& piece) = 0;
  // A file that never became a segment, since its header was not complete when the process or the power went; or, where
  // `removed` is false, one that holds something and whose header is damaged: left alone.
  virtual void headless(const std::string& path, bool removed) = 0;
  virtual ~Reporter() = default;
};

struct ScanFrom {
  std::uint64_t offset = segment_header_bytes;  // of a run
  std::uint64_t after_run = 0;                  // runs up to this number are passed over, unread and unchecked
};

struct ScannedBlock {
  BlockHeader header;
  std::uint64_t run = 0;                 // number; where its run header is damaged: one more than the run before
  std::uint32_t size = 0;                // header and payload
  std::span<const std::byte> payload{};  // lives during the call
};

struct ScanResult {
  std::uint64_t end = segment_header_bytes;  // where a seal stands or is to be written
  bool sealed = false;
  bool torn = false;           // a torn tail was reported
  std::uint64_t last_run = 0;  // highest number met; 0: none
  std::uint64_t runs = 0;      // read, the passed over ones not counted
  std::uint64_t blocks = 0;
  std::uint64_t bytes = 0;  // read
};

// Walks the runs of a segment in order and hands out every whole block. A bad piece is corruption where a later run of
// this generation says that it was synced: reported and skipped, and what is whole behind it is handed out. Else it is
// the torn tail: the walk ends there. An error is one of reading the file.
base::Result<ScanResult> scan_segment(io::File& file, const std::string& path, const SegmentHeader& header,
                                      ScanFrom from, const std::function<void(const ScannedBlock&)>& on_block,
                                      Reporter& reporter);

}  // namespace millrace::log::segment
