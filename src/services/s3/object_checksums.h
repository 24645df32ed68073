#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "protocol/error.h"
#include "protocol/http_message.h"

namespace attune {

/// The algorithms of x-amz-checksum-*.
enum class ChecksumKind { kCrc32, kCrc32c, kCrc64Nvme, kSha1, kSha256 };

/// "crc32", as in x-amz-checksum-crc32 and in ObjectInfo::checksums.
std::string_view ChecksumName(ChecksumKind kind);
/// "ChecksumCRC32", as XML has it, for "crc32".
std::string ChecksumElement(std::string_view name);
/// Of a name in any case: "CRC32".
std::optional<ChecksumKind> FindChecksum(std::string_view name);
/// The raw size: 4 bytes for CRC32.
std::size_t ChecksumBytes(ChecksumKind kind);

/// One checksum of bytes that arrive in parts. One thread at a time.
class Checksum {
 public:
  explicit Checksum(ChecksumKind kind);

  void Update(std::span<const std::byte> bytes);
  /// Raw, big-endian for CRCs. Call once, last.
  std::string Finish();

 private:
  const ChecksumKind kind_;
  std::uint64_t crc_ = 0;
  std::optional<Digest> digest_;
};

/// What a client says about the bytes of an object, checked against the bytes. One thread at a time.
class ObjectChecksums {
 public:
  /// Reads Content-MD5, x-amz-checksum-* and x-amz-trailer. InvalidDigest or InvalidRequest for what is malformed, or
  /// for more than one checksum.
  std::optional<AwsError> ReadHeaders(const HttpHeaders& headers);

  void Update(std::span<const std::byte> bytes);
  /// A field of the trailer: "x-amz-checksum-crc32".
  std::optional<AwsError> AddTrailer(std::string_view name, std::string_view value);
  /// BadDigest if the bytes are others than declared, or an announced trailer did not come. `md5_hex` is that of all
  /// bytes. Call once, last.
  std::optional<AwsError> Finish(std::string_view md5_hex);

  /// After Finish: algorithm to base64 text, of what was declared.
  const std::map<std::string, std::string>& verified() const { return verified_; }

 private:
  std::optional<AwsError> Declare(ChecksumKind kind, std::string_view base64);

  std::optional<std::string> md5_hex_;
  std::optional<ChecksumKind> kind_;
  std::optional<std::string> declared_;  ///< Base64; of kind_.
  std::optional<Checksum> checksum_;
  std::map<std::string, std::string> verified_;
};

/// "COMPOSITE" for a checksum of parts' checksums, "FULL_OBJECT" for one of the bytes.
std::string_view ChecksumType(std::string_view checksum);

/// One part's checksum, as S3 has it, and how many bytes it is of.
struct PartChecksum {
  std::string base64;
  std::uint64_t size = 0;
};

/// The checksum of all bytes of a multipart object, from those of its parts. Nothing for SHA-1 and SHA-256, whose parts
/// do not give it, and if one is not base64 of the right size.
std::optional<std::string> FullObjectChecksum(ChecksumKind kind, std::span<const PartChecksum> parts);

/// The checksum that S3 gives a multipart object: of its parts' raw checksums, then "-" and how many they are. Nothing
/// if one is not base64 of the right size.
std::optional<std::string> CompositeChecksum(ChecksumKind kind, std::span<const PartChecksum> parts);

}  // namespace attune
