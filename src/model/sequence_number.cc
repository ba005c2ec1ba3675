#include "model/sequence_number.h"

#include <array>
#include <cstddef>

#include "base/decimal.h"
#include "base/u128.h"

namespace millrace::model {
namespace {

using base::u128;

constexpr std::uint64_t ten_16 = 10'000'000'000'000'000ULL;
constexpr std::uint64_t ten_19 = 10'000'000'000'000'000'000ULL;

// The 192 bits of a number, lowest word first.
using Words = std::array<std::uint64_t, 3>;

constexpr std::uint64_t marker = 2;
constexpr std::uint64_t version = 2;
constexpr std::uint64_t created_s_end = 16'025'175'000;  // the service refuses this creation second and later ones
constexpr unsigned seconds_bits = 36;                    // nine hexadecimal digits
constexpr std::uint64_t seconds_mask = (std::uint64_t{1} << seconds_bits) - 1;

// Where the fields begin, counted from the lowest bit of the number:
// version 0, shard 4, second of the record 36, zeros 72, position 80, low shard bits 144, creation second 148, marker
// 184.
Words pack(const SequenceNumber& number) {
  const std::uint64_t created = static_cast<std::uint64_t>(number.created_s) & seconds_mask;
  const std::uint64_t time = static_cast<std::uint64_t>(number.time_s) & seconds_mask;
  return {version | std::uint64_t{number.shard} << 4 | time << 36, time >> 28 | number.position << 16,
          number.position >> 48 | (std::uint64_t{number.shard} & 0xf) << 16 | created << 20 | marker << 56};
}

std::optional<SequenceNumber> unpack(const Words& words) {
  const auto [low, middle, high] = words;
  SequenceNumber number;
  number.shard = static_cast<ShardNo>(low >> 4);
  number.time_s = static_cast<std::int64_t>(low >> 36 | (middle & 0xff) << 28);
  number.position = middle >> 16 | (high & 0xffff) << 48;
  const std::uint64_t created = high >> 20 & seconds_mask;
  number.created_s = static_cast<std::int64_t>(created);
  const bool plausible = high >> 56 == marker && (low & 0xf) == version && (middle >> 8 & 0xff) == 0 &&
                         (high >> 16 & 0xf) == (number.shard & 0xf) && created < created_s_end &&
                         number.position <= position_end;
  if (!plausible) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

}  // namespace

SequenceNumberWriter::SequenceNumberWriter(const SequenceNumber& first) {
  const Words words = pack(first);
  // Two divisions by 10^19 leave groups of 18, 19 and 19 digits, which are then cut anew. The highest word is below
  // 10^19, so that the first step has no quotient of its own.
  u128 rest = base::make_u128(words[2], words[1]);
  const auto quotient_1 = static_cast<std::uint64_t>(rest / ten_19);
  rest = base::make_u128(static_cast<std::uint64_t>(rest % ten_19), words[0]);
  const auto quotient_0 = static_cast<std::uint64_t>(rest / ten_19);
  const auto low = static_cast<std::uint64_t>(rest % ten_19);
  rest = base::make_u128(quotient_1, quotient_0);
  const auto high = static_cast<std::uint64_t>(rest / ten_19);
  const auto middle = static_cast<std::uint64_t>(rest % ten_19);

  parts_[0] = low % ten_16;
  parts_[1] = low / ten_16 + middle % 10'000'000'000'000ULL * 1'000;
  parts_[2] = middle / 10'000'000'000'000ULL + high % 10'000'000'000ULL * 1'000'000;
  parts_[3] = high / 10'000'000'000ULL;
}

void SequenceNumberWriter::write_next(char* to) {
  base::write_8_digits(static_cast<std::uint32_t>(parts_[3]), to);
  base::write_16_digits(parts_[2], to + 8);
  base::write_16_digits(parts_[1], to + 24);
  base::write_16_digits(parts_[0], to + 40);

  // 2^80 is 120892581 * 10^16 + 9614629174706176.
  const auto carry_out = [](std::uint64_t& part) {
    const std::uint64_t carry = part >= ten_16 ? 1 : 0;
    part -= carry * ten_16;
    return carry;
  };
  parts_[0] += 9'614'629'174'706'176ULL;
  parts_[1] += 120'892'581ULL + carry_out(parts_[0]);
  parts_[2] += carry_out(parts_[1]);
  parts_[3] += carry_out(parts_[2]);
}

std::string to_text(const SequenceNumber& number) {
  std::string text(sequence_number_digits, '\0');
  SequenceNumberWriter(number).write_next(text.data());
  return text;
}

std::optional<SequenceNumber> parse_sequence_number(std::string_view text) {
  if (text.size() != sequence_number_digits) return std::nullopt;
  const auto high = parse_digits(text.substr(0, 18));
  const auto middle = parse_digits(text.substr(18, 19));
  const auto low = parse_digits(text.substr(37, 19));
  if (!high || !middle || !low) return std::nullopt;
  const u128 upper = u128{*high} * ten_19 + *middle;
  const u128 lower = u128{base::low_of(upper)} * ten_19 + *low;
  const u128 top = u128{base::high_of(upper)} * ten_19 + base::high_of(lower);
  return unpack({base::low_of(lower), base::low_of(top), base::high_of(top)});
}

}  // namespace millrace::model
