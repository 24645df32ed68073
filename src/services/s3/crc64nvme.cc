#include "services/s3/crc64nvme.h"

#include <array>

namespace attune {
namespace {

constexpr std::uint64_t kReflectedPolynomial = 0x9a6c9329ac4bc9b5;

constexpr std::array<std::uint64_t, 256> MakeTable() {
  std::array<std::uint64_t, 256> table{};
  for (std::uint64_t byte = 0; byte < table.size(); ++byte) {
    std::uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    table[byte] = crc;
  }
  return table;
}

constexpr auto kTable = MakeTable();

}  // namespace

std::uint64_t Crc64Nvme(std::span<const std::byte> bytes, std::uint64_t crc) {
  crc = ~crc;
  for (const std::byte byte : bytes) crc = kTable[(crc ^ std::to_integer<std::uint64_t>(byte)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

}  // namespace attune
