#pragma once

#include <cstddef>
#include <cstdint>

#include "limits/table.h"

namespace millrace::limits {

// What one shard has taken and given of late. Any thread.
class ShardBuckets {
 public:
  // Records of one request, as they are counted: each by itself, their bytes together in whole KiB. What they take is
  // theirs until it is given back.
  class Write {
   public:
    // Whether so many more records fit that have `bytes` of data and keys; false, and nothing is taken, where they do
    // not.
    bool add(ShardBuckets& buckets, std::uint32_t records, std::size_t bytes, std::int64_t now_ms);
    void give_back(ShardBuckets& buckets);

   private:
    std::int64_t records_ = 0;
    std::size_t bytes_ = 0;
    std::int64_t kib_ = 0;
  };

  // Whether one more GetRecords fits: of calls, and of what those before it have read.
  bool take_read(std::int64_t now_ms);
  // What a GetRecords has read, data and keys. More than a second's worth at once holds further reads up for as long as
  // it takes to make up for all of it.
  void charge_read(std::size_t bytes, std::int64_t now_ms);

  // Whether one more GetShardIterator fits.
  bool take_iterator(std::int64_t now_ms);

 private:
  TokenBucket records_in_;
  TokenBucket kib_in_;
  TokenBucket reads_;
  TokenBucket kib_out_;
  TokenBucket iterators_;
};

}  // namespace millrace::limits
