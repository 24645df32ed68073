#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/error.h"
#include "protocol/http_message.h"
#include "storage/object_store.h"

namespace attune {

/// What the headers of a PutObject or CreateMultipartUpload say about the object. MetadataTooLarge beyond
/// kMetadataBytesMax; NotImplemented for encryption, tags, locks and storage classes, which would be promises not kept;
/// AccessControlListNotSupported for an ACL that opens the object to others.
std::variant<ObjectAttributes, AwsError> ReadAttributes(const HttpHeaders& headers);

inline constexpr std::size_t kMetadataBytesMax = 2048;

/// ETag, Last-Modified, Content-Type, metadata and so on; checksums where `with_checksums`.
enum class ShowChecksums { kYes, kNo };
void AddObjectHeaders(const ObjectInfo& info, ShowChecksums checksums, HttpHeaders* headers);
/// x-amz-checksum-crc32 and its kin.
void AddChecksumHeaders(const ObjectInfo& info, HttpHeaders* headers);

/// Whether If-Match, If-None-Match, If-Modified-Since and If-Unmodified-Since, by those names after `prefix`
/// ("x-amz-copy-source-" for copies), let the object be given.
enum class ConditionResult { kGive, kNotModified, kFailed };
ConditionResult CheckConditions(const HttpHeaders& headers, std::string_view prefix, const ObjectInfo& info);

/// Whether the object is the one that If-Range names, by its ETag (a weak one never is) or its exact date.
/// RFC 9110, 13.1.5
bool IsUnchanged(std::string_view if_range, const ObjectInfo& info);

/// A part of an object.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};
/// Of "bytes=a-b", "bytes=a-" or "bytes=-n". Nothing for another form, which a server passes over: the whole object.
/// InvalidRange where no byte of an object of `size` bytes is meant.
std::variant<std::optional<ByteRange>, AwsError> ParseRange(std::string_view text, std::uint64_t size);

std::string QuotedEtag(std::string_view etag);
/// Without quotes and a weak mark.
std::string_view BareEtag(std::string_view etag);

}  // namespace attune
