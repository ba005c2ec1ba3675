#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "io/file.h"
#include "io/random.h"

namespace millrace::log::segment {

// The data folder, as docs/formats/folder.md describes it, locked against every other process.
class Folder {
 public:
  static constexpr std::size_t key_bytes = 32;
  static constexpr unsigned version = 1;  // of the folder's layout; written into FORMAT

  // Makes the folder where it is absent or empty, and takes it over. bad_config, and nothing is touched, where it is of
  // another program or of a newer version; `exists` where another process holds it; data_loss where its key is damaged.
  // Blocks.
  static base::Result<Folder> open(const std::string& path, io::FileSystem& files, io::Random& random);

  const std::string& path() const { return path_; }
  std::string index() const { return path_ + "/index"; }  // made by whoever opens the index
  std::string segments() const { return path_ + "/segments"; }
  std::string catalogue() const { return path_ + "/catalogue"; }
  // Made by this folder's first life and kept: what the installation's secrets are derived from.
  const std::array<std::byte, key_bytes>& key() const { return key_; }

 private:
  Folder() = default;

  std::string path_;
  std::unique_ptr<io::FileLock> lock_;
  std::array<std::byte, key_bytes> key_{};
};

// Writes a whole file so that a power cut leaves the old content or the new one: under another name, synced, renamed,
// the folder synced. Blocks.
base::Result<void> replace_file(io::FileSystem& files, const std::string& folder, const std::string& name,
                                std::span<const std::byte> content, io::OpenMode mode = io::OpenMode::create_new);

}  // namespace millrace::log::segment
