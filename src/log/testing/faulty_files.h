#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/file.h"

namespace millrace::log::testing {

// A tree of files in which anything that changes the disk may be refused. `before` is asked before each such call, with
// its name and the path; an error is what the call then gives, with nothing done.
class FaultyFiles final : public io::FileSystem {
 public:
  enum class Call : std::uint8_t {
    create,
    write,
    sync,
    truncate,
    allocate,
    punch,
    rename,
    remove,
    make_directory,
    sync_directory,
    lock
  };
  using Before = std::function<base::Result<void>(Call, const std::string& path)>;

  FaultyFiles(io::FileSystem& files, Before before)
      : files_(files), before_(std::make_shared<Before>(std::move(before))) {}

  base::Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override {
    if (mode != io::OpenMode::read && mode != io::OpenMode::write) {
      if (auto may = (*before_)(Call::create, path); !may) return base::fail(std::move(may.error()));
    }
    auto file = files_.open(path, mode);
    if (!file) return file;
    return std::make_unique<File>(std::move(*file), path, before_);
  }
  base::Result<std::string> read_all(const std::string& path, std::size_t bytes_max) override {
    return files_.read_all(path, bytes_max);
  }
  base::Result<void> rename(const std::string& from, const std::string& to) override {
    return checked(Call::rename, to, [&] { return files_.rename(from, to); });
  }
  base::Result<void> remove(const std::string& path) override {
    return checked(Call::remove, path, [&] { return files_.remove(path); });
  }
  base::Result<void> make_directory(const std::string& path) override {
    return checked(Call::make_directory, path, [&] { return files_.make_directory(path); });
  }
  base::Result<std::vector<std::string>> list(const std::string& path) override { return files_.list(path); }
  base::Result<void> sync_directory(const std::string& path) override {
    return checked(Call::sync_directory, path, [&] { return files_.sync_directory(path); });
  }
  base::Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override {
    if (auto may = (*before_)(Call::lock, path); !may) return base::fail(std::move(may.error()));
    return files_.lock(path);
  }
  base::Result<std::uint64_t> free_bytes(const std::string& path) override { return files_.free_bytes(path); }

 private:
  class File final : public io::File {
   public:
    File(std::unique_ptr<io::File> file, std::string path, std::shared_ptr<Before> before)
        : file_(std::move(file)), path_(std::move(path)), before_(std::move(before)) {}

    base::Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
      return file_->read_at(offset, into);
    }
    base::Result<void> write_at(std::uint64_t offset, std::span<const std::byte> from) override {
      return checked(Call::write, [&] { return file_->write_at(offset, from); });
    }
    base::Result<void> sync() override {
      return checked(Call::sync, [&] { return file_->sync(); });
    }
    base::Result<std::uint64_t> size() override { return file_->size(); }
    base::Result<void> truncate(std::uint64_t size) override {
      return checked(Call::truncate, [&] { return file_->truncate(size); });
    }
    base::Result<void> allocate(std::uint64_t offset, std::uint64_t size) override {
      return checked(Call::allocate, [&] { return file_->allocate(offset, size); });
    }
    base::Result<void> punch(std::uint64_t offset, std::uint64_t size) override {
      return checked(Call::punch, [&] { return file_->punch(offset, size); });
    }
    base::Result<std::uint64_t> allocated() override { return file_->allocated(); }
    void will_need(std::uint64_t offset, std::uint64_t size) override { file_->will_need(offset, size); }
    void expect_random_reads() override { file_->expect_random_reads(); }

   private:
    template <class F>
    base::Result<void> checked(Call call, F&& then) {
      if (auto may = (*before_)(call, path_); !may) return may;
      return then();
    }

    std::unique_ptr<io::File> file_;
    std::string path_;
    std::shared_ptr<Before> before_;
  };

  template <class F>
  base::Result<void> checked(Call call, const std::string& path, F&& then) {
    if (auto may = (*before_)(call, path); !may) return may;
    return then();
  }

  io::FileSystem& files_;
  std::shared_ptr<Before> before_;
};

}  // namespace millrace::log::testing
