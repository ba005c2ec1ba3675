#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kinesis.h"

namespace millrace::load {

inline constexpr std::uint32_t keys_per_writer = 32;

// What a run has written and read, shared by its writers and readers. Each record says which writer, key and count it
// is, so every record read is either the next of its key or a fault: lost, twice and out of order all show.
class Ledger {
 public:
  explicit Ledger(std::uint32_t writers) : next_(std::size_t{writers} * keys_per_writer), writers_(writers) {}

  void acknowledged(const Mark& mark, std::string_view sequence_number);
  // A record that a tailing reader got.
  void read(const Record& record);
  void fault(std::string sentence);
  void writer_done();

  // Waits until all writers are done and all that they were promised is read. Gives up at the first fault, and where
  // nothing moves for `stall_max`. Says how far it is every few seconds.
  void wait_until_read(std::chrono::seconds stall_max);

  std::uint64_t acknowledged_count() const { return acknowledged_; }
  std::uint64_t read_count() const { return read_; }
  // Whether the numbers acknowledged and the numbers read are the same ones.
  bool same_numbers() const { return acknowledged_sum_ == read_sum_; }
  std::vector<std::string> faults() const;

 private:
  // By writer and key: the count that the next record must have. Atomic only because a broker that spreads one key
  // over two shards has two readers here at once, which must be a fault and not a crash.
  std::vector<std::atomic<std::uint64_t>> next_;
  std::uint32_t writers_;
  std::atomic<std::uint64_t> acknowledged_ = 0;
  std::atomic<std::uint64_t> read_ = 0;
  // Sums over all records of a hash of mark and sequence number: equal for equal sets in any order.
  std::atomic<std::uint64_t> acknowledged_sum_ = 0;
  std::atomic<std::uint64_t> read_sum_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> faults_;
  std::uint32_t writers_done_ = 0;
};

// The same records in the same order give the same digest.
class Digest {
 public:
  void add(const Record& record);
  bool operator==(const Digest&) const = default;
  std::uint64_t count() const { return count_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::uint64_t count_ = 0;
};

}  // namespace millrace::load
