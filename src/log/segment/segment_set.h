#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "io/file.h"
#include "log/segment/segment_file.h"

namespace millrace::log::segment {

// Numbers that all sets of a folder share. Thread-safe. Opening a set raises them above everything it finds.
class Numbering {
 public:
  // `first_generation` is random in a new folder (its upper bit clear), so that nobody can write a record that looks
  // like a piece of a segment.
  explicit Numbering(std::uint64_t first_generation) : generation_(first_generation) {}
  std::uint64_t take_number();
  std::uint64_t take_generation();
  void raise(std::uint64_t number, std::uint64_t generation);  // both are in use
  std::uint64_t generation() const;                            // the next one, to be kept with the index

 private:
  mutable base::Mutex mutex_;
  std::uint64_t number_ MILLRACE_GUARDED_BY(mutex_) = 1;
  std::uint64_t generation_ MILLRACE_GUARDED_BY(mutex_);
};

struct SegmentSetOptions {
  std::string folder;  // DATA/segments
  SegmentClass segment_class = SegmentClass::day;
  std::uint64_t first_bytes = std::uint64_t{4} << 20;  // of the first segment after a start; each next one doubles
  std::uint64_t bytes_max = std::uint64_t{256} << 20;  // up to this; a run that needs more gets a segment of its size
  std::size_t recycled_max = 1;                        // free files that are kept for another life
};

// The segments of one class: the one that takes runs, those that are full, sealed ones, and free ones that wait for
// another life. It knows nothing of what lives in them: see usage_table.h.
//
// Threads: prepare, append, sync and end_current are the commit thread's. Everything else is any thread's. No lock is
// held over a write, a sync or a removal.
class SegmentSet {
 public:
  // Finds the segments of its class in the folder, none of which will take runs. A file whose header never became whole
  // is removed; one that is damaged is reported and left alone.
  static base::Result<std::unique_ptr<SegmentSet>> open(io::FileSystem& files, SegmentSetOptions options,
                                                        Numbering& numbering, Reporter& reporter);

  // By number; the one that takes runs is among them, those that wait for another life are not.
  std::vector<std::shared_ptr<SegmentFile>> segments() const;
  // Null where the segment is gone or has another generation by now.
  std::shared_ptr<SegmentFile> find(std::uint64_t number, std::uint64_t generation) const;

  // Makes room for one run of so many bytes, its header counted: where the current segment has none, it ends and
  // another one begins. Errors: too_large; `full`: the disk has no room, nothing has changed and a later call may do
  // better; any other: the set takes nothing more.
  base::Result<void> prepare(std::uint64_t bytes, std::int64_t now_ms);
  // Writes one run into the room that prepare made. After an error the set takes nothing more.
  base::Result<std::vector<Placed>> append(std::uint64_t run_number, std::span<const NewBlock> blocks);
  // Everything appended before is on the disk when this returns: of the current segment; one that ended is synced by
  // its seal. After an error the set takes nothing more.
  base::Result<void> sync();
  // The current segment takes no more runs, as if it were full.
  void end_current();
  // The one that takes runs; null where none does.
  std::shared_ptr<SegmentFile> current() const {
    const base::Lock lock(mutex_);
    return current_;
  }
  // For Mutations::append_after_recovery alone.
  void take_up(const std::shared_ptr<SegmentFile>& file);
  // Those that take no more runs and are not sealed: to be sealed, off the commit thread.
  std::vector<std::shared_ptr<SegmentFile>> unsealed() const;

  // Nothing lives in that sealed segment, and that is durable: the file waits for another life, or is removed where
  // recycled_max wait already. Blocks.
  base::Result<void> free(std::uint64_t number);

  struct Totals {
    std::size_t segments = 0;
    std::size_t recycled = 0;      // free files that wait
    std::uint64_t file_bytes = 0;  // what both take on the disk, holes left out
  };
  base::Result<Totals> totals() const;

 private:
  SegmentSet(io::FileSystem& files, SegmentSetOptions options, Numbering& numbering);

  base::Result<void> load(Reporter& reporter);
  base::Result<void> begin_segment(std::uint64_t bytes_needed, std::int64_t now_ms);
  std::shared_ptr<SegmentFile> take_recycled();

  io::FileSystem& files_;
  const SegmentSetOptions options_;
  Numbering& numbering_;
  std::uint64_t next_bytes_;  // the commit thread's
  bool failed_ = false;       // the commit thread's

  mutable base::Mutex mutex_;
  std::shared_ptr<SegmentFile> current_ MILLRACE_GUARDED_BY(mutex_);
  std::map<std::uint64_t, std::shared_ptr<SegmentFile>> segments_ MILLRACE_GUARDED_BY(mutex_);  // by number
  std::vector<std::shared_ptr<SegmentFile>> recycled_ MILLRACE_GUARDED_BY(mutex_);

 public:
  SegmentSet(const SegmentSet&) = delete;
  SegmentSet& operator=(const SegmentSet&) = delete;
  ~SegmentSet();
};

}  // namespace millrace::log::segment
