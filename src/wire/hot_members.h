#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// The members that requests of the hot operations may have, as bits of a set.
namespace millrace::wire::hot {

enum class Member : std::uint16_t {
  unknown = 0,
  data = 1 << 0,
  partition_key = 1 << 1,
  explicit_hash_key = 1 << 2,
  stream_name = 1 << 3,
  stream_arn = 1 << 4,
  sequence_number_for_ordering = 1 << 5,
  dry_run = 1 << 6,
  records = 1 << 7,
  shard_iterator = 1 << 8,
  limit = 1 << 9,
};

// No two names have the same length, so the length finds the one that a name can be.
inline Member member_of(std::string_view name) {
  const auto is = [name]<std::size_t n>(const char(&text)[n], Member member) {
    return std::memcmp(name.data(), text, n - 1) == 0 ? member : Member::unknown;
  };
  switch (name.size()) {
    case 4:
      return is("Data", Member::data);
    case 5:
      return is("Limit", Member::limit);
    case 6:
      return is("DryRun", Member::dry_run);
    case 7:
      return is("Records", Member::records);
    case 9:
      return is("StreamARN", Member::stream_arn);
    case 10:
      return is("StreamName", Member::stream_name);
    case 12:
      return is("PartitionKey", Member::partition_key);
    case 13:
      return is("ShardIterator", Member::shard_iterator);
    case 15:
      return is("ExplicitHashKey", Member::explicit_hash_key);
    case 25:
      return is("SequenceNumberForOrdering", Member::sequence_number_for_ordering);
    default:
      return Member::unknown;
  }
}

// The members met so far of those that a structure has.
class Members {
 public:
  template <class... M>
  explicit Members(M... allowed) : allowed_((bit(allowed) | ...)) {}

  // False for one that the structure does not have, or that was there before.
  bool meet(Member member) {
    if ((bit(member) & allowed_ & ~met_) == 0) return false;
    met_ |= bit(member);
    return true;
  }
  bool has(Member member) const { return (met_ & bit(member)) != 0; }

 private:
  static constexpr unsigned bit(Member member) { return static_cast<unsigned>(member); }

  unsigned allowed_;
  unsigned met_ = 0;
};

}  // namespace millrace::wire::hot
