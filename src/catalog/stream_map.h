#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "catalog/chunked_map.h"
#include "catalog/key.h"

namespace millrace::catalog {

// What is known of each stream, by place and name, as a value whose copies share what they have in common (see
// ChunkedMap). A search compares the place once and then names only.
template <class Value>
class StreamMap {
 public:
  // The streams of one place, by name in code point order.
  using Names = ChunkedMap<std::string, Value>;

  // Over all places, ascending by key; gives pairs of name and value.
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = typename Names::Entry;
    using difference_type = std::ptrdiff_t;
    using reference = const value_type&;
    using pointer = const value_type*;

    Iterator() = default;
    reference operator*() const { return *at_; }
    pointer operator->() const { return &*at_; }
    const Place& place() const { return place_->first; }
    Iterator& operator++() {
      if (++at_ == place_->second->end()) {
        ++place_;
        enter();
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
    friend class StreamMap;
    using Places = typename ChunkedMap<Place, std::shared_ptr<const Names>, PlaceLess>::Iterator;
    Iterator(Places place, Places last) : place_(place), last_(last) { enter(); }
    void enter() { at_ = place_ == last_ ? typename Names::Iterator() : place_->second->begin(); }
    Places place_;
    Places last_;
    typename Names::Iterator at_;
  };

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Iterator begin() const { return Iterator(places_.begin(), places_.end()); }
  Iterator end() const { return Iterator(places_.end(), places_.end()); }

  // Null where there is none.
  const Value* find(StreamKeyView key) const {
    const auto* names = places_.find(key.place);
    return names == nullptr ? nullptr : (*names)->find(key.name);
  }
  // The streams of a place, to walk through; it may have none. Valid until the map changes.
  const Names& of(PlaceView place) const {
    static const Names none;
    const auto* names = places_.find(place);
    return names == nullptr ? none : **names;
  }

  void set(const StreamKey& key, Value value) {
    const auto* before = places_.find(key.place);
    auto names = before == nullptr ? std::make_shared<Names>() : std::make_shared<Names>(**before);
    size_ -= names->size();
    names->set(key.name, std::move(value));
    size_ += names->size();
    places_.set(key.place, std::move(names));
  }
  // False where there is none.
  bool erase(StreamKeyView key) {
    const auto* before = places_.find(key.place);
    if (before == nullptr || !(*before)->contains(key.name)) return false;
    --size_;
    if ((*before)->size() == 1) return places_.erase(key.place);
    auto names = std::make_shared<Names>(**before);
    names->erase(key.name);
    places_.set(key.place.copy(), std::move(names));
    return true;
  }

  // Calls `told(place, name, was, is)` for each stream whose value differs, ascending; null where one has none.
  template <class Told>
  static void differences(const StreamMap& before, const StreamMap& after, Told told) {
    Places::differences(before.places_, after.places_, [&](const Place& place, const auto* was, const auto* is) {
      static const Names none;
      Names::differences(was == nullptr ? none : **was, is == nullptr ? none : **is,
                         [&](const std::string& name, const Value* old_value, const Value* new_value) {
                           told(place, name, old_value, new_value);
                         });
    });
  }

  friend bool operator==(const StreamMap& a, const StreamMap& b) {
    bool same = a.size_ == b.size_;
    if (same) differences(a, b, [&](const auto&, const auto&, const auto*, const auto*) { same = false; });
    return same;
  }

 private:
  using Places = ChunkedMap<Place, std::shared_ptr<const Names>, PlaceLess>;
  Places places_;  // none of them empty
  std::size_t size_ = 0;
};

}  // namespace millrace::catalog
