#include "gateway/request_ids.h"

#include <bit>
#include <cstring>
#include <string_view>

#include "base/base64.h"

namespace millrace::gateway {
namespace {

// xoshiro256**, by Blackman and Vigna.
struct Generator {
  std::array<std::uint64_t, 4> state{};
  bool seeded = false;

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state[1] * 5, 7) * 9;
    const std::uint64_t t = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = std::rotl(state[3], 45);
    return result;
  }
};

thread_local Generator generator;

}  // namespace

std::uint64_t RequestIds::next() {
  if (!generator.seeded) {
    for (std::uint64_t& word : generator.state)
      word = random_.next_u64();
    generator.state[0] |= 1;  // all zeros would stay so
    generator.seeded = true;
  }
  return generator.next();
}

std::string RequestIds::request_id() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::uint64_t high = next();
  std::uint64_t low = next();
  high = (high & ~std::uint64_t{0xf000}) | 0x4000;                     // version 4
  low = (low & ~(std::uint64_t{3} << 62)) | (std::uint64_t{2} << 62);  // variant 1
  std::string id(36, '-');
  std::size_t at = 0;
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (at == 8 || at == 13 || at == 18 || at == 23) ++at;
    const std::uint64_t word = nibble < 16 ? high : low;
    id[at++] = digits[(word >> (60 - 4 * (nibble % 16))) & 0xf];
  }
  return id;
}

void RequestIds::append_id_2(std::string& to) {
  std::array<std::uint64_t, 9> noise;
  for (std::uint64_t& word : noise)
    word = next();
  const std::string_view bytes(reinterpret_cast<const char*>(noise.data()), sizeof noise);
  const std::size_t before = to.size();
  to.resize(before + base::base64_encoded_size(bytes.size()));
  base::base64_encode(bytes, to.data() + before);
}

}  // namespace millrace::gateway
