#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace attune {

/// CRC-64/NVME (polynomial ad93d23594c93659, reflected, all ones in and out) of `bytes` appended to what gave `crc`.
std::uint64_t Crc64Nvme(std::span<const std::byte> bytes, std::uint64_t crc = 0);

}  // namespace attune
