#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/u128.h"

// MD5 of several short messages side by side: one chain of rounds waits for itself most of the time, sixteen of them in
// two AVX2 registers do not.
namespace millrace::base::md5_lanes {

inline constexpr std::size_t count = 16;
inline constexpr std::size_t key_bytes_max = 55;  // what fits one block with its padding
// Messages below this number are hashed faster one by one.
inline constexpr std::size_t worth_it = 4;

bool available();
// Every key at most key_bytes_max bytes. Only where available().
void hash(const std::array<const std::string_view*, count>& keys, std::array<u128, count>& to);

}  // namespace millrace::base::md5_lanes
