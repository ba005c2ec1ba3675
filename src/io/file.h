#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace millrace::io {

enum class OpenMode : std::uint8_t {
  read,            // must exist
  write,           // read and write; must exist
  create,          // read and write; made where absent
  create_new,      // read and write; an error (exists) where present
  create_private,  // as create_new, and only the owner may read it (0600): for keys
};

// An open file. Reads and writes at explicit offsets may be called from several threads at once. All calls block.
class File {
 public:
  // Reads up to into.size() bytes; fewer only at the end of the file.
  virtual base::Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) = 0;
  // Writes everything or reports an error; after an error nobody knows what was written.
  virtual base::Result<void> write_at(std::uint64_t offset, std::span<const std::byte> from) = 0;
  // Data, and what is needed to find it, is on the disk when this returns (fdatasync). After an error the file's
  // unsynced writes are lost for good: a second call that succeeds proves nothing.
  virtual base::Result<void> sync() = 0;
  virtual base::Result<std::uint64_t> size() = 0;
  virtual base::Result<void> truncate(std::uint64_t size) = 0;
  // Reserves space without changing what is read; grows the file.
  virtual base::Result<void> allocate(std::uint64_t offset, std::uint64_t size) = 0;
  // Gives whole blocks inside the range back to the file system; they read as zeros.
  virtual base::Result<void> punch(std::uint64_t offset, std::uint64_t size) = 0;
  // Bytes it takes on the disk: less than its size where it has holes.
  virtual base::Result<std::uint64_t> allocated() = 0;
  // The range will be read soon: the system begins to fetch it and does not wait. A hint; nothing where it cannot.
  virtual void will_need(std::uint64_t offset, std::uint64_t size) = 0;
  // Reads come in no order: the system reads nothing beyond what it is asked for. A hint.
  virtual void expect_random_reads() = 0;
  virtual ~File() = default;
};

// Holds a file locked until it goes, or until the process does.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// A tree of files. Paths are the system's. All calls block; thread-safe.
class FileSystem {
 public:
  virtual base::Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual base::Result<std::string> read_all(const std::string& path, std::size_t bytes_max) = 0;
  virtual base::Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual base::Result<void> remove(const std::string& path) = 0;
  // Makes the folder and its parents; fine where it is there.
  virtual base::Result<void> make_directory(const std::string& path) = 0;
  // Names of the entries, sorted, without "." and "..".
  virtual base::Result<std::vector<std::string>> list(const std::string& path) = 0;
  // Creations, renames and removals in the folder are on the disk when this returns.
  virtual base::Result<void> sync_directory(const std::string& path) = 0;
  // Locks the file against every other holder, of this process too, and writes this process's id into it; made where it
  // is absent. `exists`, with the id of the holder in the sentence, where somebody holds it.
  virtual base::Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  virtual base::Result<std::uint64_t> free_bytes(const std::string& path) = 0;
  virtual ~FileSystem() = default;
};

}  // namespace millrace::io
