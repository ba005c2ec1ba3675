#include "model/hash_range.h"

#include "base/md5.h"

namespace millrace::model {

HashKey hash_of(std::string_view partition_key) {
  return base::md5(partition_key);
}

std::vector<HashKeyRange> uniform_ranges(std::uint32_t count) {
  if (count <= 1) return {HashKeyRange{}};
  // 2^128 itself does not fit, so floor(2^128 / count) is found from 2^128 - 1.
  const bool divides = base::u128_max % count == count - 1;
  const HashKey width = base::u128_max / count + (divides ? 1 : 0);
  std::vector<HashKeyRange> ranges;
  ranges.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const HashKey first = width * i;
    ranges.push_back({.first = first, .last = i + 1 == count ? base::u128_max : first + width - 1});
  }
  return ranges;
}

}  // namespace millrace::model
