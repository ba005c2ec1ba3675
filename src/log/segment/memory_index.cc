#include <map>
#include <utility>

#include "base/mutex.h"
#include "log/segment/index_store.h"
#include "log/segment/packed_index.h"

namespace millrace::log::segment {
namespace {

using Content = std::map<std::string, std::string, std::less<>>;
using Picture = std::shared_ptr<const Content>;

}  // namespace

class MemoryIndexDisk {
 public:
  MemoryIndexDisk() = default;
  explicit MemoryIndexDisk(Picture flushed) : flushed_(std::move(flushed)) {}

  Picture load() const {
    const base::Lock lock(mutex_);
    return flushed_;
  }
  base::Result<void> save(Picture content) {
    const base::Lock lock(mutex_);
    if (full_) return base::fail(base::Errc::full, "the index: no space left in memory that was set full");
    if (observer_) {
      if (auto told = observer_(content, true); !told) return told;
    }
    flushed_ = std::move(content);
    return {};
  }
  base::Result<void> tell_write(const Picture& content) {
    const base::Lock lock(mutex_);
    if (observer_) return observer_(content, false);
    return {};
  }
  void observe(IndexObserver observer) {
    const base::Lock lock(mutex_);
    observer_ = std::move(observer);
  }
  void set_full(bool full) {
    const base::Lock lock(mutex_);
    full_ = full;
  }
  bool flip_bit(std::size_t entry, std::size_t bit) {
    const base::Lock lock(mutex_);
    auto content = std::make_shared<Content>(*flushed_);
    if (entry >= content->size()) return false;
    auto node = content->extract(std::next(content->begin(), static_cast<std::ptrdiff_t>(entry)));
    const std::size_t key_bits = node.key().size() * 8;
    if (bit >= key_bits + node.mapped().size() * 8) return false;
    char& byte = bit < key_bits ? node.key()[bit / 8] : node.mapped()[(bit - key_bits) / 8];
    byte = static_cast<char>(byte ^ (1 << bit % 8));
    content->insert(std::move(node));
    flushed_ = std::move(content);
    return true;
  }

 private:
  mutable base::Mutex mutex_;
  bool full_ MILLRACE_GUARDED_BY(mutex_) = false;
  Picture flushed_ MILLRACE_GUARDED_BY(mutex_) = std::make_shared<Content>();
  IndexObserver observer_ MILLRACE_GUARDED_BY(mutex_);
};

namespace {

class MemoryCursor final : public KeyCursor {
 public:
  MemoryCursor(Picture content, std::string begin, const std::string& end)
      : content_(std::move(content)), begin_(std::move(begin)), end_(content_->lower_bound(end)), at_(end_) {}

  void seek(std::string_view key) override {
    at_ = content_->lower_bound(std::max(key, std::string_view(begin_)));
    if (end_ != content_->end() && at_ != content_->end() && at_->first >= end_->first) at_ = end_;
  }
  void seek_for_prev(std::string_view key) override {
    at_ = content_->upper_bound(key);
    if (end_ != content_->end() && (at_ == content_->end() || at_->first > end_->first)) at_ = end_;
    at_ = at_ != content_->begin() && std::prev(at_)->first >= begin_ ? std::prev(at_) : end_;
  }
  void next() override { ++at_; }
  bool valid() const override { return at_ != end_; }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return at_->second; }
  base::Result<void> status() const override { return {}; }

 private:
  const Picture content_;
  const std::string begin_;
  const Content::const_iterator end_;  // stands for `not valid`
  Content::const_iterator at_;
};

// A write goes into a copy, since cursors and the disk may look at what was before.
class MemoryKeyValues final : public KeyValues {
 public:
  explicit MemoryKeyValues(std::shared_ptr<MemoryIndexDisk> disk) : disk_(std::move(disk)), content_(disk_->load()) {}

  base::Result<void> apply(const std::vector<KeyChange>& changes) override {
    const base::Lock lock(mutex_);
    const auto content = std::make_shared<Content>(*content_);
    for (const KeyChange& change : changes) {
      switch (change.kind) {
        case KeyChange::Kind::put:
          content->insert_or_assign(change.key, change.value);
          break;
        case KeyChange::Kind::remove:
          content->erase(change.key);
          break;
        case KeyChange::Kind::remove_range:
          content->erase(content->lower_bound(change.key), content->lower_bound(change.value));
          break;
      }
    }
    if (auto told = disk_->tell_write(content); !told) return told;
    content_ = content;
    return {};
  }

  base::Result<void> flush() override {
    const base::Lock lock(mutex_);
    return disk_->save(content_);
  }

  base::Result<std::unique_ptr<KeyCursor>> cursor(std::string begin, std::string end) override {
    const base::Lock lock(mutex_);
    return std::make_unique<MemoryCursor>(content_, std::move(begin), end);
  }

  base::Result<std::optional<std::string>> get(const std::string& key) override {
    const base::Lock lock(mutex_);
    const auto found = content_->find(key);
    return found == content_->end() ? std::nullopt : std::optional(found->second);
  }

  // Deleted rows take nothing here.
  base::Result<void> compact() override { return {}; }

 private:
  const std::shared_ptr<MemoryIndexDisk> disk_;
  base::Mutex mutex_;
  Picture content_ MILLRACE_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<MemoryIndexDisk> make_memory_index_disk() {
  return std::make_shared<MemoryIndexDisk>();
}

std::shared_ptr<MemoryIndexDisk> make_memory_index_disk(IndexPicture flushed) {
  if (flushed == nullptr) return make_memory_index_disk();
  return std::make_shared<MemoryIndexDisk>(std::static_pointer_cast<const Content>(std::move(flushed)));
}

void observe(MemoryIndexDisk& disk, IndexObserver observer) {
  disk.observe(std::move(observer));
}

std::unique_ptr<IndexStore> open_memory_index(std::shared_ptr<MemoryIndexDisk> disk) {
  return make_packed_index(std::make_unique<MemoryKeyValues>(std::move(disk)));
}

void set_full(MemoryIndexDisk& disk, bool full) {
  disk.set_full(full);
}

bool flip_bit(MemoryIndexDisk& disk, std::size_t entry, std::size_t bit) {
  return disk.flip_bit(entry, bit);
}

}  // namespace millrace::log::segment
