#include "bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace millrace::bench {

std::size_t Histogram::bucket_of(std::uint64_t value) {
  constexpr std::uint64_t part_count = 1U << part_bits;
  if (value < part_count) return static_cast<std::size_t>(value);
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - part_bits;
  const std::size_t bucket = (std::size_t{shift + 1} << part_bits) + ((value >> shift) & (part_count - 1));
  return std::min(bucket, bucket_count - 1);
}

std::uint64_t Histogram::upper_end(std::size_t bucket) {
  constexpr std::uint64_t part_count = 1U << part_bits;
  if (bucket < part_count) return bucket;
  const std::size_t shift = (bucket >> part_bits) - 1;
  return ((part_count + (bucket & (part_count - 1)) + 1) << shift) - 1;
}

void Histogram::add(std::uint64_t nanoseconds) {
  ++buckets_[bucket_of(nanoseconds)];
  ++count_;
  max_ = std::max(max_, nanoseconds);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < bucket_count; ++i)
    buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::quantile(double share) const {
  if (count_ == 0) return 0;
  const auto rank =
      std::max(std::uint64_t{1}, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(upper_end(i), max_);
  }
  return max_;
}

}  // namespace millrace::bench
