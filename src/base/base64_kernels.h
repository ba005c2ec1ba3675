#pragma once

#include <cstddef>
#include <string_view>

// The two forms behind base64.h, apart so that a test can hold one against the other.
namespace millrace::base::base64_kernels {

// Looks at one character or three bytes at a time, on any processor.
void encode_table(std::string_view bytes, char* to);
bool decode_table(std::string_view text, char* to);

// 24 bytes against 32 characters at a time. Only where have_avx2() is true.
bool have_avx2();
void encode_avx2(std::string_view bytes, char* to);
bool decode_avx2(std::string_view text, char* to);

}  // namespace millrace::base::base64_kernels
