#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace millrace::catalog {

// A sorted map as a value: copies share all they have in common. It is cut into chunks of neighbours that copies hold
// together; a change copies the one chunk it falls into and the list of chunks, so that it costs microseconds where
// there are ten thousand entries. `Less` compares keys with whatever they are searched by.
//
// Not thread-safe; copies of one map may be used by different threads. What was found is valid until the map changes.
template <class Key, class Value, class Less = std::less<>>
class ChunkedMap {
 public:
  using Entry = std::pair<Key, Value>;
  using value_type = Entry;
  // A chunk that grows over it is cut in two.
  static constexpr std::size_t chunk_entries_max = 64;

  // Over the entries, ascending by key.
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    using reference = const Entry&;
    using pointer = const Entry*;

    Iterator() = default;
    reference operator*() const { return (*(*chunks_)[chunk_])[at_]; }
    pointer operator->() const { return &**this; }
    Iterator& operator++() {
      if (++at_ == (*chunks_)[chunk_]->size()) {
        ++chunk_;
        at_ = 0;
      }
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    friend class ChunkedMap;
    Iterator(const auto* chunks, std::size_t chunk, std::size_t at) : chunks_(chunks), chunk_(chunk), at_(at) {}
    const std::vector<std::shared_ptr<const std::vector<Entry>>>* chunks_ = nullptr;
    std::size_t chunk_ = 0;
    std::size_t at_ = 0;
  };

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Iterator begin() const { return Iterator(&chunks_, 0, 0); }
  Iterator end() const { return Iterator(&chunks_, chunks_.size(), 0); }
  // The largest; there is one.
  const Entry& back() const { return chunks_.back()->back(); }

  // The first entry whose key is not below (upper: is above) the one given.
  template <class Searched>
  Iterator lower_bound(const Searched& key) const {
    return bound([&](const Entry& entry) { return Less()(entry.first, key); });
  }
  template <class Searched>
  Iterator upper_bound(const Searched& key) const {
    return bound([&](const Entry& entry) { return !Less()(key, entry.first); });
  }
  // Null where there is none.
  template <class Searched>
  const Value* find(const Searched& key) const {
    const Iterator at = lower_bound(key);
    return at == end() || Less()(key, at->first) ? nullptr : &at->second;
  }
  template <class Searched>
  bool contains(const Searched& key) const {
    return find(key) != nullptr;
  }

  // Puts the value in, in the place of the key's old one where it has one.
  void set(Key key, Value value) {
    Iterator at = lower_bound(key);
    if (at != end() && !Less()(key, at->first)) {
      change(at.chunk_, [&](Chunk& chunk) { chunk[at.at_].second = std::move(value); });
      return;
    }
    ++size_;
    if (chunks_.empty()) {
      chunks_.push_back(std::make_shared<const Chunk>(1, Entry(std::move(key), std::move(value))));
      return;
    }
    // In front of the first of a chunk is behind the last of the one before.
    if (at.at_ == 0 && at.chunk_ > 0) {
      --at.chunk_;
      at.at_ = chunks_[at.chunk_]->size();
    }
    change(at.chunk_, [&](Chunk& chunk) {
      chunk.emplace(chunk.begin() + static_cast<std::ptrdiff_t>(at.at_), std::move(key), std::move(value));
    });
    if (chunks_[at.chunk_]->size() > chunk_entries_max) cut(at.chunk_);
  }
  // False where there is none.
  template <class Searched>
  bool erase(const Searched& key) {
    const Iterator at = lower_bound(key);
    if (at == end() || Less()(key, at->first)) return false;
    --size_;
    if (chunks_[at.chunk_]->size() == 1) {
      chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(at.chunk_));
      return true;
    }
    change(at.chunk_, [&](Chunk& chunk) { chunk.erase(chunk.begin() + static_cast<std::ptrdiff_t>(at.at_)); });
    join(at.chunk_);
    return true;
  }

  // Calls `told(key, was, is)` for each key whose value differs between two maps, ascending; null where one has none.
  // Chunks that both share are passed over.
  template <class Told>
  static void differences(const ChunkedMap& before, const ChunkedMap& after, Told told) {
    Iterator was = before.begin();
    Iterator is = after.begin();
    while (was != before.end() || is != after.end()) {
      if (pass_shared(before, was, after, is)) continue;
      if (is == after.end() || (was != before.end() && Less()(was->first, is->first))) {
        told(was->first, &was->second, static_cast<const Value*>(nullptr));
        ++was;
      } else if (was == before.end() || Less()(is->first, was->first)) {
        told(is->first, static_cast<const Value*>(nullptr), &is->second);
        ++is;
      } else {
        if (!(was->second == is->second)) told(is->first, &was->second, &is->second);
        ++was;
        ++is;
      }
    }
  }

  friend bool operator==(const ChunkedMap& a, const ChunkedMap& b) {
    return a.size_ == b.size_ && std::equal(a.begin(), a.end(), b.begin());
  }

 private:
  using Chunk = std::vector<Entry>;  // never empty
  // Below it a chunk is joined with its neighbour where both fit into one.
  static constexpr std::size_t chunk_entries_min = chunk_entries_max / 4;

  template <class IsBelow>
  Iterator bound(IsBelow is_below) const {
    // The last chunk whose first entry is below may hold the place; else it is the start of the next.
    auto chunk = std::partition_point(chunks_.begin(), chunks_.end(),
                                      [&](const auto& candidate) { return is_below(candidate->front()); });
    if (chunk == chunks_.begin()) return begin();
    const Chunk& entries = **std::prev(chunk);
    const auto at = std::partition_point(entries.begin(), entries.end(), is_below);
    const auto index = static_cast<std::size_t>(chunk - chunks_.begin());
    if (at == entries.end()) return Iterator(&chunks_, index, 0);
    return Iterator(&chunks_, index - 1, static_cast<std::size_t>(at - entries.begin()));
  }

  template <class Change>
  void change(std::size_t index, Change change_it) {
    auto copy = std::make_shared<Chunk>();
    copy->reserve(chunks_[index]->size() + 1);
    copy->assign(chunks_[index]->begin(), chunks_[index]->end());
    change_it(*copy);
    chunks_[index] = std::move(copy);
  }
  void cut(std::size_t index) {
    const Chunk& whole = *chunks_[index];
    const auto middle = whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2);
    auto upper = std::make_shared<const Chunk>(middle, whole.end());
    chunks_[index] = std::make_shared<const Chunk>(whole.begin(), middle);
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(upper));
  }
  void join(std::size_t index) {
    if (chunks_[index]->size() >= chunk_entries_min || chunks_.size() == 1) return;
    const std::size_t lower = index + 1 < chunks_.size() ? index : index - 1;
    if (chunks_[lower]->size() + chunks_[lower + 1]->size() > chunk_entries_max) return;
    auto joined = std::make_shared<Chunk>(*chunks_[lower]);
    joined->insert(joined->end(), chunks_[lower + 1]->begin(), chunks_[lower + 1]->end());
    chunks_[lower] = std::move(joined);
    chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(lower) + 1);
  }

  static bool pass_shared(const ChunkedMap& before, Iterator& was, const ChunkedMap& after, Iterator& is) {
    if (was.at_ != 0 || is.at_ != 0 || was == before.end() || is == after.end()) return false;
    if (before.chunks_[was.chunk_] != after.chunks_[is.chunk_]) return false;
    ++was.chunk_;
    ++is.chunk_;
    return true;
  }

  std::vector<std::shared_ptr<const Chunk>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace millrace::catalog
