#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/shard_id.h"

namespace millrace::model {

// Where a record stands in a shard's log. 0 is before the first record; positions start at 1.
using Position = std::uint64_t;

inline constexpr Position position_end = 0x7fff'ffff'ffff'ffffULL;  // the largest that a sequence number can carry

// A sequence number: the service's version 2, 186 bits written as 56 decimal digits. From the top, in hexadecimal
// digits: marker 2 (1), creation second of the shard (9), low four bits of the shard number (1), position (16, top bit
// 0), 00 (2), second of the record (9), shard number (8), version 2 (1). Source: kinesalite's analysis of the service.
struct SequenceNumber {
  std::int64_t created_s = 0;  // creation second of the shard, epoch; below 16025175000
  ShardNo shard = 0;
  Position position = 0;
  std::int64_t time_s = 0;  // the record's arrival second, epoch

  friend bool operator==(const SequenceNumber&, const SequenceNumber&) = default;
};

inline constexpr std::size_t sequence_number_digits = 56;

// 56 digits.
std::string to_text(const SequenceNumber& number);

// Nothing where the text is not a version 2 number in the layout above (marker, reserved digits, both copies of the low
// shard bits, ranges).
std::optional<SequenceNumber> parse_sequence_number(std::string_view text);

// Writes the numbers of neighbouring positions quickly: each is the last one plus 2^80.
class SequenceNumberWriter {
 public:
  explicit SequenceNumberWriter(const SequenceNumber& first);
  // Writes 56 digits to `to` and moves on to the next position.
  void write_next(char* to);

 private:
  // The number in base 10^16, lowest first: 56 digits are 8 + 16 + 16 + 16.
  std::uint64_t parts_[4];
};

// The start and, once closed, the end of a shard, as ListShards shows them.
inline SequenceNumber starting_sequence_number(std::int64_t created_s, ShardNo shard) {
  return {.created_s = created_s, .shard = shard, .position = 0, .time_s = created_s};
}
inline SequenceNumber ending_sequence_number(std::int64_t created_s, ShardNo shard, std::int64_t closed_s) {
  return {.created_s = created_s, .shard = shard, .position = position_end, .time_s = closed_s};
}

}  // namespace millrace::model
