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

namespace millrace::log::segment {
namespace {

constexpr std::string_view lock_name = "LOCK";
constexpr std::string_view format_name = "FORMAT";
constexpr std::string_view key_name = "KEY";
constexpr std::string_view unfinished_suffix = ".new";
constexpr std::string_view format_prefix = "millrace ";
constexpr std::size_t format_bytes_max = 64;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Makes a folder and what is missing above it, and syncs the folder above each that was made.
base::Result<void> make_durable_directory(io::FileSystem& files, const std::string& path) {
  std::vector<std::string> parents;
  for (std::string at = path; at != "/" && at != "."; at = parent_of(at)) {
    const auto listed = files.list(at);
    if (listed) break;
    if (listed.error().code != base::Errc::not_found) return base::fail(listed.error());
    parents.push_back(parent_of(at));
  }
  if (parents.empty()) return {};
  if (auto made = files.make_directory(path); !made) return made;
  for (const std::string& parent : parents) {
    if (auto synced = files.sync_directory(parent); !synced) return synced;
  }
  return {};
}

// True where the folder holds nothing but what the first moments of one leave behind where a power cut ends them.
bool is_empty_or_unfinished(io::FileSystem& files, const std::string& path, const std::vector<std::string>& names) {
  static constexpr std::array<std::string_view, 4> plain = {"LOCK", "FORMAT.new", "KEY", "KEY.new"};
  static constexpr std::array<std::string_view, 2> folders = {"segments", "catalogue"};
  return std::ranges::all_of(names, [&](const std::string& name) {
    if (std::ranges::find(plain, name) != plain.end()) return true;
    if (std::ranges::find(folders, name) == folders.end()) return false;
    const auto inside = files.list(path + "/" + name);
    return inside && inside->empty();
  });
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
  if (!text) return base::fail(text.error());
  const std::string_view all = *text;
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

base::Result<void> read_key(io::FileSystem& files, const std::string& path,
                            std::array<std::byte, Folder::key_bytes>& key) {
  const std::string name = path + "/" + std::string(key_name);
  const auto text = files.read_all(name, Folder::key_bytes);
  if (!text) return base::fail(text.error());
  if (text->size() != key.size()) return base::fail(base::Errc::data_loss, name + " is damaged: it is too short");
  std::memcpy(key.data(), text->data(), key.size());
  return {};
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
  if (!*ours) {
    // FORMAT comes last: a folder that has it is complete.
    for (const std::string& part : {folder.segments(), folder.catalogue()}) {
      if (auto made = make_durable_directory(files, part); !made) return base::fail(std::move(made.error()));
    }
    random.fill(folder.key_);
    const auto key = replace_file(files, path, std::string(key_name), folder.key_, io::OpenMode::create_private);
    if (!key) return base::fail(key.error());
    const std::string format = fmt::format("{}{}\n", format_prefix, version);
    const auto written = replace_file(files, path, std::string(format_name), std::as_bytes(std::span(format)));
    if (!written) return base::fail(written.error());
    return folder;
  }
  if (auto read = read_key(files, path, folder.key_); !read) return base::fail(std::move(read.error()));
  return folder;
}

}  // namespace millrace::log::segment
