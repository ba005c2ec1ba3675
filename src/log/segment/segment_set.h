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

// What one segment still holds for one log.
struct LogShare {
  LogId log;
  std::uint64_t live_bytes = 0;  // headers and payloads
  std::int64_t expires_ms = 0;   // latest; 0: never
  friend bool operator==(const LogShare&, const LogShare&) = default;
};

// What one segment still holds: kept as a value in the index, in the same batch as the rows, since a start must not
// read all rows to know it.
struct SegmentUsage {
  std::uint64_t segment = 0;  // number
  std::uint64_t generation = 0;
  std::vector<LogShare> logs;
  friend bool operator==(const SegmentUsage&, const SegmentUsage&) = default;
};

struct SegmentSetOptions {
  std::string folder;  // DATA/segments
  SegmentClass segment_class = SegmentClass::day;
  std::uint64_t first_bytes = std::uint64_t{4} << 20;  // of the first segment after a start; each next one doubles
  std::uint64_t bytes_max = std::uint64_t{256} << 20;  // up to this; a run that needs more gets a segment of its size
  std::size_t recycled_max = 2;                        // free files that are kept for another life
};

// The segments of one class: the one that takes runs, those that are full, and free ones that wait for another life.
//
// Threads: append, sync and seal are the commit thread's. Everything else is any thread's. No lock is held over a
// write, a sync or a removal.
class SegmentSet {
 public:
  // Finds the segments of its class in the folder, none of which will take runs. A file whose header never became whole
  // is removed; one that is damaged is reported and left alone.
  static base::Result<std::unique_ptr<SegmentSet>> open(io::FileSystem& files, SegmentSetOptions options,
                                                        Numbering& numbering, Reporter& reporter);

  // By number; the one that takes runs is among them.
  std::vector<std::shared_ptr<SegmentFile>> segments() const;
  // Null where the segment is gone or has another generation by now.
  std::shared_ptr<SegmentFile> find(std::uint64_t number, std::uint64_t generation) const;

  // Writes one run and accounts for its blocks. Begins a segment where there is none or the current one has no room;
  // the full one is sealed then, by a run with the number that `take_run` gives. After a failure the set takes nothing
  // more.
  base::Result<std::vector<Placed>> append(const std::function<std::uint64_t()>& take_run,
                                           std::span<const NewBlock> blocks, std::int64_t now_ms);
  // Everything appended before is on the disk when this returns.
  base::Result<void> sync();
  // Ends the current segment, as a clean stop does.
  base::Result<void> seal(std::uint64_t run_number);

  // Accounts for a block that is there already: met by recovery, or
  void add_live(const Placed& at, LogId log, std::int64_t expires_ms);
  // for all of a segment at once: as the index has it. Replaces what was known of it.
  void restore(const SegmentUsage& usage);
  // Of the segments whose usage changed since the last call.
  std::vector<SegmentUsage> take_changed_usages();
  std::vector<SegmentUsage> usages() const;
  // A block is dead: its log was dropped or trimmed past it. Only after the deletion of its index row was flushed.
  void release(const Placed& at, LogId log);
  // All blocks of a log are dead, wherever they are. Their ranges cannot be punched, since nobody said where they are.
  void release_log(LogId log);

  struct Reclaimed {
    std::vector<std::uint64_t> freed;  // numbers of segments that are gone
    std::uint64_t freed_bytes = 0;     // of the files
    std::uint64_t punched_bytes = 0;
  };
  // Frees the sealed segments in which nothing lives: every block released or expired at `now_ms`. Punches whole
  // file-system blocks out of the dead ranges of the other sealed ones. Only after the index rows of what expired were
  // deleted and flushed. One thread at a time.
  base::Result<Reclaimed> reclaim(std::int64_t now_ms);
  // Segments that the next reclaim at `now_ms` would free: whose index rows are to be deleted first.
  std::vector<std::uint64_t> reclaimable(std::int64_t now_ms) const;

  struct Totals {
    std::size_t segments = 0;
    std::size_t recycled = 0;      // free files that wait
    std::uint64_t file_bytes = 0;  // of both, without what was punched out
    std::uint64_t live_bytes = 0;
    std::uint64_t held_dead_bytes = 0;  // dead, but not in whole file-system blocks or not yet punched
  };
  Totals totals() const;

 private:
  struct Segment;
  SegmentSet(io::FileSystem& files, SegmentSetOptions options, Numbering& numbering);

  base::Result<void> load(Reporter& reporter);
  base::Result<void> begin_segment(std::uint64_t bytes_needed, std::int64_t now_ms);
  std::shared_ptr<SegmentFile> take_recycled();
  bool is_free(const Segment& segment, std::int64_t now_ms) const MILLRACE_REQUIRES(mutex_);
  void account(const Placed& at, LogId log, std::int64_t expires_ms) MILLRACE_REQUIRES(mutex_);
  base::Result<void> retire(const std::shared_ptr<SegmentFile>& file);
  base::Result<std::uint64_t> punch_dead();

  io::FileSystem& files_;
  const SegmentSetOptions options_;
  Numbering& numbering_;
  std::shared_ptr<SegmentFile> current_;  // the commit thread's
  std::uint64_t next_bytes_;              // the commit thread's
  bool failed_ = false;                   // the commit thread's

  mutable base::Mutex mutex_;
  std::map<std::uint64_t, std::unique_ptr<Segment>> segments_ MILLRACE_GUARDED_BY(mutex_);  // by number
  std::vector<std::shared_ptr<SegmentFile>> recycled_ MILLRACE_GUARDED_BY(mutex_);

 public:
  SegmentSet(const SegmentSet&) = delete;
  SegmentSet& operator=(const SegmentSet&) = delete;
  ~SegmentSet();
};

}  // namespace millrace::log::segment
