#include "log/segment/folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "base/log.h"

namespace millrace::log::segment {
namespace {

constexpr std::string_view lock_name = "LOCK";
constexpr std::string_view format_name = "FORMAT";
constexpr std::string_view key_name = "KEY";
constexpr std::string_view unfinished_suffix = ".new";
constexpr std::string_view format_prefix = "millrace ";
constexpr std::size_t format_bytes_max = 64;
// Stands in the root of a fresh file system, which a data folder may well be.
constexpr std::string_view file_systems_own = "lost+found";
constexpr std::size_t key_file_bytes = Folder::key_bytes + 4;  // and its checksum

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Makes a folder and what is missing above it, durably. What is there already may be the work of a process that died
// before it synced, so everything above is synced, too: where that is refused for a folder that was there before, it is
// not ours to sync.
base::Result<void> make_durable_directory(io::FileSystem& files, const std::string& path) {
  const auto listed = files.list(path);
  if (!listed && listed.error().code != base::Errc::not_found) return base::fail(listed.error());
  std::string lowest = path;  // that was there before
  while (!listed && lowest != "/" && lowest != "." && !files.list(lowest))
    lowest = parent_of(lowest);
  if (auto made = files.make_directory(path); !made) return made;
  bool is_old = lowest == path;
  for (std::string at = path; at != "/" && at != ".";) {
    at = parent_of(at);
    const auto synced = files.sync_directory(at);
    if (!synced && !is_old) return synced;
    is_old = is_old || at == lowest;
  }
  return {};
}

// True where the folder holds nothing but what the making of one leaves behind that a kill or a power cut ended. LOCK
// is there, durably, before anything else is made.
bool is_empty_or_unfinished(io::FileSystem& files, const std::string& path, const std::vector<std::string>& names) {
  static constexpr std::array<std::string_view, 4> plain = {lock_name, "FORMAT.new", key_name, "KEY.new"};
  static constexpr std::array<std::string_view, 2> folders = {"segments", "catalogue"};
  bool is_empty = true;
  for (const std::string& name : names) {
    if (name == file_systems_own) continue;
    is_empty = false;
    if (std::ranges::find(plain, name) != plain.end()) continue;
    const auto inside = files.list(path + "/" + name);
    if (std::ranges::find(folders, name) == folders.end() || !inside || !inside->empty()) return false;
  }
  return is_empty || std::ranges::find(names, lock_name) != names.end();
}

// True where the folder is there and ours, false where it is to be made.
base::Result<bool> is_ours(io::FileSystem& files, const std::string& path) {
  const auto names = files.list(path);
  if (!names) {
    if (names.error().code == base::Errc::not_found) return false;
    return base::fail(names.error());
  }
  if (std::ranges::find(*names, format_name) == names->end()) {
    if (is_empty_or_unfinished(files, path, *names)) return false;
    return base::fail(base::Errc::bad_config,
                      fmt::format("{} is not empty and no folder of Millrace (it has no file FORMAT)", path));
  }
  const auto text = files.read_all(path + "/" + std::string(format_name), format_bytes_max);
  if (!text && text.error().code != base::Errc::too_large) return base::fail(text.error());
  const std::string_view all = text ? std::string_view(*text) : std::string_view();
  unsigned version = 0;
  if (all.starts_with(format_prefix)) {
    const std::string_view digits = all.substr(format_prefix.size());
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), version);
    if (parsed.ec != std::errc() || std::string_view(parsed.ptr, digits.data() + digits.size()) != "\n") version = 0;
  }
  if (version == 0) return base::fail(base::Errc::bad_config, fmt::format("{}/FORMAT is not one of Millrace", path));
  if (version > Folder::version) {
    return base::fail(base::Errc::bad_config,
                      fmt::format("{} has format {}, and this Millrace knows formats up to {}; run a newer one", path,
                                  version, Folder::version));
  }
  return true;
}

std::array<std::byte, key_file_bytes> encode_key(std::span<const std::byte, Folder::key_bytes> key) {
  std::array<std::byte, key_file_bytes> file{};
  std::ranges::copy(key, file.begin());
  const std::uint32_t checksum = base::crc32c(key);
  for (std::size_t i = 0; i < sizeof checksum; ++i)
    file[key.size() + i] = static_cast<std::byte>(checksum >> (8 * i));
  return file;
}

base::Result<void> read_key(io::FileSystem& files, const std::string& path,
                            std::array<std::byte, Folder::key_bytes>& key) {
  const std::string name = path + "/" + std::string(key_name);
  const auto text = files.read_all(name, key_file_bytes);
  if (!text && text.error().code != base::Errc::too_large) return base::fail(text.error());
  if (text && text->size() == key_file_bytes) {
    std::memcpy(key.data(), text->data(), key.size());
    if (std::ranges::equal(encode_key(key), std::as_bytes(std::span(*text)))) return {};
  }
  return base::fail(base::Errc::data_loss,
                    name +
                        " is damaged; put it back from a copy of the folder, or remove it to have a new one made, "
                        "which ends all shard iterators and tokens that were given out");
}

base::Result<void> make_key(io::FileSystem& files, const std::string& path, io::Random& random,
                            std::array<std::byte, Folder::key_bytes>& key) {
  random.fill(key);
  return replace_file(files, path, std::string(key_name), encode_key(key), io::OpenMode::create_private);
}

}  // namespace

base::Result<void> replace_file(io::FileSystem& files, const std::string& folder, const std::string& name,
                                std::span<const std::byte> content, io::OpenMode mode) {
  const std::string unfinished = folder + "/" + name + std::string(unfinished_suffix);
  if (auto removed = files.remove(unfinished); !removed && removed.error().code != base::Errc::not_found) {
    return removed;
  }
  auto file = files.open(unfinished, mode);
  if (!file) return base::fail(std::move(file.error()));
  if (auto written = (*file)->write_at(0, content); !written) return written;
  if (auto synced = (*file)->sync(); !synced) return synced;
  if (auto renamed = files.rename(unfinished, folder + "/" + name); !renamed) return renamed;
  return files.sync_directory(folder);
}

base::Result<Folder> Folder::open(const std::string& path, io::FileSystem& files, io::Random& random) {
  auto ours = is_ours(files, path);
  if (!ours) return base::fail(std::move(ours.error()));
  Folder folder;
  folder.path_ = path;
  if (auto made = make_durable_directory(files, path); !made) return base::fail(std::move(made.error()));
  auto lock = files.lock(path + "/" + std::string(lock_name));
  if (!lock) return base::fail(std::move(lock.error()));
  folder.lock_ = std::move(*lock);
  // Asked again under the lock: another process may have made the folder in between.
  ours = is_ours(files, path);
  if (!ours) return base::fail(std::move(ours.error()));
  // What a process made that died before it synced is there for good from here on: LOCK before anything else, and
  // FORMAT before anything that it promises.
  if (auto synced = files.sync_directory(path); !synced) return base::fail(std::move(synced.error()));
  if (*ours) {
    // A segment that is read and then used again would take runs under a name that is not there after a power cut.
    for (const std::string& part : {folder.segments(), folder.catalogue()}) {
      if (auto synced = files.sync_directory(part); !synced) return base::fail(std::move(synced.error()));
    }
    auto read = read_key(files, path, folder.key_);
    if (read) return folder;
    if (read.error().code != base::Errc::not_found) return base::fail(std::move(read.error()));
    base::log::warn(
        "KEY is gone and is made anew: shard iterators and tokens that were given out are not valid any more",
        {{"folder", path}});
    if (auto made = make_key(files, path, random, folder.key_); !made) return base::fail(std::move(made.error()));
    return folder;
  }
  for (const std::string& part : {folder.segments(), folder.catalogue()}) {
    if (auto made = files.make_directory(part); !made) return base::fail(std::move(made.error()));
  }
  if (auto made = make_key(files, path, random, folder.key_); !made) return base::fail(std::move(made.error()));
  // FORMAT comes last, once all else is synced: a folder that has it is complete.
  const std::string format = fmt::format("{}{}\n", format_prefix, version);
  auto written = replace_file(files, path, std::string(format_name), std::as_bytes(std::span(format)));
  if (!written) return base::fail(std::move(written.error()));
  return folder;
}

}  // namespace millrace::log::segment
