#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace millrace::bench {

// Counts durations in nanoseconds in log-linear buckets: every power of two is cut into 128 equal parts, so a
// quantile is at most 0.8 % above the true one. Fixed size, no allocation. One thread writes; merge afterwards.
class Histogram {
 public:
  void add(std::uint64_t nanoseconds);
  void merge(const Histogram& other);

  // The upper end of the bucket that holds the given share (0 to 1) of all values, never above max(). 0 when empty.
  std::uint64_t quantile(double share) const;
  std::uint64_t max() const { return max_; }
  std::uint64_t count() const { return count_; }

 private:
  static constexpr unsigned part_bits = 7;
  // Values from 2^40 ns (18 minutes) on fall into the last bucket.
  static constexpr unsigned value_bits_max = 40;
  static constexpr std::size_t bucket_count = std::size_t{value_bits_max - part_bits + 1} << part_bits;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t upper_end(std::size_t bucket);

  std::array<std::uint64_t, bucket_count> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace millrace::bench
