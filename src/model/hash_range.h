#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/u128.h"

namespace millrace::model {

// A point of the key space 0 ... 2^128-1 on which records are placed.
using HashKey = base::u128;

// A closed interval of the key space.
struct HashKeyRange {
  HashKey first = 0;
  HashKey last = base::u128_max;

  bool contains(HashKey key) const { return first <= key && key <= last; }
  friend bool operator==(const HashKeyRange&, const HashKeyRange&) = default;
};

// MD5 of the partition key's UTF-8 bytes as a big-endian number.
HashKey hash_of(std::string_view partition_key);

// The ranges of `count` (at least 1) new shards: each floor(2^128 / count) wide, the last one takes the remainder.
// Source: kinesalite's recordings of new streams.
std::vector<HashKeyRange> uniform_ranges(std::uint32_t count);

}  // namespace millrace::model
