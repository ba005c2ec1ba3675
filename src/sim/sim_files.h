#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "io/file.h"
#include "sim/disk_image.h"
#include "sim/sim_random.h"

namespace millrace::sim {

// Files in memory on a disk that records: every change and every sync is an event with a number, from 1 on. The power
// can be cut at any of them, here or, from the record, again and again; single events or all from one on can fail; and
// space runs out as on a real disk. Thread-safe.
//
// One recorded run, cut at every event:
//   SimFileSystem files; files.record(); ... run ...; const auto events = files.recorded();
//   DiskImage disk; for (event : events) { disk.apply(event); SimFileSystem left(disk.after_cut(kind, random)); ... }
class SimFileSystem final : public io::FileSystem {
 public:
  explicit SimFileSystem(std::uint64_t free_bytes = std::uint64_t{1} << 40);
  // A machine that starts with that disk.
  explicit SimFileSystem(DiskImage image, std::uint64_t free_bytes = std::uint64_t{1} << 40);

  // The power fails and comes back: nothing unsynced survives. Files that are still open belong to the dead process:
  // using them fails. What was to fail does not any more.
  void crash();
  // The same, with a random part of the unsynced kept.
  void crash(SimRandom& random);
  void crash(CutKind kind, SimRandom& random);

  // Keeps every event from now on.
  void record();
  std::vector<DiskEvent> recorded() const;
  DiskImage image() const;

  // Attempts, failed ones counted.
  std::uint64_t events() const;
  std::uint64_t syncs() const;
  std::uint64_t writes() const;

  // Event number `event`, and it alone, fails with that errno. Of a write the first half is done; what was to be synced
  // never will be.
  void fail_at(std::uint64_t event, int sys);
  // From event number `event` on everything that changes the disk fails with that errno and changes nothing.
  void fail_from(std::uint64_t event, int sys);
  void set_free_bytes(std::uint64_t bytes);
  // One bit of a file is another one from now on, on the disk, too.
  void flip_bit(const std::string& path, std::uint64_t offset, unsigned bit);

  // A store beside the files, whose own bytes are not simulated. A picture is what it holds at the time. `write` may
  // reach the disk at any time or not at all; once `flush` has returned, the picture is on it.
  base::Result<void> write_store(std::shared_ptr<const void> picture);
  base::Result<void> flush_store(std::shared_ptr<const void> picture);

  base::Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override;
  base::Result<std::string> read_all(const std::string& path, std::size_t bytes_max) override;
  base::Result<void> rename(const std::string& from, const std::string& to) override;
  base::Result<void> remove(const std::string& path) override;
  base::Result<void> make_directory(const std::string& path) override;
  base::Result<std::vector<std::string>> list(const std::string& path) override;
  base::Result<void> sync_directory(const std::string& path) override;
  // The holder is named "1"; a crash lets go of every lock.
  base::Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override;
  base::Result<std::uint64_t> free_bytes(const std::string& path) override;

 private:
  struct Disk;
  class OpenFile;
  class Lock;

  std::shared_ptr<Disk> disk_;
};

}  // namespace millrace::sim
