#include <algorithm>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "log/segment/index_store.h"

namespace millrace::log::segment {
namespace {

struct Content {
  std::map<std::pair<LogId, Position>, IndexRow> rows;
  std::map<LogId, LogRow> logs;
  std::optional<Watermark> watermark;
  std::map<std::string, std::string> values;

  // The row that holds `position`, or the first one after it.
  auto find(LogId log, Position position) const {
    auto at = rows.upper_bound({log, position});
    if (at != rows.begin()) {
      const auto before = std::prev(at);
      if (before->first.first == log && before->second.first + before->second.count > position) return before;
    }
    return at;
  }
  bool is_of(auto at, LogId log) const { return at != rows.end() && at->first.first == log; }

  void apply(const IndexBatch& batch) {
    for (const LogId log : batch.drop_logs) {
      logs.erase(log);
      rows.erase(rows.lower_bound({log, 0}), rows.upper_bound({log, ~Position{0}}));
    }
    for (const IndexBatch::Trim& trim : batch.trims) {
      const auto end = find(trim.log, trim.before);
      rows.erase(rows.lower_bound({trim.log, 0}),
                 is_of(end, trim.log) ? end : rows.upper_bound({trim.log, ~Position{0}}));
    }
    for (const std::string& name : batch.drop_values)
      values.erase(name);
    for (const IndexRow& row : batch.put_rows)
      rows[{row.log, row.first}] = row;
    for (const LogRow& row : batch.put_logs)
      logs[row.log] = row;
    if (batch.watermark) watermark = batch.watermark;
    for (const auto& [name, value] : batch.put_values)
      values[name] = value;
  }
};

}  // namespace

class MemoryIndexDisk {
 public:
  Content load() const {
    const base::Lock lock(mutex_);
    return flushed_;
  }
  void save(Content content) {
    const base::Lock lock(mutex_);
    flushed_ = std::move(content);
  }

 private:
  mutable base::Mutex mutex_;
  Content flushed_ MILLRACE_GUARDED_BY(mutex_);
};

namespace {

class MemoryIndex final : public IndexStore {
 public:
  explicit MemoryIndex(std::shared_ptr<MemoryIndexDisk> disk) : disk_(std::move(disk)), content_(disk_->load()) {}

  base::Result<void> write(const IndexBatch& batch) override {
    const base::Lock lock(mutex_);
    content_.apply(batch);
    return {};
  }

  base::Result<void> flush() override {
    const base::Lock lock(mutex_);
    disk_->save(content_);
    return {};
  }

  base::Result<std::optional<IndexRow>> seek(LogId log, Position position) override {
    const base::Lock lock(mutex_);
    const auto at = content_.find(log, position);
    return content_.is_of(at, log) ? std::optional(at->second) : std::nullopt;
  }

  base::Result<std::vector<IndexRow>> scan(LogId log, Position position, std::size_t rows_max) override {
    const base::Lock lock(mutex_);
    std::vector<IndexRow> rows;
    for (auto at = content_.find(log, position); rows.size() < rows_max && content_.is_of(at, log); ++at)
      rows.push_back(at->second);
    return rows;
  }

  base::Result<std::optional<IndexRow>> seek_time(LogId log, std::int64_t arrival_ms) override {
    const base::Lock lock(mutex_);
    for (auto at = content_.find(log, 0); content_.is_of(at, log); ++at) {
      if (at->second.arrival_ms >= arrival_ms) return at->second;
    }
    return std::nullopt;
  }

  base::Result<std::optional<IndexRow>> last(LogId log) override {
    const base::Lock lock(mutex_);
    const auto behind = content_.rows.upper_bound({log, ~Position{0}});
    if (behind == content_.rows.begin() || std::prev(behind)->first.first != log) return std::nullopt;
    return std::prev(behind)->second;
  }

  base::Result<std::vector<LogRow>> logs() override {
    const base::Lock lock(mutex_);
    std::vector<LogRow> all;
    for (const auto& [log, row] : content_.logs)
      all.push_back(row);
    return all;
  }

  base::Result<std::optional<Watermark>> watermark() override {
    const base::Lock lock(mutex_);
    return content_.watermark;
  }

  base::Result<std::optional<std::string>> value(const std::string& name) override {
    const base::Lock lock(mutex_);
    const auto found = content_.values.find(name);
    return found == content_.values.end() ? std::nullopt : std::optional(found->second);
  }

  base::Result<std::vector<std::pair<std::string, std::string>>> values(const std::string& prefix) override {
    const base::Lock lock(mutex_);
    std::vector<std::pair<std::string, std::string>> found;
    for (auto at = content_.values.lower_bound(prefix); at != content_.values.end(); ++at) {
      if (!at->first.starts_with(prefix)) break;
      found.emplace_back(*at);
    }
    return found;
  }

  // Deleted rows take nothing here.
  base::Result<void> compact(LogId) override { return {}; }

 private:
  const std::shared_ptr<MemoryIndexDisk> disk_;
  base::Mutex mutex_;
  Content content_ MILLRACE_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<MemoryIndexDisk> make_memory_index_disk() {
  return std::make_shared<MemoryIndexDisk>();
}

std::unique_ptr<IndexStore> open_memory_index(std::shared_ptr<MemoryIndexDisk> disk) {
  return std::make_unique<MemoryIndex>(std::move(disk));
}

}  // namespace millrace::log::segment
