#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace::base {

// CRC-32C (Castagnoli, reflected, as iSCSI and ext4 have it): crc32c("123456789") is 0xe3069283. By the processor's own
// instruction where it has one.
std::uint32_t crc32c(std::span<const std::byte> bytes);
// That of what `crc` is the checksum of, with `bytes` behind it.
std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes);

namespace crc32c_kernels {

// Each alone, for tests: both give the same.
std::uint32_t by_table(std::uint32_t crc, std::span<const std::byte> bytes);
bool hardware_available();
std::uint32_t by_hardware(std::uint32_t crc, std::span<const std::byte> bytes);

}  // namespace crc32c_kernels
}  // namespace millrace::base
