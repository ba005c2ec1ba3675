#pragma once

#include <span>
#include <string_view>

#include "base/u128.h"

namespace millrace::base {

// MD5 as a big-endian number. Used for placement only, never for security.
u128 md5(std::string_view bytes);

// The same for many, written to `to` (of the same length): keys of at most 55 bytes go sixteen at a time through AVX2
// where the processor has it.
void md5_many(std::span<const std::string_view> keys, std::span<u128> to);

}  // namespace millrace::base
