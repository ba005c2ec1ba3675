#include "ledger.h"

#include <cstdio>
#include <utility>

namespace millrace::load {

namespace {

constexpr std::size_t faults_kept_max = 20;
constexpr std::chrono::seconds report_interval{2};

std::uint64_t mix(std::uint64_t hash, std::string_view bytes) {
  for (const char byte : bytes) {  // FNV-1a
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  return hash;
}

std::uint64_t hash_of(const Mark& mark, std::string_view sequence_number) {
  const std::uint64_t place = (std::uint64_t{mark.writer} << 40 ^ std::uint64_t{mark.key} << 32 ^ mark.count) + 1;
  return mix(place * 0x9e3779b97f4a7c15, sequence_number);
}

}  // namespace

void Ledger::acknowledged(const Mark& mark, std::string_view sequence_number) {
  acknowledged_sum_ += hash_of(mark, sequence_number);
  ++acknowledged_;
}

void Ledger::read(const Record& record) {
  const std::optional<Mark> mark = decode(record.data);
  if (!mark || mark->writer >= writers_ || mark->key >= keys_per_writer ||
      mark->partition_key() != record.partition_key) {
    return fault("data or key changed: " + std::string(record.data) + " under " + std::string(record.partition_key));
  }
  std::atomic<std::uint64_t>& next = next_[std::size_t{mark->writer} * keys_per_writer + mark->key];
  const std::uint64_t wanted = next.exchange(mark->count + 1);
  if (mark->count != wanted) {
    fault(mark->partition_key() + ": record " + std::to_string(mark->count) + " came where " + std::to_string(wanted) +
          (mark->count > wanted ? " was due (lost or out of order)" : " was due (twice or out of order)"));
  }
  read_sum_ += hash_of(*mark, record.sequence_number);
  ++read_;
}

void Ledger::fault(std::string sentence) {
  const std::lock_guard lock(mutex_);
  if (faults_.size() < faults_kept_max) {
    faults_.push_back(std::move(sentence));
  }
  changed_.notify_all();
}

void Ledger::writer_done() {
  const std::lock_guard lock(mutex_);
  ++writers_done_;
  changed_.notify_all();
}

std::vector<std::string> Ledger::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

void Ledger::wait_until_read(std::chrono::seconds stall_max) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds look_interval{5};
  std::unique_lock lock(mutex_);
  std::uint64_t moved = 0;
  Clock::time_point moved_at = Clock::now();
  Clock::time_point reported_at = moved_at;
  while (faults_.empty() && (writers_done_ < writers_ || read_ < acknowledged_)) {
    changed_.wait_for(lock, look_interval);
    const Clock::time_point now = Clock::now();
    if (const std::uint64_t sum = read_ + acknowledged_; sum != moved) {
      moved = sum;
      moved_at = now;
    }
    if (now - moved_at > stall_max) {
      faults_.push_back("nothing moved for " + std::to_string(stall_max.count()) + " s");
    }
    if (now - reported_at >= report_interval) {
      reported_at = now;
      std::printf("  acknowledged %9lu, read %9lu\n", acknowledged_.load(), read_.load());
      std::fflush(stdout);
    }
  }
}

void Digest::add(const Record& record) {
  hash_ = mix(mix(mix(hash_, record.sequence_number), record.partition_key), record.data);
  ++count_;
}

}  // namespace millrace::load
