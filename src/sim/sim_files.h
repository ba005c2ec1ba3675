#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "io/file.h"
#include "sim/sim_random.h"

namespace millrace::sim {

// Files in memory that remember what a power cut would leave: of each file the synced image and the writes since, of
// each folder the entries at its last sync. Thread-safe.
//
// A file's content and its entry are separate, as on a real disk: a synced file whose folder was not synced is gone
// after a cut. A folder itself is durable once its parent was synced.
class SimFileSystem final : public io::FileSystem {
 public:
  explicit SimFileSystem(std::uint64_t free_bytes = std::uint64_t{1} << 40);

  // Power cut: nothing unsynced survives. Files that are still open belong to the dead process: using them fails.
  void crash();
  // Power cut that lets a random part of the unsynced writes reach the disk: each whole, torn at some byte, or not at
  // all, in any order, as a disk's cache may; and of the unsynced folder entries some.
  void crash(SimRandom& random);

  std::uint64_t syncs() const;
  std::uint64_t writes() const;

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
  struct Node;
  class OpenFile;
  class Lock;

  void crash_with(SimRandom* random);

  std::shared_ptr<Disk> disk_;
};

}  // namespace millrace::sim
