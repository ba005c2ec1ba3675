#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include "io/system.h"

namespace millrace::io {
namespace {

constexpr std::size_t holder_digits_max = 24;    // of a process id and its line end
constexpr std::uint64_t stat_block_bytes = 512;  // unit of st_blocks, whatever the file system's blocks are

std::unexpected<base::Error> refused(std::string_view verb, const std::string& path, int errno_value) {
  base::Errc code = base::Errc::io;
  if (errno_value == ENOENT) code = base::Errc::not_found;
  if (errno_value == EEXIST) code = base::Errc::exists;
  if (errno_value == ENOSPC || errno_value == EDQUOT) code = base::Errc::full;
  return base::fail(code,
                    "cannot " + std::string(verb) + " " + path + ": " + std::generic_category().message(errno_value),
                    errno_value);
}

int open_retrying(const std::string& path, int flags, mode_t permissions = 0640) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, permissions);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

class SystemFile final : public File {
 public:
  SystemFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  SystemFile(const SystemFile&) = delete;
  SystemFile& operator=(const SystemFile&) = delete;
  ~SystemFile() override { ::close(fd_); }

  base::Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(fd_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return refused("read", path_, errno);
      }
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  base::Result<void> write_at(std::uint64_t offset, std::span<const std::byte> from) override {
    std::size_t done = 0;
    while (done < from.size()) {
      const ssize_t put = ::pwrite(fd_, from.data() + done, from.size() - done, static_cast<off_t>(offset + done));
      if (put < 0) {
        if (errno == EINTR) continue;
        return refused("write", path_, errno);
      }
      done += static_cast<std::size_t>(put);
    }
    return {};
  }

  base::Result<void> sync() override {
    // Not tried again: after a failed sync the kernel may have dropped the pages and would report success.
    if (::fdatasync(fd_) != 0) return refused("sync", path_, errno);
    return {};
  }

  base::Result<std::uint64_t> size() override {
    struct stat status{};
    if (::fstat(fd_, &status) != 0) return refused("stat", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  base::Result<void> truncate(std::uint64_t size) override {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return refused("truncate", path_, errno);
    return {};
  }

  base::Result<void> allocate(std::uint64_t offset, std::uint64_t size) override {
    auto done = fallocate_retrying(0, "allocate", offset, size);
    if (done || !lacks_support(done.error().sys)) return done;
    // A file system that reserves nothing: the size is there, and a write may still meet a full disk.
    const auto had = this->size();
    if (!had) return base::fail(had.error());
    if (*had >= offset + size) return {};
    return truncate(offset + size);
  }

  base::Result<void> punch(std::uint64_t offset, std::uint64_t size) override {
    return fallocate_retrying(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, "punch a hole into", offset, size);
  }

  base::Result<std::uint64_t> allocated() override {
    struct stat status{};
    if (::fstat(fd_, &status) != 0) return refused("stat", path_, errno);
    return static_cast<std::uint64_t>(status.st_blocks) * stat_block_bytes;
  }

  void will_need(std::uint64_t offset, std::uint64_t size) override {
    ::posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_WILLNEED);
  }

  void expect_random_reads() override { ::posix_fadvise(fd_, 0, 0, POSIX_FADV_RANDOM); }

 private:
  static bool lacks_support(int errno_value) {
    return errno_value == EOPNOTSUPP || errno_value == ENOSYS || errno_value == EINVAL;
  }

  base::Result<void> fallocate_retrying(int mode, std::string_view verb, std::uint64_t offset, std::uint64_t size) {
    while (::fallocate(fd_, mode, static_cast<off_t>(offset), static_cast<off_t>(size)) != 0) {
      if (errno != EINTR) return refused(verb, path_, errno);
    }
    return {};
  }

  int fd_;
  std::string path_;
};

// The kernel lets go of it when the descriptor is closed, by whatever end of the process.
class SystemFileLock final : public FileLock {
 public:
  explicit SystemFileLock(int fd) : fd_(fd) {}
  SystemFileLock(const SystemFileLock&) = delete;
  SystemFileLock& operator=(const SystemFileLock&) = delete;
  ~SystemFileLock() override { ::close(fd_); }

 private:
  int fd_;
};

class SystemFiles final : public FileSystem {
 public:
  base::Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    int flags = O_RDWR;
    if (mode == OpenMode::read) flags = O_RDONLY;
    if (mode == OpenMode::create) flags |= O_CREAT;
    if (mode == OpenMode::create_new || mode == OpenMode::create_private) flags |= O_CREAT | O_EXCL;
    const int fd = open_retrying(path, flags, mode == OpenMode::create_private ? 0600 : 0640);
    if (fd < 0) return refused("open", path, errno);
    return std::make_unique<SystemFile>(fd, path);
  }

  base::Result<std::string> read_all(const std::string& path, std::size_t bytes_max) override {
    auto file = open(path, OpenMode::read);
    if (!file) return base::fail(std::move(file.error()));
    // One byte more than allowed tells a file that is too large from one that just fits. Not by the size it reports:
    // that is 0 for what /proc and /sys hold.
    std::string content;
    while (content.size() <= bytes_max) {
      const std::size_t had = content.size();
      const std::size_t want = std::min(bytes_max + 1 - had, std::max<std::size_t>(had, 4096));
      content.resize(had + want);
      const auto got = (*file)->read_at(had, std::as_writable_bytes(std::span(content)).subspan(had));
      if (!got) return base::fail(got.error());
      content.resize(had + *got);
      if (*got < want) return content;
    }
    return base::fail(base::Errc::too_large, path + " is larger than " + std::to_string(bytes_max) + " bytes");
  }

  base::Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return refused("rename", from, errno);
    return {};
  }

  base::Result<void> remove(const std::string& path) override {
    if (::remove(path.c_str()) != 0) return refused("remove", path, errno);
    return {};
  }

  base::Result<void> make_directory(const std::string& path) override {
    for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
      const std::string parent = path.substr(0, slash);
      struct stat status{};
      if (::mkdir(parent.c_str(), 0750) != 0) {
        const int failed = errno;
        if (::stat(parent.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
          return refused("make the folder", parent, failed);
        }
      }
      if (slash == std::string::npos) return {};
    }
  }

  base::Result<std::vector<std::string>> list(const std::string& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
    if (folder == nullptr) return refused("list", path, errno);
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(folder.get());
      if (entry == nullptr) {
        if (errno != 0) return refused("list", path, errno);
        break;
      }
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    std::ranges::sort(names);
    return names;
  }

  base::Result<void> sync_directory(const std::string& path) override {
    const int fd = open_retrying(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return refused("open", path, errno);
    const int failed = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    if (failed != 0) return refused("sync", path, failed);
    return {};
  }

  base::Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    const int fd = open_retrying(path, O_RDWR | O_CREAT);
    if (fd < 0) return refused("open", path, errno);
    auto held = std::make_unique<SystemFileLock>(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return refused("lock", path, errno);
      char holder[holder_digits_max] = {};
      const ssize_t got = ::pread(fd, holder, sizeof holder, 0);
      const std::string_view id(holder, got > 0 ? static_cast<std::size_t>(got) : 0);
      return base::fail(base::Errc::exists,
                        "cannot lock " + path + ": process " + std::string(id.substr(0, id.find('\n'))) + " holds it",
                        EWOULDBLOCK);
    }
    const std::string id = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd, 0) != 0) return refused("truncate", path, errno);
    if (::pwrite(fd, id.data(), id.size(), 0) != static_cast<ssize_t>(id.size())) return refused("write", path, errno);
    return held;
  }

  base::Result<std::uint64_t> free_bytes(const std::string& path) override {
    struct statvfs status{};
    if (::statvfs(path.c_str(), &status) != 0) return refused("measure", path, errno);
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
  }
};

}  // namespace

std::unique_ptr<FileSystem> system_files() {
  return std::make_unique<SystemFiles>();
}

}  // namespace millrace::io
