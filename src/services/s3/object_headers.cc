#include "services/s3/object_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "access/wildcard.h"
#include "services/s3/http_time.h"
#include "services/s3/object_checksums.h"

namespace attune {
namespace {

constexpr std::string_view kDefaultContentType = "binary/octet-stream";
constexpr std::string_view kMetadataPrefix = "x-amz-meta-";
constexpr std::array<std::string_view, 6> kKeptHeaders = {
    "cache-control",    "content-disposition",
    "content-encoding", "content-language",
    "expires",          "x-amz-website-redirect-location",
};
constexpr std::array<std::string_view, 8> kRefusedHeaders = {
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption",
    "x-amz-tagging",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-write-offset-bytes",
};
constexpr std::string_view kChunkedEncoding = "aws-chunked";
constexpr std::int64_t kMsPerSecond = 1000;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Calls `take` with each item of a comma-separated list.
template <class Take>
void ForEachItem(std::string_view list, Take take) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    take(Trim(list.substr(0, comma)));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
}

/// Content-Encoding without "aws-chunked", which is about the upload and not about the object.
std::string WithoutChunkedEncoding(std::string_view encoding) {
  std::string kept;
  ForEachItem(encoding, [&](std::string_view item) {
    if (item.empty() || item == kChunkedEncoding) return;
    if (!kept.empty()) kept += ", ";
    kept += item;
  });
  return kept;
}

std::optional<AwsError> CheckRefusedHeaders(const HttpHeaders& headers) {
  for (const auto name : kRefusedHeaders) {
    if (headers.Find(name)) {
      return AwsError(aws_error::kNotImplemented,
                      fmt::format("A header you provided implies functionality that is not implemented: {}", name));
    }
  }
  if (const auto storage_class = headers.Find("x-amz-storage-class"); storage_class && *storage_class != "STANDARD") {
    return AwsError(aws_error::kInvalidStorageClass, "The storage class you specified is not valid");
  }
  // Buckets are owned by the account in whole: an ACL may only repeat what is so.
  if (const auto acl = headers.Find("x-amz-acl");
      acl && *acl != "private" && *acl != "bucket-owner-full-control" && *acl != "bucket-owner-read") {
    return AwsError(aws_error::kAccessControlListNotSupported, "The bucket does not allow ACLs");
  }
  return std::nullopt;
}

bool ListsEtag(std::string_view list, std::string_view etag) {
  bool listed = false;
  ForEachItem(list, [&](std::string_view item) { listed = listed || item == "*" || BareEtag(item) == etag; });
  return listed;
}

std::optional<std::uint64_t> ParseCount(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  // A number too large to hold lies past every object.
  return error == std::errc::result_out_of_range ? std::numeric_limits<std::uint64_t>::max() : value;
}

}  // namespace

std::variant<ObjectAttributes, AwsError> ReadAttributes(const HttpHeaders& headers) {
  if (auto error = CheckRefusedHeaders(headers)) return *std::move(error);
  ObjectAttributes attributes;
  const auto type = headers.Find("content-type");
  attributes.content_type = type && !type->empty() ? *type : kDefaultContentType;
  for (const auto name : kKeptHeaders) {
    const auto value = headers.Find(name);
    if (!value) continue;
    auto kept = name == "content-encoding" ? WithoutChunkedEncoding(*value) : std::string(*value);
    if (!kept.empty()) attributes.headers.emplace(name, std::move(kept));
  }
  std::size_t metadata_bytes = 0;
  for (const auto& [name, value] : headers.fields()) {
    const auto lower = LowerCase(name);
    if (!lower.starts_with(kMetadataPrefix)) continue;
    const auto key = lower.substr(kMetadataPrefix.size());
    metadata_bytes += key.size() + value.size();
    // Fields of one name are one list.
    auto& kept = attributes.metadata[key];
    kept += kept.empty() ? value : "," + value;
  }
  if (metadata_bytes > kMetadataBytesMax) {
    AwsError error(aws_error::kMetadataTooLarge, "Your metadata headers exceed the maximum allowed metadata size");
    error.details = {{"Size", std::to_string(metadata_bytes)}, {"MaxSizeAllowed", std::to_string(kMetadataBytesMax)}};
    return error;
  }
  return attributes;
}

void AddChecksumHeaders(const ObjectInfo& info, HttpHeaders* headers) {
  for (const auto& [algorithm, text] : info.checksums) headers->Add("x-amz-checksum-" + algorithm, text);
  if (info.checksums.empty()) return;
  headers->Add("x-amz-checksum-type", std::string(ChecksumType(info.checksums.begin()->second)));
}

void AddObjectHeaders(const ObjectInfo& info, ShowChecksums checksums, HttpHeaders* headers) {
  headers->Add("etag", QuotedEtag(info.etag));
  headers->Add("last-modified", FormatHttpDate(info.last_modified_ms));
  headers->Add("accept-ranges", "bytes");
  headers->Add("content-type", info.attributes.content_type);
  for (const auto& [name, value] : info.attributes.headers) headers->Add(name, value);
  for (const auto& [name, value] : info.attributes.metadata) {
    headers->Add(std::string(kMetadataPrefix) + name, value);
  }
  if (checksums == ShowChecksums::kYes) AddChecksumHeaders(info, headers);
}

ConditionResult CheckConditions(const HttpHeaders& headers, std::string_view prefix, const ObjectInfo& info) {
  const auto find = [&](std::string_view name) { return headers.Find(std::string(prefix) + std::string(name)); };
  // Dates in headers are whole seconds.
  const auto modified_ms = info.last_modified_ms / kMsPerSecond * kMsPerSecond;
  if (const auto match = find("if-match")) {
    if (!ListsEtag(*match, info.etag)) return ConditionResult::kFailed;
  } else if (const auto since = find("if-unmodified-since")) {
    const auto moment = ParseHttpDate(*since);
    if (moment && modified_ms > *moment) return ConditionResult::kFailed;
  }
  if (const auto none_match = find("if-none-match")) {
    if (ListsEtag(*none_match, info.etag)) return ConditionResult::kNotModified;
  } else if (const auto since = find("if-modified-since")) {
    const auto moment = ParseHttpDate(*since);
    if (moment && modified_ms <= *moment) return ConditionResult::kNotModified;
  }
  return ConditionResult::kGive;
}

bool IsUnchanged(std::string_view if_range, const ObjectInfo& info) {
  const auto text = Trim(if_range);
  if (text.starts_with('"')) return BareEtag(text) == info.etag;
  const auto moment = ParseHttpDate(text);
  return moment && *moment == info.last_modified_ms / kMsPerSecond * kMsPerSecond;
}

std::variant<std::optional<ByteRange>, AwsError> ParseRange(std::string_view text, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  constexpr std::optional<ByteRange> kWhole;
  if (!text.starts_with(kUnit)) return kWhole;
  const auto range = text.substr(kUnit.size());
  const auto dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return kWhole;
  const auto first_text = Trim(range.substr(0, dash));
  const auto last_text = Trim(range.substr(dash + 1));
  AwsError unsatisfiable(aws_error::kInvalidRange, "The requested range is not satisfiable");
  unsatisfiable.details = {{"RangeRequested", std::string(text)}, {"ActualObjectSize", std::to_string(size)}};

  if (first_text.empty()) {
    const auto suffix = ParseCount(last_text);
    if (!suffix) return kWhole;
    if (*suffix == 0 || size == 0) return unsatisfiable;
    const auto count = std::min(*suffix, size);
    return std::optional(ByteRange{.first = size - count, .size = count});
  }
  const auto first = ParseCount(first_text);
  const auto last = last_text.empty() ? std::optional<std::uint64_t>(size) : ParseCount(last_text);
  if (!first || !last || *last < *first) {
    // "5-" past the end is a right form that no byte satisfies.
    if (first && last_text.empty() && *first >= size) return unsatisfiable;
    return kWhole;
  }
  if (*first >= size) return unsatisfiable;
  return std::optional(ByteRange{.first = *first, .size = std::min(*last, size - 1) - *first + 1});
}

std::string QuotedEtag(std::string_view etag) { return fmt::format("\"{}\"", etag); }

std::string_view BareEtag(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag.remove_prefix(1);
    etag.remove_suffix(1);
  }
  return etag;
}

}  // namespace attune
