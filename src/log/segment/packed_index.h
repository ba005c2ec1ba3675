#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "log/segment/index_store.h"

namespace millrace::log::segment {

// One change of a key-value store.
struct KeyChange {
  enum class Kind : std::uint8_t { put, remove, remove_range };
  Kind kind = Kind::put;
  std::string key;    // of a range: the first of it
  std::string value;  // of a range: the first key behind it
};

// Goes over keys in their order, over a picture of the store that later writes do not change. Not thread-safe.
class KeyCursor {
 public:
  // To the first key that is not before the given one, or to the last one that is not behind it.
  virtual void seek(std::string_view key) = 0;
  virtual void seek_for_prev(std::string_view key) = 0;
  virtual void next() = 0;
  // False at either end, and after an error.
  virtual bool valid() const = 0;
  // Only where valid, and until it moves.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // Whether it is not valid because of an error.
  virtual base::Result<void> status() const = 0;
  virtual ~KeyCursor() = default;
};

// An ordered store of keys and values, on which PackedIndex keeps an index. Thread-safe.
class KeyValues {
 public:
  // One after the other, all or none.
  virtual base::Result<void> apply(const std::vector<KeyChange>& changes) = 0;
  virtual base::Result<void> flush() = 0;
  // Over the keys from `begin` on and before `end`.
  virtual base::Result<std::unique_ptr<KeyCursor>> cursor(std::string begin, std::string end) = 0;
  virtual base::Result<std::optional<std::string>> get(const std::string& key) = 0;
  virtual base::Result<void> compact() = 0;
  virtual ~KeyValues() = default;
};

// The index in entries of many rows, as docs/formats/index.md describes it, over any ordered store: everything but the
// keeping of bytes is the same in the simulation and on a disk. What cannot be read back is `data_loss`.
std::unique_ptr<IndexStore> make_packed_index(std::unique_ptr<KeyValues> store);

// The error of an index that is damaged, with what to do about it.
std::unexpected<base::Error> damaged_index(std::string_view what);

}  // namespace millrace::log::segment
