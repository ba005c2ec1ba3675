#include "sim/sim_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <set>
#include <utility>

namespace millrace::sim {
namespace {

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

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

std::unexpected<base::Error> failed(std::string_view verb, const std::string& path, int sys) {
  return refused(sys == ENOSPC || sys == EDQUOT ? base::Errc::full : base::Errc::io, verb, path, sys);
}

}  // namespace

struct SimFileSystem::Disk {
  base::Mutex mutex;
  DiskImage image MILLRACE_GUARDED_BY(mutex);
  std::uint64_t capacity MILLRACE_GUARDED_BY(mutex) = 0;
  std::uint64_t life MILLRACE_GUARDED_BY(mutex) = 0;
  std::uint64_t events MILLRACE_GUARDED_BY(mutex) = 0;
  std::uint64_t syncs MILLRACE_GUARDED_BY(mutex) = 0;
  std::uint64_t writes MILLRACE_GUARDED_BY(mutex) = 0;
  bool recording MILLRACE_GUARDED_BY(mutex) = false;
  std::vector<DiskEvent> recorded MILLRACE_GUARDED_BY(mutex);
  std::uint64_t failing_at MILLRACE_GUARDED_BY(mutex) = never;
  std::uint64_t failing_from MILLRACE_GUARDED_BY(mutex) = never;
  int failing_at_sys MILLRACE_GUARDED_BY(mutex) = 0;
  int failing_from_sys MILLRACE_GUARDED_BY(mutex) = 0;
  std::set<std::string> locked MILLRACE_GUARDED_BY(mutex);

  std::uint64_t free() const MILLRACE_REQUIRES(mutex) { return capacity - std::min(capacity, image.used_bytes()); }

  // Does the event, or what a failure leaves of it. The errno of the failure, or 0.
  int attempt(DiskEvent event) MILLRACE_REQUIRES(mutex) {
    ++events;
    int sys = 0;
    if (events >= failing_from) {
      sys = failing_from_sys;
      event = DiskEvent();
    } else if (events == failing_at) {
      sys = failing_at_sys;
      shrink(event);
    }
    if (sys == 0 && is_write(event)) {
      const std::uint64_t bytes = event.bytes ? event.bytes->size() : event.size;
      if (image.missing_bytes(event.inode, event.offset, bytes) > free()) {
        sys = ENOSPC;
        shrink_to_fit(event);
      }
    }
    image.apply(event);
    if (recording) recorded.push_back(std::move(event));
    return sys;
  }

  static bool is_write(const DiskEvent& event) {
    return event.kind == DiskEvent::Kind::write || event.kind == DiskEvent::Kind::allocate;
  }
  static void shrink(DiskEvent& event) {
    if (event.kind == DiskEvent::Kind::write) {
      event.bytes = std::make_shared<const std::string>(event.bytes->substr(0, event.bytes->size() / 2));
    } else {
      event.kind = event.kind == DiskEvent::Kind::sync ? DiskEvent::Kind::failed_sync : DiskEvent::Kind::nothing;
    }
  }
  // A write ends where the space does; of a reservation nothing is kept.
  void shrink_to_fit(DiskEvent& event) MILLRACE_REQUIRES(mutex) {
    if (event.kind == DiskEvent::Kind::allocate) {
      event = DiskEvent();
      return;
    }
    std::uint64_t end = event.offset;
    for (;;) {
      const std::uint64_t next = (end / SparseBytes::page_bytes + 1) * SparseBytes::page_bytes;
      if (image.missing_bytes(event.inode, event.offset, next - event.offset) > free()) break;
      end = next;
    }
    event.bytes = std::make_shared<const std::string>(event.bytes->substr(0, end - event.offset));
  }
};

class SimFileSystem::OpenFile final : public io::File {
 public:
  OpenFile(std::shared_ptr<Disk> disk, Inode inode, std::string path, std::uint64_t life, bool writable)
      : disk_(std::move(disk)), inode_(inode), path_(std::move(path)), life_(life), writable_(writable) {}

  base::Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    const base::Lock lock(disk_->mutex);
    if (disk_->life != life_) return refused(base::Errc::io, "read", path_, EIO);
    return disk_->image.content(inode_).read(offset, into);
  }

  base::Result<void> write_at(std::uint64_t offset, std::span<const std::byte> from) override {
    DiskEvent event{.kind = DiskEvent::Kind::write, .offset = offset};
    event.bytes = std::make_shared<const std::string>(reinterpret_cast<const char*>(from.data()), from.size());
    return change("write", std::move(event));
  }

  base::Result<void> sync() override { return change("sync", {.kind = DiskEvent::Kind::sync}); }

  base::Result<std::uint64_t> size() override {
    const base::Lock lock(disk_->mutex);
    if (disk_->life != life_) return refused(base::Errc::io, "measure", path_, EIO);
    return disk_->image.content(inode_).size();
  }

  base::Result<void> truncate(std::uint64_t size) override {
    return change("truncate", {.kind = DiskEvent::Kind::truncate, .size = size});
  }

  base::Result<void> allocate(std::uint64_t offset, std::uint64_t size) override {
    return change("allocate", {.kind = DiskEvent::Kind::allocate, .offset = offset, .size = size});
  }

  base::Result<void> punch(std::uint64_t offset, std::uint64_t size) override {
    return change("punch a hole into", {.kind = DiskEvent::Kind::punch, .offset = offset, .size = size});
  }

  base::Result<std::uint64_t> allocated() override {
    const base::Lock lock(disk_->mutex);
    if (disk_->life != life_) return refused(base::Errc::io, "measure", path_, EIO);
    return disk_->image.allocated_bytes(inode_);
  }

  void will_need(std::uint64_t /*offset*/, std::uint64_t /*size*/) override {}
  void expect_random_reads() override {}

 private:
  base::Result<void> change(std::string_view verb, DiskEvent event) {
    const base::Lock lock(disk_->mutex);
    const bool is_sync = event.kind == DiskEvent::Kind::sync;
    if (!writable_ && !is_sync) return refused(base::Errc::io, verb, path_, EBADF);
    if (disk_->life != life_) return refused(base::Errc::io, verb, path_, EIO);
    event.path = path_;
    event.inode = inode_;
    ++(is_sync ? disk_->syncs : disk_->writes);
    if (const int sys = disk_->attempt(std::move(event)); sys != 0) return failed(verb, path_, sys);
    return {};
  }

  std::shared_ptr<Disk> disk_;
  Inode inode_;
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

SimFileSystem::SimFileSystem(std::uint64_t free_bytes) : SimFileSystem(DiskImage(), free_bytes) {}

SimFileSystem::SimFileSystem(DiskImage image, std::uint64_t free_bytes) : disk_(std::make_shared<Disk>()) {
  const base::Lock lock(disk_->mutex);
  disk_->capacity = image.used_bytes() + free_bytes;
  disk_->image = std::move(image);
}

void SimFileSystem::crash() {
  SimRandom unused(0);
  crash(CutKind::none, unused);
}

void SimFileSystem::crash(SimRandom& random) {
  crash(CutKind::random, random);
}

void SimFileSystem::crash(CutKind kind, SimRandom& random) {
  const base::Lock lock(disk_->mutex);
  ++disk_->life;
  disk_->locked.clear();
  disk_->failing_at = disk_->failing_from = never;
  disk_->image = disk_->image.after_cut(kind, random);
}

void SimFileSystem::record() {
  const base::Lock lock(disk_->mutex);
  disk_->recording = true;
}

std::vector<DiskEvent> SimFileSystem::recorded() const {
  const base::Lock lock(disk_->mutex);
  return disk_->recorded;
}

DiskImage SimFileSystem::image() const {
  const base::Lock lock(disk_->mutex);
  return disk_->image;
}

std::uint64_t SimFileSystem::events() const {
  const base::Lock lock(disk_->mutex);
  return disk_->events;
}

std::uint64_t SimFileSystem::syncs() const {
  const base::Lock lock(disk_->mutex);
  return disk_->syncs;
}

std::uint64_t SimFileSystem::writes() const {
  const base::Lock lock(disk_->mutex);
  return disk_->writes;
}

void SimFileSystem::fail_at(std::uint64_t event, int sys) {
  const base::Lock lock(disk_->mutex);
  disk_->failing_at = event;
  disk_->failing_at_sys = sys;
}

void SimFileSystem::fail_from(std::uint64_t event, int sys) {
  const base::Lock lock(disk_->mutex);
  disk_->failing_from = event;
  disk_->failing_from_sys = sys;
}

void SimFileSystem::set_free_bytes(std::uint64_t bytes) {
  const base::Lock lock(disk_->mutex);
  disk_->capacity = disk_->image.used_bytes() + bytes;
}

void SimFileSystem::flip_bit(const std::string& path, std::uint64_t offset, unsigned bit) {
  const base::Lock lock(disk_->mutex);
  disk_->image.flip_bit(*disk_->image.find(path), offset, bit);
}

base::Result<void> SimFileSystem::write_store(std::shared_ptr<const void> picture) {
  const base::Lock lock(disk_->mutex);
  const int sys = disk_->attempt({.kind = DiskEvent::Kind::store_write, .store = std::move(picture)});
  if (sys != 0) return failed("write", "the store", sys);
  return {};
}

base::Result<void> SimFileSystem::flush_store(std::shared_ptr<const void> picture) {
  const base::Lock lock(disk_->mutex);
  const int sys = disk_->attempt({.kind = DiskEvent::Kind::store_flush, .store = std::move(picture)});
  if (sys != 0) return failed("flush", "the store", sys);
  return {};
}

base::Result<std::unique_ptr<io::FileLock>> SimFileSystem::lock(const std::string& path) {
  if (auto made = open(path, io::OpenMode::create); !made) return base::fail(std::move(made.error()));
  const base::Lock lock(disk_->mutex);
  if (!disk_->locked.insert(path).second) {
    return base::fail(base::Errc::exists, "cannot lock " + path + ": process 1 holds it", EWOULDBLOCK);
  }
  return std::make_unique<Lock>(disk_, path, disk_->life);
}

base::Result<std::unique_ptr<io::File>> SimFileSystem::open(const std::string& path, io::OpenMode mode) {
  const base::Lock lock(disk_->mutex);
  DiskImage& image = disk_->image;
  auto inode = image.find(path);
  const bool only_new = mode == io::OpenMode::create_new || mode == io::OpenMode::create_private;
  if (inode && only_new) return refused(base::Errc::exists, "open", path, EEXIST);
  if (inode && image.is_folder(*inode)) return refused(base::Errc::io, "open", path, EISDIR);
  if (!inode) {
    const bool makes = mode == io::OpenMode::create || only_new;
    if (!makes || !image.is_folder(parent_of(path))) return refused(base::Errc::not_found, "open", path, ENOENT);
    inode = image.next_inode();
    const int sys = disk_->attempt({.kind = DiskEvent::Kind::create, .path = path, .inode = *inode});
    if (sys != 0) return failed("open", path, sys);
  }
  return std::make_unique<OpenFile>(disk_, *inode, path, disk_->life, mode != io::OpenMode::read);
}

base::Result<std::string> SimFileSystem::read_all(const std::string& path, std::size_t bytes_max) {
  const base::Lock lock(disk_->mutex);
  const auto inode = disk_->image.find(path);
  if (!inode || disk_->image.is_folder(*inode)) return refused(base::Errc::not_found, "open", path, ENOENT);
  const SparseBytes& content = disk_->image.content(*inode);
  if (content.size() > bytes_max) {
    return base::fail(base::Errc::too_large, path + " is larger than " + std::to_string(bytes_max) + " bytes");
  }
  std::string all(static_cast<std::size_t>(content.size()), '\0');
  content.read(0, std::as_writable_bytes(std::span(all)));
  return all;
}

base::Result<void> SimFileSystem::rename(const std::string& from, const std::string& to) {
  const base::Lock lock(disk_->mutex);
  const auto inode = disk_->image.find(from);
  if (!inode || !disk_->image.is_folder(parent_of(to))) return refused(base::Errc::not_found, "rename", from, ENOENT);
  if (disk_->image.is_folder(*inode) || disk_->image.is_folder(to)) {
    return refused(base::Errc::io, "rename", from, EISDIR);
  }
  if (from == to) return {};
  const int sys = disk_->attempt({.kind = DiskEvent::Kind::rename, .path = from, .to = to});
  if (sys != 0) return failed("rename", from, sys);
  return {};
}

base::Result<void> SimFileSystem::remove(const std::string& path) {
  const base::Lock lock(disk_->mutex);
  const auto inode = disk_->image.find(path);
  if (!inode) return refused(base::Errc::not_found, "remove", path, ENOENT);
  if (disk_->image.is_folder(*inode) && !disk_->image.list(path).empty()) {
    return refused(base::Errc::io, "remove", path, ENOTEMPTY);
  }
  const int sys = disk_->attempt({.kind = DiskEvent::Kind::remove, .path = path});
  if (sys != 0) return failed("remove", path, sys);
  return {};
}

base::Result<void> SimFileSystem::make_directory(const std::string& path) {
  const base::Lock lock(disk_->mutex);
  DiskImage& image = disk_->image;
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (!image.is_folder(part)) {
      if (image.find(part)) return refused(base::Errc::exists, "make the folder", part, EEXIST);
      const int sys =
          disk_->attempt({.kind = DiskEvent::Kind::make_directory, .path = part, .inode = image.next_inode()});
      if (sys != 0) return failed("make the folder", part, sys);
    }
    if (slash == std::string::npos) return {};
  }
}

base::Result<std::vector<std::string>> SimFileSystem::list(const std::string& path) {
  const base::Lock lock(disk_->mutex);
  const std::string folder = without_trailing_slash(path);
  if (!disk_->image.is_folder(folder)) return refused(base::Errc::not_found, "list", path, ENOENT);
  return disk_->image.list(folder);
}

base::Result<void> SimFileSystem::sync_directory(const std::string& path) {
  const base::Lock lock(disk_->mutex);
  const std::string folder = without_trailing_slash(path);
  if (!disk_->image.is_folder(folder)) return refused(base::Errc::not_found, "sync", path, ENOENT);
  ++disk_->syncs;
  const int sys = disk_->attempt({.kind = DiskEvent::Kind::sync_directory, .path = folder});
  if (sys != 0) return failed("sync", path, sys);
  return {};
}

base::Result<std::uint64_t> SimFileSystem::free_bytes(const std::string& path) {
  const base::Lock lock(disk_->mutex);
  if (!disk_->image.is_folder(without_trailing_slash(path))) {
    return refused(base::Errc::not_found, "measure", path, ENOENT);
  }
  return disk_->free();
}

}  // namespace millrace::sim
