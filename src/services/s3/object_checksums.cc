#include "services/s3/object_checksums.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "access/wildcard.h"
#include "services/s3/crc64nvme.h"
#include "services/s3/crc_combination.h"

namespace attune {
namespace {

constexpr std::array<std::pair<ChecksumKind, std::string_view>, 5> kNames = {{
    {ChecksumKind::kCrc32, "crc32"},
    {ChecksumKind::kCrc32c, "crc32c"},
    {ChecksumKind::kCrc64Nvme, "crc64nvme"},
    {ChecksumKind::kSha1, "sha1"},
    {ChecksumKind::kSha256, "sha256"},
}};
constexpr std::string_view kHeaderPrefix = "x-amz-checksum-";
constexpr std::size_t kMd5Bytes = 16;

std::string BigEndian(std::uint64_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text.push_back(static_cast<char>(value >> shift));
  return text;
}

std::uint64_t FromBigEndian(std::string_view raw) {
  std::uint64_t value = 0;
  for (const char byte : raw) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::optional<CrcForm> FormOf(ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::kCrc32: return kCrc32Form;
    case ChecksumKind::kCrc32c: return kCrc32cForm;
    case ChecksumKind::kCrc64Nvme: return kCrc64NvmeForm;
    case ChecksumKind::kSha1:
    case ChecksumKind::kSha256: return std::nullopt;
  }
  ATTUNE_CHECK(false);
}

}  // namespace

std::string_view ChecksumName(ChecksumKind kind) {
  for (const auto& [each, name] : kNames) {
    if (each == kind) return name;
  }
  ATTUNE_CHECK(false);
}

std::string ChecksumElement(std::string_view name) {
  std::string element = "Checksum";
  for (const char c : name) element.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  return element;
}

std::optional<ChecksumKind> FindChecksum(std::string_view name) {
  const auto lower = LowerCase(name);
  for (const auto& [kind, each] : kNames) {
    if (each == lower) return kind;
  }
  return std::nullopt;
}

std::size_t ChecksumBytes(ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::kCrc32:
    case ChecksumKind::kCrc32c: return 4;
    case ChecksumKind::kCrc64Nvme: return 8;
    case ChecksumKind::kSha1: return 20;
    case ChecksumKind::kSha256: return 32;
  }
  ATTUNE_CHECK(false);
}

Checksum::Checksum(ChecksumKind kind) : kind_(kind) {
  if (kind == ChecksumKind::kSha1) digest_.emplace(DigestKind::kSha1);
  if (kind == ChecksumKind::kSha256) digest_.emplace(DigestKind::kSha256);
}

void Checksum::Update(std::span<const std::byte> bytes) {
  switch (kind_) {
    case ChecksumKind::kCrc32: crc_ = Crc32(bytes, static_cast<std::uint32_t>(crc_)); break;
    case ChecksumKind::kCrc32c: crc_ = Crc32c(bytes, static_cast<std::uint32_t>(crc_)); break;
    case ChecksumKind::kCrc64Nvme: crc_ = Crc64Nvme(bytes, crc_); break;
    case ChecksumKind::kSha1:
    case ChecksumKind::kSha256: digest_->Update(bytes); break;
  }
}

std::string Checksum::Finish() {
  return digest_ ? digest_->Finish() : BigEndian(crc_, static_cast<int>(ChecksumBytes(kind_)));
}

std::optional<AwsError> ObjectChecksums::Declare(ChecksumKind kind, std::string_view base64) {
  const auto raw = FromBase64(base64);
  if (!raw || raw->size() != ChecksumBytes(kind)) {
    return AwsError(aws_error::kInvalidRequest,
                    fmt::format("Value for {}{} header is invalid.", kHeaderPrefix, ChecksumName(kind)));
  }
  declared_ = base64;
  return std::nullopt;
}

std::optional<AwsError> ObjectChecksums::ReadHeaders(const HttpHeaders& headers) {
  if (const auto md5 = headers.Find("content-md5")) {
    const auto raw = FromBase64(*md5);
    if (!raw || raw->size() != kMd5Bytes)
      return AwsError(aws_error::kInvalidDigest, "The Content-MD5 you specified was invalid.");
    md5_hex_ = ToHex(AsBytes(*raw));
  }
  for (const auto& [kind, name] : kNames) {
    const auto value = headers.Find(fmt::format("{}{}", kHeaderPrefix, name));
    if (!value) continue;
    if (kind_) {
      return AwsError(aws_error::kInvalidRequest,
                      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    }
    kind_ = kind;
    if (auto error = Declare(kind, *value)) return error;
  }
  if (const auto trailer = headers.Find("x-amz-trailer")) {
    const auto name = LowerCase(*trailer);
    const auto kind = name.starts_with(kHeaderPrefix) ? FindChecksum(name.substr(kHeaderPrefix.size())) : std::nullopt;
    if (!kind)
      return AwsError(aws_error::kInvalidRequest, "The value specified in the x-amz-trailer header is not supported");
    if (kind_) {
      return AwsError(aws_error::kInvalidRequest,
                      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    }
    kind_ = kind;
  }
  if (kind_) checksum_.emplace(*kind_);
  return std::nullopt;
}

void ObjectChecksums::Update(std::span<const std::byte> bytes) {
  if (checksum_) checksum_->Update(bytes);
}

std::optional<AwsError> ObjectChecksums::AddTrailer(std::string_view name, std::string_view value) {
  const auto lower = LowerCase(name);
  const auto kind = lower.starts_with(kHeaderPrefix) ? FindChecksum(lower.substr(kHeaderPrefix.size())) : std::nullopt;
  if (!kind || kind != kind_ || declared_) {
    return AwsError(
        aws_error::kMalformedTrailerError,
        "The request contained trailing data that was not well-formed or did not conform to our published schema.");
  }
  return Declare(*kind, value);
}

std::optional<AwsError> ObjectChecksums::Finish(std::string_view md5_hex) {
  if (md5_hex_ && *md5_hex_ != md5_hex)
    return AwsError(aws_error::kBadDigest, "The Content-MD5 you specified did not match what we received.");
  if (!kind_) return std::nullopt;
  if (!declared_) {
    return AwsError(
        aws_error::kMalformedTrailerError,
        "The request contained trailing data that was not well-formed or did not conform to our published schema.");
  }
  const auto raw = checksum_->Finish();
  const auto text = ToBase64(AsBytes(raw));
  if (text != *declared_) {
    std::string upper(ChecksumName(*kind_));
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return AwsError(aws_error::kBadDigest,
                    fmt::format("The {} you specified did not match the calculated checksum.", upper));
  }
  verified_.emplace(ChecksumName(*kind_), text);
  return std::nullopt;
}

std::string_view ChecksumType(std::string_view checksum) {
  return checksum.find('-') == std::string_view::npos ? "FULL_OBJECT" : "COMPOSITE";
}

std::optional<std::string> FullObjectChecksum(ChecksumKind kind, std::span<const PartChecksum> parts) {
  const auto form = FormOf(kind);
  if (!form) return std::nullopt;
  std::uint64_t crc = 0;
  for (const auto& part : parts) {
    const auto raw = FromBase64(part.base64);
    if (!raw || raw->size() != ChecksumBytes(kind)) return std::nullopt;
    crc = CombineCrcs(*form, crc, FromBigEndian(*raw), part.size);
  }
  const auto raw = BigEndian(crc, static_cast<int>(ChecksumBytes(kind)));
  return ToBase64(AsBytes(raw));
}

std::optional<std::string> CompositeChecksum(ChecksumKind kind, std::span<const PartChecksum> parts) {
  Checksum whole(kind);
  for (const auto& part : parts) {
    const auto raw = FromBase64(part.base64);
    if (!raw || raw->size() != ChecksumBytes(kind)) return std::nullopt;
    whole.Update(AsBytes(*raw));
  }
  const auto raw = whole.Finish();
  return fmt::format("{}-{}", ToBase64(AsBytes(raw)), parts.size());
}

}  // namespace attune
