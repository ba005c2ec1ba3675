#include "limits/shard_buckets.h"

#include "model/limits.h"

namespace millrace::limits {
namespace {

std::int64_t whole_kib(std::size_t bytes) {
  return static_cast<std::int64_t>((bytes + model::limits::kib - 1) / model::limits::kib);
}

}  // namespace

bool ShardBuckets::Write::add(ShardBuckets& buckets, std::uint32_t records, std::size_t bytes, std::int64_t now_ms) {
  const std::int64_t kib = whole_kib(bytes_ + bytes) - kib_;
  if (!buckets.records_in_.take(row(Limit::records_in).rate, records, now_ms)) return false;
  // What fits into a KiB that is paid for already is free, also while the bucket is empty.
  if (kib > 0 && !buckets.kib_in_.take(row(Limit::kib_in).rate, kib, now_ms)) {
    buckets.records_in_.give_back(records);
    return false;
  }
  records_ += records;
  bytes_ += bytes;
  kib_ += kib;
  return true;
}

void ShardBuckets::Write::give_back(ShardBuckets& buckets) {
  buckets.records_in_.give_back(records_);
  buckets.kib_in_.give_back(kib_);
  *this = {};
}

bool ShardBuckets::take_read(std::int64_t now_ms) {
  return kib_out_.has_any(row(Limit::kib_out).rate, now_ms) && reads_.take(row(Limit::reads).rate, 1, now_ms);
}

void ShardBuckets::charge_read(std::size_t bytes, std::int64_t now_ms) {
  const Rate& rate = row(Limit::kib_out).rate;
  const std::int64_t kib = whole_kib(bytes);
  // Beyond a second's worth nothing is left of what the bucket could have held for the next.
  kib_out_.charge(rate, kib > rate.burst ? kib + rate.burst : kib, now_ms);
}

bool ShardBuckets::take_iterator(std::int64_t now_ms) {
  return iterators_.take(row(Limit::iterators).rate, 1, now_ms);
}

}  // namespace millrace::limits
