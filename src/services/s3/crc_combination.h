#pragma once

#include <cstdint>

namespace attune {

/// A cyclic redundancy check of reflected bits whose register begins and ends as all ones complemented: CRC-32,
/// CRC-32C, CRC-64/NVME.
struct CrcForm {
  std::uint64_t reflected_polynomial = 0;
  int bits = 0;
};

inline constexpr CrcForm kCrc32Form{.reflected_polynomial = 0xedb88320, .bits = 32};
inline constexpr CrcForm kCrc32cForm{.reflected_polynomial = 0x82f63b78, .bits = 32};
inline constexpr CrcForm kCrc64NvmeForm{.reflected_polynomial = 0x9a6c9329ac4bc9b5, .bits = 64};

/// The check of A followed by B from those of A and of B, in O(bits log size_b): A's, moved up by B's length, is added
/// to B's; the ones at the beginning and end cancel.
std::uint64_t CombineCrcs(const CrcForm& form, std::uint64_t crc_a, std::uint64_t crc_b, std::uint64_t size_b);

}  // namespace attune
