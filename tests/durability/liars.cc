#include "tests/durability/liars.h"

#include <utility>

namespace millrace::durability {
namespace {

using log::LogId;
using log::Position;
using log::segment::IndexBatch;
using log::segment::IndexRow;
using log::segment::IndexStore;

struct Lies {
  Skips skips;
  bool begun = false;
};

class LyingFile final : public io::File {
 public:
  LyingFile(std::unique_ptr<io::File> file, std::string path, std::shared_ptr<Lies> lies)
      : file_(std::move(file)), path_(std::move(path)), lies_(std::move(lies)) {}

  base::Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    return file_->read_at(offset, into);
  }
  base::Result<void> write_at(std::uint64_t offset, std::span<const std::byte> from) override {
    lies_->begun = lies_->begun || (offset == 0 && path_.ends_with(".seg"));
    return file_->write_at(offset, from);
  }
  base::Result<void> sync() override {
    if (lies_->skips(Skippable::sync, path_, lies_->begun)) return {};
    return file_->sync();
  }
  base::Result<std::uint64_t> size() override { return file_->size(); }
  base::Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }
  base::Result<void> allocate(std::uint64_t offset, std::uint64_t size) override {
    return file_->allocate(offset, size);
  }
  base::Result<void> punch(std::uint64_t offset, std::uint64_t size) override { return file_->punch(offset, size); }
  base::Result<std::uint64_t> allocated() override { return file_->allocated(); }
  void will_need(std::uint64_t offset, std::uint64_t size) override { file_->will_need(offset, size); }
  void expect_random_reads() override { file_->expect_random_reads(); }

 private:
  std::unique_ptr<io::File> file_;
  std::string path_;
  std::shared_ptr<Lies> lies_;
};

class LyingFiles final : public io::FileSystem {
 public:
  LyingFiles(io::FileSystem& files, Skips skips)
      : files_(files), lies_(std::make_shared<Lies>(Lies{.skips = std::move(skips)})) {}

  base::Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override {
    auto file = files_.open(path, mode);
    if (!file) return file;
    return std::make_unique<LyingFile>(std::move(*file), path, lies_);
  }
  base::Result<std::string> read_all(const std::string& path, std::size_t bytes_max) override {
    return files_.read_all(path, bytes_max);
  }
  base::Result<void> rename(const std::string& from, const std::string& to) override { return files_.rename(from, to); }
  base::Result<void> remove(const std::string& path) override { return files_.remove(path); }
  base::Result<void> make_directory(const std::string& path) override { return files_.make_directory(path); }
  base::Result<std::vector<std::string>> list(const std::string& path) override { return files_.list(path); }
  base::Result<void> sync_directory(const std::string& path) override {
    if (lies_->skips(Skippable::sync_directory, path, lies_->begun)) return {};
    return files_.sync_directory(path);
  }
  base::Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override { return files_.lock(path); }
  base::Result<std::uint64_t> free_bytes(const std::string& path) override { return files_.free_bytes(path); }

 private:
  io::FileSystem& files_;
  std::shared_ptr<Lies> lies_;
};

// Passes everything on.
class PassingIndex : public IndexStore {
 public:
  explicit PassingIndex(std::unique_ptr<IndexStore> index) : index_(std::move(index)) {}

  base::Result<void> write(const IndexBatch& batch) override { return index_->write(batch); }
  base::Result<void> flush() override { return index_->flush(); }
  base::Result<std::optional<IndexRow>> seek(LogId log, Position position) override {
    return index_->seek(log, position);
  }
  base::Result<std::vector<IndexRow>> scan(LogId log, Position position, std::size_t rows_max) override {
    return index_->scan(log, position, rows_max);
  }
  base::Result<std::optional<IndexRow>> seek_time(LogId log, std::int64_t arrival_ms) override {
    return index_->seek_time(log, arrival_ms);
  }
  base::Result<std::optional<IndexRow>> last(LogId log) override { return index_->last(log); }
  base::Result<std::vector<log::segment::LogRow>> logs() override { return index_->logs(); }
  base::Result<std::vector<log::segment::SegmentUsage>> usages() override { return index_->usages(); }
  base::Result<std::optional<log::segment::Watermark>> watermark() override { return index_->watermark(); }
  base::Result<std::optional<std::string>> value(const std::string& name) override { return index_->value(name); }
  base::Result<void> compact() override { return index_->compact(); }

 protected:
  IndexStore& index() { return *index_; }

 private:
  std::unique_ptr<IndexStore> index_;
};

class WatermarkFirst final : public PassingIndex {
 public:
  using PassingIndex::PassingIndex;

  base::Result<void> write(const IndexBatch& batch) override {
    IndexBatch first;
    first.watermark = batch.watermark;
    first.put_usages = batch.put_usages;
    if (auto written = index().write(first); !written) return written;
    if (auto flushed = index().flush(); !flushed) return flushed;
    return index().write(batch);
  }
};

class LazyIndex final : public PassingIndex {
 public:
  LazyIndex(std::unique_ptr<IndexStore> index, IsLost is_lost)
      : PassingIndex(std::move(index)), is_lost_(std::move(is_lost)) {}

  base::Result<void> write(const IndexBatch& batch) override {
    skips_ = is_lost_(batch);
    return index().write(batch);
  }
  base::Result<void> flush() override { return skips_ ? base::Result<void>() : index().flush(); }

 private:
  IsLost is_lost_;
  bool skips_ = false;
};

}  // namespace

std::unique_ptr<io::FileSystem> make_lying_files(io::FileSystem& files, Skips skips) {
  return std::make_unique<LyingFiles>(files, std::move(skips));
}

std::unique_ptr<IndexStore> make_watermark_first(std::unique_ptr<IndexStore> index) {
  return std::make_unique<WatermarkFirst>(std::move(index));
}

std::unique_ptr<IndexStore> make_lazy_index(std::unique_ptr<IndexStore> index, IsLost is_lost) {
  return std::make_unique<LazyIndex>(std::move(index), std::move(is_lost));
}

}  // namespace millrace::durability
