#include <fmt/format.h>

#include <vector>

#include "base/hash.h"
#include "protocol/envelope.h"
#include "protocol/rest_xml.h"
#include "services/s3/http_time.h"
#include "services/s3/object_checksums.h"
#include "services/s3/object_headers.h"
#include "services/s3/s3_access.h"
#include "services/s3/s3_operations.h"
#include "services/s3/upload_parameters.h"

namespace attune {
namespace {

constexpr std::size_t kCopyBlockBytes = 1 << 20;
constexpr std::uint64_t kCopyBytesMax = std::uint64_t{5} << 30;
constexpr std::string_view kSourcePrefix = "x-amz-copy-source-";

struct Source {
  std::string bucket;
  std::string key;
};

/// "bucket/key" or "/bucket/key", percent-encoded, perhaps with "?versionId=null".
std::variant<Source, AwsError> ReadSource(const S3Request& request) {
  const AwsError malformed(aws_error::kInvalidArgument,
                           "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  std::string_view text = *request.Header("x-amz-copy-source");
  if (const auto query = text.find("?versionId="); query != std::string_view::npos) {
    if (text.substr(query) != "?versionId=null")
      return AwsError(aws_error::kNoSuchVersion, "The specified version does not exist.");
    text = text.substr(0, query);
  }
  const auto decoded = PercentDecode(text);
  if (!decoded) return malformed;
  std::string_view path = *decoded;
  if (path.starts_with('/')) path.remove_prefix(1);
  const auto slash = path.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == path.size()) return malformed;
  return Source{.bucket = std::string(path.substr(0, slash)), .key = std::string(path.substr(slash + 1))};
}

/// The source, opened, once the caller may read it and its conditions hold.
std::variant<std::unique_ptr<ObjectReader>, AwsError> OpenSource(S3Context& context, const S3Request& request,
                                                                 const Source& source) {
  const auto policy = context.objects.BucketPolicy(source.bucket);
  if (!policy.ok()) {
    return policy.status().code() == Code::kNotFound ? NoSuchBucketError(source.bucket) : S3Error(policy.status());
  }
  const auto may =
      AuthorizeS3(context, request, {.action = "s3:GetObject", .bucket = source.bucket, .key = source.key}, *policy);
  if (!may.ok()) return S3Error(may);
  auto reader = context.objects.OpenObject(source.bucket, source.key);
  if (!reader.ok()) return MissingObjectError(context, request, source.bucket, source.key, reader.status());
  if (CheckConditions(request.head.headers, kSourcePrefix, (*reader)->info()) != ConditionResult::kGive) {
    return AwsError(aws_error::kPreconditionFailed, "At least one of the pre-conditions you specified did not hold");
  }
  return std::move(reader).value();
}

struct NamedChecksum {
  std::string name;  ///< "crc32"
  Checksum checksum;
};

/// The checksum that the copy shall have, where the request asks for one.
std::variant<std::optional<NamedChecksum>, AwsError> AskedChecksum(const S3Request& request) {
  const auto asked = request.Header("x-amz-checksum-algorithm");
  if (!asked) return std::nullopt;
  const auto kind = FindChecksum(*asked);
  if (kind) return NamedChecksum{.name = std::string(ChecksumName(*kind)), .checksum = Checksum(*kind)};
  return AwsError(aws_error::kInvalidRequest,
                  fmt::format("Checksum algorithm provided is unsupported: {}. Please try again with any of the valid "
                              "types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
                              *asked));
}

/// `checksum`, if there is one, sees them too.
Status CopyBytes(const ObjectReader& reader, ByteRange range, ObjectWriter& writer,
                 std::optional<NamedChecksum>* checksum = nullptr) {
  std::vector<std::byte> block(kCopyBlockBytes);
  while (range.size > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(range.size, block.size()));
    ATTUNE_TRY(const auto size, reader.ReadAt(range.first, std::span(block).first(wanted)));
    if (size == 0) return Corrupt(fmt::format("object {} ends {} bytes too early", reader.info().key, range.size));
    ATTUNE_RETURN_IF_ERROR(writer.Append(std::span(block).first(size)));
    if (checksum != nullptr && checksum->has_value()) (*checksum)->checksum.Update(std::span(block).first(size));
    range.first += size;
    range.size -= size;
  }
  return {};
}

HttpResponse CopyReply(const S3Request& request, std::string_view element, const ObjectInfo& info) {
  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin(element, kS3Namespace);
  xml.Element("LastModified", FormatIsoTime(info.last_modified_ms));
  xml.Element("ETag", QuotedEtag(info.etag));
  for (const auto& [algorithm, value] : info.checksums) xml.Element(ChecksumElement(algorithm), value);
  if (!info.checksums.empty()) xml.Element("ChecksumType", ChecksumType(info.checksums.begin()->second));
  xml.End();
  return S3XmlResponse(std::move(text), request.request_id);
}

/// Of a copy: the source's, or with x-amz-metadata-directive: REPLACE those of the request.
std::variant<ObjectAttributes, AwsError> CopiedAttributes(const S3Request& request, const Source& source,
                                                          const ObjectInfo& info) {
  auto given = ReadAttributes(request.head.headers);
  if (std::holds_alternative<AwsError>(given)) return given;
  const auto directive = request.Header("x-amz-metadata-directive").value_or("COPY");
  if (directive == "REPLACE") return given;
  if (directive != "COPY") {
    return AwsError(aws_error::kInvalidArgument, fmt::format("Unknown metadata directive: {}", directive));
  }
  if (source.bucket == request.bucket && source.key == request.key) {
    return AwsError(aws_error::kInvalidRequest,
                    "This copy request is illegal because it is trying to copy an object to itself without changing "
                    "the object's metadata, storage class, website redirect location or encryption attributes.");
  }
  return info.attributes;
}

}  // namespace

S3Reply CopyObject(S3Context& context, const S3Request& request) {
  const auto read = ReadSource(request);
  if (const auto* error = std::get_if<AwsError>(&read)) return *error;
  const auto& source = std::get<Source>(read);
  auto opened = OpenSource(context, request, source);
  if (auto* error = std::get_if<AwsError>(&opened)) return std::move(*error);
  const auto& reader = *std::get<0>(opened);
  if (reader.info().size > kCopyBytesMax) {
    return AwsError(aws_error::kInvalidRequest,
                    fmt::format("The specified copy source is larger than the maximum allowable size "
                                "for a copy source: {}",
                                kCopyBytesMax));
  }
  auto attributes = CopiedAttributes(request, source, reader.info());
  if (auto* error = std::get_if<AwsError>(&attributes)) return std::move(*error);
  auto named = AskedChecksum(request);
  if (auto* error = std::get_if<AwsError>(&named)) return std::move(*error);
  auto& checksum = std::get<std::optional<NamedChecksum>>(named);
  auto writer =
      context.objects.BeginPut(request.bucket, request.key, std::get<ObjectAttributes>(std::move(attributes)));
  if (!writer.ok()) return BucketOrKeyError(context, request, writer.status());
  const auto copied = CopyBytes(reader, {.first = 0, .size = reader.info().size}, **writer, &checksum);
  if (!copied.ok()) return S3Error(copied);
  if (checksum) (*writer)->SetChecksum(checksum->name, ToBase64(AsBytes(checksum->checksum.Finish())));
  // A checksum of the whole still holds; a composite one would name parts that are no more.
  for (const auto& [algorithm, text] : reader.info().checksums) {
    if (!checksum && text.find('-') == std::string::npos) (*writer)->SetChecksum(algorithm, text);
  }
  const auto info = (*writer)->Commit();
  if (!info.ok()) return BucketOrKeyError(context, request, info.status());
  return CopyReply(request, "CopyObjectResult", *info);
}

S3Reply UploadPartCopy(S3Context& context, const S3Request& request) {
  const auto number = PartNumber(request);
  if (const auto* error = std::get_if<AwsError>(&number)) return *error;
  const auto read = ReadSource(request);
  if (const auto* error = std::get_if<AwsError>(&read)) return *error;
  const auto& source = std::get<Source>(read);
  auto opened = OpenSource(context, request, source);
  if (auto* error = std::get_if<AwsError>(&opened)) return std::move(*error);
  const auto& reader = *std::get<0>(opened);
  ByteRange range{.first = 0, .size = reader.info().size};
  if (const auto text = request.Header("x-amz-copy-source-range")) {
    const auto parsed = ParseRange(*text, reader.info().size);
    const auto* given = std::get_if<0>(&parsed);
    // The range of a copy must lie within the source in whole.
    const bool fits = given != nullptr && given->has_value() &&
                      *text == fmt::format("bytes={}-{}", (*given)->first, (*given)->first + (*given)->size - 1);
    if (!fits) {
      return AwsError(aws_error::kInvalidArgument,
                      fmt::format("Range specified is not valid for source object of size: {}", reader.info().size));
    }
    range = **given;
  }
  const std::string upload_id(request.Parameter("uploadId").value_or(""));
  auto writer = context.objects.BeginPart(request.bucket, request.key, upload_id, std::get<0>(number));
  if (!writer.ok()) {
    return writer.status().code() == Code::kNotFound ? NoSuchUploadError(upload_id) : S3Error(writer.status());
  }
  const auto copied = CopyBytes(reader, range, **writer);
  if (!copied.ok()) return S3Error(copied);
  const auto info = (*writer)->Commit();
  if (!info.ok()) return BucketOrKeyError(context, request, info.status());
  return CopyReply(request, "CopyPartResult", *info);
}

}  // namespace attune
