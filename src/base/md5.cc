#include "base/md5.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/md5_lanes.h"
#include "base/md5_rounds.h"

namespace millrace::base {
namespace {

using Word = std::uint32_t;

void load_block(const char* from, Word (&block)[16]) {
  static_assert(std::endian::native == std::endian::little, "MD5 reads its words lowest byte first");
  std::memcpy(block, from, sizeof block);
}

}  // namespace

u128 md5(std::string_view bytes) {
  md5_rounds::State<Word> state = md5_rounds::initial<Word>();
  Word block[16];
  std::size_t at = 0;
  for (; bytes.size() - at >= 64; at += 64) {
    load_block(bytes.data() + at, block);
    md5_rounds::compress(state, block);
  }
  // What is left, the bit 1, zeros, and the length in bits: one block, or two where they do not fit.
  std::array<char, 128> last{};
  const std::size_t left = bytes.size() - at;
  if (left != 0) std::memcpy(last.data(), bytes.data() + at, left);
  last[left] = '\x80';
  const std::size_t size = left < 56 ? 64 : 128;
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  std::memcpy(last.data() + size - 8, &bits, 8);
  for (std::size_t i = 0; i < size; i += 64) {
    load_block(last.data() + i, block);
    md5_rounds::compress(state, block);
  }
  return md5_rounds::to_number(state.a, state.b, state.c, state.d);
}

void md5_many(std::span<const std::string_view> keys, std::span<u128> to) {
  const bool lanes = md5_lanes::available();
  std::array<const std::string_view*, md5_lanes::count> group;
  std::array<std::size_t, md5_lanes::count> places;
  std::size_t gathered = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!lanes || keys[i].size() > md5_lanes::key_bytes_max) {
      to[i] = md5(keys[i]);
      continue;
    }
    group[gathered] = &keys[i];
    places[gathered] = i;
    if (++gathered < md5_lanes::count) continue;
    std::array<u128, md5_lanes::count> hashes;
    md5_lanes::hash(group, hashes);
    for (std::size_t k = 0; k < gathered; ++k)
      to[places[k]] = hashes[k];
    gathered = 0;
  }
  if (gathered == 0) return;
  if (gathered < md5_lanes::worth_it) {
    for (std::size_t k = 0; k < gathered; ++k)
      to[places[k]] = md5(*group[k]);
    return;
  }
  std::fill(group.begin() + static_cast<std::ptrdiff_t>(gathered), group.end(), group[0]);
  std::array<u128, md5_lanes::count> hashes;
  md5_lanes::hash(group, hashes);
  for (std::size_t k = 0; k < gathered; ++k)
    to[places[k]] = hashes[k];
}

}  // namespace millrace::base
