#include "sim/sim_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace millrace::sim {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  return path;
}

std::unexpected<base::Error> refused(base::Errc code, std::string_view verb, const std::string& path, int sys) {
  return base::fail(code, "cannot " + std::string(verb) + " " + path + ": " + std::strerror(sys), sys);
}

// A change of a file's content that is not synced.
struct Change {
  std::uint64_t offset = 0;
  std::string bytes;                         // written there
  std::optional<std::uint64_t> truncate_to;  // instead
};

void apply_change(std::string& content, const Change& change) {
  if (change.truncate_to) {
    content.resize(*change.truncate_to, '\0');
    return;
  }
  const std::size_t end = change.offset + change.bytes.size();
  if (content.size() < end) content.resize(end, '\0');
  content.replace(change.offset, change.bytes.size(), change.bytes);
}

}  // namespace

// A file or, where `folder` is set, a folder, apart from its name.
struct SimFileSystem::Node {
  bool folder = false;
  std::string content;
  std::string synced;
  std::vector<Change> unsynced;
};

struct SimFileSystem::Disk {
  using Entries = std::map<std::string, std::shared_ptr<Node>>;

  base::Mutex mutex;
  Entries entries MILLRACE_GUARDED_BY(mutex);  // by path, as the process sees them
  Entries durable MILLRACE_GUARDED_BY(mutex);  // by path, as a power cut leaves them
  std::uint64_t life MILLRACE_GUARDED_BY(mutex) = 0;
  std::uint64_t syncs MILLRACE_GUARDED_BY(mutex) = 0;
  std::uint64_t writes MILLRACE_GUARDED_BY(mutex) = 0;
  std::uint64_t free_bytes = 0;
  std::set<std::string> locked MILLRACE_GUARDED_BY(mutex);

  std::shared_ptr<Node> find(const std::string& path) MILLRACE_REQUIRES(mutex) {
    const auto found = entries.find(path);
    return found == entries.end() ? nullptr : found->second;
  }
  bool is_folder(const std::string& path) MILLRACE_REQUIRES(mutex) {
    if (path == "/" || path == ".") return true;
    const auto node = find(path);
    return node != nullptr && node->folder;
  }
};

class SimFileSystem::OpenFile final : public io::File {
 public:
  OpenFile(std::shared_ptr<Disk> disk, std::shared_ptr<Node> node, std::string path, std::uint64_t life, bool writable)
      : disk_(std::move(disk)), node_(std::move(node)), path_(std::move(path)), life_(life), writable_(writable) {}

  base::Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    const base::Lock lock(disk_->mutex);
    if (disk_->life != life_) return refused(base::Errc::io, "read", path_, EIO);
    const std::string& content = node_->content;
    if (offset >= content.size()) return 0;
    const std::size_t n = std::min<std::size_t>(into.size(), content.size() - offset);
    std::memcpy(into.data(), content.data() + offset, n);
    return n;
  }

  base::Result<void> write_at(std::uint64_t offset, std::span<const std::byte> from) override {
    Change change{.offset = offset, .bytes = std::string(from.size(), '\0'), .truncate_to = {}};
    std::memcpy(change.bytes.data(), from.data(), from.size());
    return this->change("write", std::move(change));
  }

  base::Result<void> sync() override {
    const base::Lock lock(disk_->mutex);
    if (disk_->life != life_) return refused(base::Errc::io, "sync", path_, EIO);
    node_->synced = node_->content;
    node_->unsynced.clear();
    ++disk_->syncs;
    return {};
  }

  base::Result<std::uint64_t> size() override {
    const base::Lock lock(disk_->mutex);
    return node_->content.size();
  }

  base::Result<void> truncate(std::uint64_t size) override {
    return change("truncate", Change{.offset = 0, .bytes = {}, .truncate_to = size});
  }

  base::Result<void> allocate(std::uint64_t offset, std::uint64_t size) override {
    std::uint64_t now = 0;
    {
      const base::Lock lock(disk_->mutex);
      now = node_->content.size();
    }
    if (now >= offset + size) return {};
    return change("allocate", Change{.offset = 0, .bytes = {}, .truncate_to = offset + size});
  }

  base::Result<void> punch(std::uint64_t offset, std::uint64_t size) override {
    std::uint64_t end = offset + size;
    {
      const base::Lock lock(disk_->mutex);
      end = std::min<std::uint64_t>(end, node_->content.size());
    }
    if (end <= offset) return {};
    return change("punch a hole into",
                  Change{.offset = offset, .bytes = std::string(end - offset, '\0'), .truncate_to = {}});
  }

  // Whole pages of zeros take nothing, as if each were a hole.
  base::Result<std::uint64_t> allocated() override {
    constexpr std::size_t page_bytes = 4096;
    const base::Lock lock(disk_->mutex);
    const std::string_view content = node_->content;
    std::uint64_t bytes = 0;
    for (std::size_t at = 0; at < content.size(); at += page_bytes) {
      if (content.substr(at, page_bytes).find_first_not_of('\0') != std::string_view::npos) bytes += page_bytes;
    }
    return bytes;
  }

  void will_need(std::uint64_t /*offset*/, std::uint64_t /*size*/) override {}
  void expect_random_reads() override {}

 private:
  base::Result<void> change(std::string_view verb, Change change) {
    const base::Lock lock(disk_->mutex);
    if (!writable_) return refused(base::Errc::io, verb, path_, EBADF);
    if (disk_->life != life_) return refused(base::Errc::io, verb, path_, EIO);
    apply_change(node_->content, change);
    node_->unsynced.push_back(std::move(change));
    ++disk_->writes;
    return {};
  }

  std::shared_ptr<Disk> disk_;
  std::shared_ptr<Node> node_;
  std::string path_;
  std::uint64_t life_;
  bool writable_;
};

class SimFileSystem::Lock final : public io::FileLock {
 public:
  Lock(std::shared_ptr<Disk> disk, std::string path, std::uint64_t life)
      : disk_(std::move(disk)), path_(std::move(path)), life_(life) {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() override {
    const base::Lock lock(disk_->mutex);
    if (disk_->life == life_) disk_->locked.erase(path_);
  }

 private:
  std::shared_ptr<Disk> disk_;
  std::string path_;
  std::uint64_t life_;
};

SimFileSystem::SimFileSystem(std::uint64_t free_bytes) : disk_(std::make_shared<Disk>()) {
  disk_->free_bytes = free_bytes;
}

base::Result<std::unique_ptr<io::FileLock>> SimFileSystem::lock(const std::string& path) {
  if (auto made = open(path, io::OpenMode::create); !made) return base::fail(std::move(made.error()));
  const base::Lock lock(disk_->mutex);
  if (!disk_->locked.insert(path).second) {
    return base::fail(base::Errc::exists, "cannot lock " + path + ": process 1 holds it", EWOULDBLOCK);
  }
  return std::make_unique<Lock>(disk_, path, disk_->life);
}

void SimFileSystem::crash() {
  crash_with(nullptr);
}
void SimFileSystem::crash(SimRandom& random) {
  crash_with(&random);
}

void SimFileSystem::crash_with(SimRandom* random) {
  const base::Lock lock(disk_->mutex);
  ++disk_->life;
  disk_->locked.clear();
  Disk::Entries left = disk_->durable;
  if (random != nullptr) {
    for (const auto& [path, node] : disk_->entries) {
      if (random->below(2) == 0) left[path] = node;
    }
    for (const auto& [path, node] : disk_->durable) {
      if (!disk_->entries.contains(path) && random->below(2) == 0) left.erase(path);
    }
  }
  // What lies below a folder that did not survive cannot be reached. Paths are sorted, so parents come first.
  for (auto entry = left.begin(); entry != left.end();) {
    const std::string parent = parent_of(entry->first);
    const auto folder = left.find(parent);
    const bool reachable = parent == "/" || parent == "." || (folder != left.end() && folder->second->folder);
    entry = reachable ? std::next(entry) : left.erase(entry);
  }
  for (const auto& [path, node] : left) {
    std::string content = node->synced;
    std::vector<Change> changes = random == nullptr ? std::vector<Change>() : std::move(node->unsynced);
    for (std::size_t i = changes.size(); i > 1; --i)
      std::swap(changes[i - 1], changes[random->below(i)]);
    for (Change& change : changes) {
      const std::uint64_t fate = random->below(3);
      if (fate == 0) continue;
      if (fate == 1 && !change.bytes.empty()) change.bytes.resize(random->below(change.bytes.size()));
      apply_change(content, change);
    }
    node->content = content;
    node->synced = std::move(content);
    node->unsynced.clear();
  }
  disk_->entries = left;
  disk_->durable = std::move(left);
}

std::uint64_t SimFileSystem::syncs() const {
  const base::Lock lock(disk_->mutex);
  return disk_->syncs;
}

std::uint64_t SimFileSystem::writes() const {
  const base::Lock lock(disk_->mutex);
  return disk_->writes;
}

base::Result<std::unique_ptr<io::File>> SimFileSystem::open(const std::string& path, io::OpenMode mode) {
  const base::Lock lock(disk_->mutex);
  std::shared_ptr<Node> node = disk_->find(path);
  const bool only_new = mode == io::OpenMode::create_new || mode == io::OpenMode::create_private;
  if (node != nullptr && only_new) return refused(base::Errc::exists, "open", path, EEXIST);
  if (node != nullptr && node->folder) return refused(base::Errc::io, "open", path, EISDIR);
  if (node == nullptr) {
    const bool makes = mode == io::OpenMode::create || only_new;
    if (!makes || !disk_->is_folder(parent_of(path))) return refused(base::Errc::not_found, "open", path, ENOENT);
    node = std::make_shared<Node>();
    disk_->entries.emplace(path, node);
  }
  return std::make_unique<OpenFile>(disk_, std::move(node), path, disk_->life, mode != io::OpenMode::read);
}

base::Result<std::string> SimFileSystem::read_all(const std::string& path, std::size_t bytes_max) {
  const base::Lock lock(disk_->mutex);
  const auto node = disk_->find(path);
  if (node == nullptr || node->folder) return refused(base::Errc::not_found, "open", path, ENOENT);
  if (node->content.size() > bytes_max) {
    return base::fail(base::Errc::too_large, path + " is larger than " + std::to_string(bytes_max) + " bytes");
  }
  return node->content;
}

base::Result<void> SimFileSystem::rename(const std::string& from, const std::string& to) {
  const base::Lock lock(disk_->mutex);
  const auto node = disk_->find(from);
  if (node == nullptr || !disk_->is_folder(parent_of(to)))
    return refused(base::Errc::not_found, "rename", from, ENOENT);
  if (node->folder || disk_->is_folder(to)) return refused(base::Errc::io, "rename", from, EISDIR);
  disk_->entries[to] = node;
  if (from != to) disk_->entries.erase(from);
  return {};
}

base::Result<void> SimFileSystem::remove(const std::string& path) {
  const base::Lock lock(disk_->mutex);
  const auto node = disk_->find(path);
  if (node == nullptr) return refused(base::Errc::not_found, "remove", path, ENOENT);
  const auto below = disk_->entries.upper_bound(path + "/");
  if (node->folder && below != disk_->entries.end() && below->first.starts_with(path + "/")) {
    return refused(base::Errc::io, "remove", path, ENOTEMPTY);
  }
  disk_->entries.erase(path);
  return {};
}

base::Result<void> SimFileSystem::make_directory(const std::string& path) {
  const base::Lock lock(disk_->mutex);
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    const auto node = disk_->find(part);
    if (node != nullptr && !node->folder) return refused(base::Errc::exists, "make the folder", part, EEXIST);
    if (node == nullptr && part != "/" && part != ".") {
      auto made = std::make_shared<Node>();
      made->folder = true;
      disk_->entries.emplace(part, std::move(made));
    }
    if (slash == std::string::npos) return {};
  }
}

base::Result<std::vector<std::string>> SimFileSystem::list(const std::string& path) {
  const base::Lock lock(disk_->mutex);
  const std::string folder = without_trailing_slash(path);
  if (!disk_->is_folder(folder)) return refused(base::Errc::not_found, "list", path, ENOENT);
  std::vector<std::string> names;
  for (const auto& [entry, node] : disk_->entries) {
    if (entry != folder && parent_of(entry) == folder) names.push_back(entry.substr(entry.rfind('/') + 1));
  }
  std::ranges::sort(names);
  return names;
}

base::Result<void> SimFileSystem::sync_directory(const std::string& path) {
  const base::Lock lock(disk_->mutex);
  const std::string folder = without_trailing_slash(path);
  if (!disk_->is_folder(folder)) return refused(base::Errc::not_found, "sync", path, ENOENT);
  const auto inside = [&](const auto& entry) { return parent_of(entry.first) == folder; };
  std::erase_if(disk_->durable, inside);
  for (const auto& entry : disk_->entries) {
    if (inside(entry)) disk_->durable.insert(entry);
  }
  ++disk_->syncs;
  return {};
}

base::Result<std::uint64_t> SimFileSystem::free_bytes(const std::string& path) {
  const base::Lock lock(disk_->mutex);
  if (!disk_->is_folder(without_trailing_slash(path))) return refused(base::Errc::not_found, "measure", path, ENOENT);
  return disk_->free_bytes;
}

}  // namespace millrace::sim
