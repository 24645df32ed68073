#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace attune {

using Sha256Digest = std::array<std::byte, 32>;
using Md5Digest = std::array<std::byte, 16>;

std::span<const std::byte> AsBytes(std::string_view text);

Sha256Digest Sha256(std::string_view text);
Sha256Digest HmacSha256(std::span<const std::byte> key, std::string_view text);

enum class DigestKind { kMd5, kSha1, kSha256 };

/// A digest of bytes that arrive in parts. One thread at a time.
class Digest {
 public:
  explicit Digest(DigestKind kind);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void Update(std::span<const std::byte> bytes);
  /// The raw digest (16, 20 or 32 bytes). Call once, last.
  std::string Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// CRC-32C (Castagnoli, as iSCSI) and CRC-32 (ISO-HDLC, as zip), of `bytes` appended to what gave `crc`.
std::uint32_t Crc32c(std::span<const std::byte> bytes, std::uint32_t crc = 0);
std::uint32_t Crc32(std::span<const std::byte> bytes, std::uint32_t crc = 0);

/// A fast 64-bit hash for tables, not for adversaries.
std::uint64_t Hash64(std::string_view text, std::uint64_t seed = 0);

/// Lower-case hexadecimal.
std::string ToHex(std::span<const std::byte> bytes);
/// Nothing if `text` is not pairs of hexadecimal digits of either case.
std::optional<std::string> FromHex(std::string_view text);
std::string ToBase64(std::span<const std::byte> bytes);
/// Nothing if `text` is not padded standard base64.
std::optional<std::string> FromBase64(std::string_view text);

/// Compares in time that depends on the lengths alone.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

}  // namespace attune
