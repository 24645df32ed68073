#include <fmt/format.h>

#include <charconv>

#include "access/wildcard.h"
#include "protocol/envelope.h"
#include "protocol/rest_xml.h"
#include "services/s3/http_time.h"
#include "services/s3/object_checksums.h"
#include "services/s3/object_headers.h"
#include "services/s3/s3_operations.h"
#include "services/s3/upload_parameters.h"

namespace attune {
namespace {

constexpr std::size_t kListMax = 1000;
constexpr std::string_view kMalformedMessage =
    "The XML you provided was not well-formed or did not validate against our published schema";

std::string UploadId(const S3Request& request) { return std::string(request.Parameter("uploadId").value_or("")); }

AwsError UploadError(const S3Context& context, const S3Request& request, const Status& status) {
  if (status.code() != Code::kNotFound) return S3Error(status);
  const auto bucket = context.objects.FindBucket(request.bucket);
  if (!bucket.ok() && bucket.status().code() == Code::kNotFound) return NoSuchBucketError(request.bucket);
  return NoSuchUploadError(UploadId(request));
}

/// A count in the query, `fallback` if it is absent or not a number, at most kListMax.
std::size_t CountParameter(const S3Request& request, std::string_view name, std::size_t fallback) {
  const auto text = request.Parameter(name);
  std::size_t count = 0;
  if (!text) return fallback;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
  if (error != std::errc() || end != text->data() + text->size()) return fallback;
  return std::min(count, kListMax);
}

void WriteOwner(XmlWriter& xml, const S3Context& context, std::string_view element) {
  xml.Begin(element);
  xml.Element("ID", S3OwnerId(context));
  xml.Element("DisplayName", context.account_id);
  xml.End();
}

std::variant<std::vector<CompletedPart>, AwsError> ReadCompletion(const std::string& body) {
  const auto document = XmlDocument::Parse(body);
  if (!document.ok() || document->root().name() != "CompleteMultipartUpload") {
    return AwsError(aws_error::kMalformedXML, std::string(kMalformedMessage));
  }
  std::vector<CompletedPart> parts;
  for (const auto& element : document->root().Children("Part")) {
    const auto number = ParsePartNumber(element.ChildText("PartNumber").value_or(""));
    const auto etag = element.ChildText("ETag");
    if (!number || !etag) return AwsError(aws_error::kMalformedXML, std::string(kMalformedMessage));
    if (!parts.empty() && *number <= parts.back().number) {
      return AwsError(aws_error::kInvalidPartOrder,
                      "The list of parts was not in ascending order. Parts must be ordered by part number.");
    }
    parts.push_back({.number = *number, .etag = std::string(BareEtag(*etag))});
  }
  if (parts.empty()) return AwsError(aws_error::kMalformedXML, std::string(kMalformedMessage));
  return parts;
}

/// Whether the completed object's checksum is of all its bytes, not of its parts' checksums: asked for by type or by a
/// value without a count, and always with CRC64NVME.
bool WantsFullObject(const S3Request& request, ChecksumKind kind) {
  if (kind == ChecksumKind::kCrc64Nvme) return true;
  if (LowerCase(request.Header("x-amz-checksum-type").value_or("")) == "full_object") return true;
  const auto declared = request.Header(fmt::format("x-amz-checksum-{}", ChecksumName(kind)));
  return declared && declared->find('-') == std::string_view::npos;
}

/// The checksum of the whole, where every part came with one of the same algorithm.
Result<std::map<std::string, std::string>> WholeChecksums(S3Context& context, const S3Request& request,
                                                          const std::vector<CompletedPart>& completed) {
  std::map<std::uint32_t, Part> stored;
  std::uint32_t after = 0;
  while (true) {
    ATTUNE_TRY(auto page, context.objects.ListParts(request.bucket, request.key, UploadId(request), after, kListMax));
    if (page.empty()) break;
    after = page.back().number;
    for (auto& part : page) stored.emplace(part.number, std::move(part));
  }
  std::map<std::string, std::string> whole;
  const auto first = stored.find(completed.front().number);
  if (first == stored.end() || first->second.checksums.size() != 1) return whole;
  const auto algorithm = first->second.checksums.begin()->first;
  std::vector<PartChecksum> parts;
  for (const auto& part : completed) {
    const auto found = stored.find(part.number);
    if (found == stored.end() || !found->second.checksums.contains(algorithm)) return whole;
    parts.push_back({.base64 = found->second.checksums.at(algorithm), .size = found->second.size});
  }
  const auto kind = FindChecksum(algorithm);
  if (!kind) return whole;
  auto text = WantsFullObject(request, *kind) ? FullObjectChecksum(*kind, parts) : CompositeChecksum(*kind, parts);
  if (text) whole.emplace(algorithm, *std::move(text));
  return whole;
}

/// What an upload of these parts would have made, if the object of that key is that: a client whose answer was lost
/// asks again, and the upload is gone.
std::optional<ObjectInfo> FindCompleted(S3Context& context, const S3Request& request,
                                        const std::vector<CompletedPart>& parts) {
  Digest md5(DigestKind::kMd5);
  for (const auto& part : parts) md5.Update(AsBytes(FromHex(part.etag).value_or("")));
  auto info = context.objects.FindObject(request.bucket, request.key);
  if (!info.ok() || info->etag != fmt::format("{}-{}", ToHex(AsBytes(md5.Finish())), parts.size())) return std::nullopt;
  return *std::move(info);
}

/// What is wrong with a checksum that the request declares of the whole: BadDigest if the parts give another,
/// InvalidRequest if it is no checksum. Of parts that came without checksums nothing is known but their order.
std::optional<AwsError> CheckWhole(const S3Request& request, const std::map<std::string, std::string>& checksums) {
  for (const auto kind : {ChecksumKind::kCrc32, ChecksumKind::kCrc32c, ChecksumKind::kCrc64Nvme, ChecksumKind::kSha1,
                          ChecksumKind::kSha256}) {
    const std::string header = fmt::format("x-amz-checksum-{}", ChecksumName(kind));
    const auto declared = request.Header(header);
    if (!declared) continue;
    const std::string_view digest = declared->substr(0, declared->find('-'));
    const auto raw = FromBase64(digest);
    if (!raw || raw->size() != ChecksumBytes(kind)) {
      return AwsError(aws_error::kInvalidRequest, fmt::format("Value for {} header is invalid.", header));
    }
    const auto computed = checksums.find(std::string(ChecksumName(kind)));
    if (computed == checksums.end() || *declared == computed->second) continue;
    return AwsError(aws_error::kBadDigest, fmt::format("The {} you specified did not match the calculated checksum.",
                                                       ChecksumElement(ChecksumName(kind)).substr(8)));
  }
  return std::nullopt;
}

AwsError CompletionError(const S3Context& context, const S3Request& request, const Status& status) {
  if (status.code() == Code::kInvalidArgument) {
    return {aws_error::kInvalidPart,
            "One or more of the specified parts could not be found. The part may not have been uploaded, or the "
            "specified entity tag may not match the part's entity tag."};
  }
  if (status.code() == Code::kLimitExceeded) {
    return {aws_error::kEntityTooSmall, "Your proposed upload is smaller than the minimum allowed size"};
  }
  return UploadError(context, request, status);
}

S3Reply CompletionReply(const S3Request& request, const ObjectInfo& info) {
  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin("CompleteMultipartUploadResult", kS3Namespace);
  xml.Element("Location", fmt::format("http://{}/{}/{}", request.Header("host").value_or(""), request.bucket,
                                      UriEncode(request.key, EncodeSlash::kNo)));
  xml.Element("Bucket", request.bucket);
  xml.Element("Key", request.key);
  xml.Element("ETag", QuotedEtag(info.etag));
  for (const auto& [algorithm, value] : info.checksums) xml.Element(ChecksumElement(algorithm), value);
  if (!info.checksums.empty()) xml.Element("ChecksumType", ChecksumType(info.checksums.begin()->second));
  xml.End();
  return S3XmlResponse(std::move(text), request.request_id);
}

/// If-None-Match: * and If-Match of a write.
std::optional<AwsError> CheckWriteConditions(S3Context& context, const S3Request& request) {
  const auto none_match = request.Header("if-none-match");
  const auto match = request.Header("if-match");
  if (!none_match && !match) return std::nullopt;
  if (none_match && *none_match != "*") {
    return AwsError(aws_error::kNotImplemented,
                    "A header you provided implies functionality that is not implemented: If-None-Match of an ETag");
  }
  const auto info = context.objects.FindObject(request.bucket, request.key);
  if (!info.ok() && info.status().code() != Code::kNotFound) return S3Error(info.status());
  AwsError failed(aws_error::kPreconditionFailed, "At least one of the pre-conditions you specified did not hold");
  if (none_match) {
    failed.details.emplace_back("Condition", "If-None-Match");
    return info.ok() ? std::optional(failed) : std::nullopt;
  }
  if (!info.ok()) return NoSuchKeyError(request.key);
  failed.details.emplace_back("Condition", "If-Match");
  return CheckConditions(request.head.headers, "", *info) == ConditionResult::kFailed ? std::optional(failed)
                                                                                      : std::nullopt;
}

/// SHA-1 and SHA-256 of the whole do not follow from those of the parts, and CRC64NVME is of the whole alone.
std::optional<AwsError> CheckChecksumType(const S3Request& request, std::optional<std::string_view> algorithm) {
  const auto type = request.Header("x-amz-checksum-type");
  if (!type) return std::nullopt;
  const auto kind = algorithm ? FindChecksum(*algorithm) : std::nullopt;
  const bool full = *type == "FULL_OBJECT";
  if (!kind || (!full && *type != "COMPOSITE")) {
    return AwsError(aws_error::kInvalidRequest,
                    "The x-amz-checksum-type header is FULL_OBJECT or COMPOSITE and needs x-amz-checksum-algorithm.");
  }
  const bool sha = *kind == ChecksumKind::kSha1 || *kind == ChecksumKind::kSha256;
  if (full ? !sha : *kind != ChecksumKind::kCrc64Nvme) return std::nullopt;
  return AwsError(
      aws_error::kInvalidRequest,
      fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.", *type, ChecksumName(*kind)));
}

bool IsConditionalWrite(const S3Request& request) {
  return request.Header("if-none-match").has_value() || request.Header("if-match").has_value();
}

}  // namespace

std::optional<std::uint32_t> ParsePartNumber(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::variant<std::uint32_t, AwsError> PartNumber(const S3Request& request) {
  const auto text = request.Parameter("partNumber").value_or("");
  const auto number = ParsePartNumber(text);
  if (number && *number >= 1 && *number <= ObjectStore::kPartNumberMax) return *number;
  AwsError error(aws_error::kInvalidArgument, fmt::format("Part number must be an integer between 1 and {}, inclusive",
                                                          ObjectStore::kPartNumberMax));
  error.details = {{"ArgumentName", "partNumber"}, {"ArgumentValue", std::string(text)}};
  return error;
}

std::variant<std::unique_ptr<ObjectWriter>, AwsError> BeginUpload(S3Context& context, const S3Request& request) {
  if (request.HasParameter("uploadId")) {
    const auto number = PartNumber(request);
    if (const auto* error = std::get_if<AwsError>(&number)) return *error;
    auto writer =
        context.objects.BeginPart(request.bucket, request.key, UploadId(request), std::get<std::uint32_t>(number));
    if (!writer.ok()) return UploadError(context, request, writer.status());
    return std::move(writer).value();
  }
  auto attributes = ReadAttributes(request.head.headers);
  if (auto* error = std::get_if<AwsError>(&attributes)) return std::move(*error);
  if (auto error = CheckWriteConditions(context, request)) return *std::move(error);
  auto writer =
      context.objects.BeginPut(request.bucket, request.key, std::get<ObjectAttributes>(std::move(attributes)));
  if (!writer.ok()) return BucketOrKeyError(context, request, writer.status());
  return std::move(writer).value();
}

S3Reply FinishUpload(S3Context& context, const S3Request& request, ObjectWriter& writer) {
  const bool part = request.HasParameter("uploadId");
  const auto commit = [&]() -> std::variant<ObjectInfo, AwsError> {
    auto info = writer.Commit();
    if (info.ok()) return std::move(info).value();
    return part ? UploadError(context, request, info.status()) : BucketOrKeyError(context, request, info.status());
  };
  std::variant<ObjectInfo, AwsError> done{ObjectInfo{}};
  if (!part && IsConditionalWrite(request)) {
    MutexLock lock(context.conditional_writes);
    if (auto error = CheckWriteConditions(context, request)) return *std::move(error);
    done = commit();
  } else {
    done = commit();
  }
  if (auto* error = std::get_if<AwsError>(&done)) return std::move(*error);
  const auto& info = std::get<ObjectInfo>(done);
  auto response = S3EmptyResponse(request, 200);
  response.headers.Add("etag", QuotedEtag(info.etag));
  AddChecksumHeaders(info, &response.headers);
  return response;
}

S3Reply CreateMultipartUpload(S3Context& context, const S3Request& request) {
  auto attributes = ReadAttributes(request.head.headers);
  if (auto* error = std::get_if<AwsError>(&attributes)) return std::move(*error);
  const auto algorithm = request.Header("x-amz-checksum-algorithm");
  if (algorithm && !FindChecksum(*algorithm)) {
    return AwsError(aws_error::kInvalidRequest,
                    "Checksum algorithm provided is unsupported. Please try again with any of the "
                    "valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
  }
  if (auto error = CheckChecksumType(request, algorithm)) return *std::move(error);
  const auto id =
      context.objects.CreateUpload(request.bucket, request.key, std::get<ObjectAttributes>(std::move(attributes)));
  if (!id.ok()) return BucketOrKeyError(context, request, id.status());
  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin("InitiateMultipartUploadResult", kS3Namespace);
  xml.Element("Bucket", request.bucket);
  xml.Element("Key", request.key);
  xml.Element("UploadId", *id);
  xml.End();
  auto response = S3XmlResponse(std::move(text), request.request_id);
  if (algorithm) response.headers.Add("x-amz-checksum-algorithm", std::string(*algorithm));
  if (const auto type = request.Header("x-amz-checksum-type")) {
    response.headers.Add("x-amz-checksum-type", std::string(*type));
  }
  return response;
}

S3Reply CompleteMultipartUpload(S3Context& context, const S3Request& request) {
  const auto read = ReadCompletion(request.body);
  if (const auto* error = std::get_if<AwsError>(&read)) return *error;
  const auto& parts = std::get<std::vector<CompletedPart>>(read);
  const auto checksums = WholeChecksums(context, request, parts);
  if (checksums.status().code() == Code::kNotFound) {
    if (const auto completed = FindCompleted(context, request, parts)) return CompletionReply(request, *completed);
  }
  if (!checksums.ok()) return UploadError(context, request, checksums.status());
  if (auto error = CheckWhole(request, *checksums)) return *std::move(error);

  const auto complete = [&] {
    return context.objects.CompleteUpload(request.bucket, request.key, UploadId(request), parts, *checksums);
  };
  Result<ObjectInfo> info = Internal("not completed");
  if (IsConditionalWrite(request)) {
    MutexLock lock(context.conditional_writes);
    if (auto error = CheckWriteConditions(context, request)) return *std::move(error);
    info = complete();
  } else {
    info = complete();
  }
  if (!info.ok()) return CompletionError(context, request, info.status());
  return CompletionReply(request, *info);
}

S3Reply AbortMultipartUpload(S3Context& context, const S3Request& request) {
  const auto aborted = context.objects.AbortUpload(request.bucket, request.key, UploadId(request));
  if (!aborted.ok()) return UploadError(context, request, aborted);
  return S3EmptyResponse(request, 204);
}

S3Reply ListParts(S3Context& context, const S3Request& request) {
  const auto limit = CountParameter(request, "max-parts", kListMax);
  std::uint32_t after = ParsePartNumber(request.Parameter("part-number-marker").value_or("0")).value_or(0);
  const auto marker = after;
  // One more than asked for shows whether there are more.
  auto parts = context.objects.ListParts(request.bucket, request.key, UploadId(request), after, limit + 1);
  if (!parts.ok()) return UploadError(context, request, parts.status());
  const bool truncated = limit > 0 && parts->size() > limit;
  if (parts->size() > limit) parts->resize(limit);
  if (!parts->empty()) after = parts->back().number;

  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin("ListPartsResult", kS3Namespace);
  xml.Element("Bucket", request.bucket);
  xml.Element("Key", request.key);
  xml.Element("UploadId", UploadId(request));
  WriteOwner(xml, context, "Initiator");
  WriteOwner(xml, context, "Owner");
  xml.Element("StorageClass", "STANDARD");
  xml.Element("PartNumberMarker", static_cast<std::int64_t>(marker));
  xml.Element("NextPartNumberMarker", static_cast<std::int64_t>(after));
  xml.Element("MaxParts", static_cast<std::int64_t>(limit));
  xml.Element("IsTruncated", truncated ? "true" : "false");
  for (const auto& part : *parts) {
    xml.Begin("Part");
    xml.Element("PartNumber", static_cast<std::int64_t>(part.number));
    xml.Element("LastModified", FormatIsoTime(part.last_modified_ms));
    xml.Element("ETag", QuotedEtag(part.etag));
    xml.Element("Size", static_cast<std::int64_t>(part.size));
    for (const auto& [algorithm, value] : part.checksums) xml.Element(ChecksumElement(algorithm), value);
    xml.End();
  }
  xml.End();
  return S3XmlResponse(std::move(text), request.request_id);
}

namespace {

struct UploadsQuestion {
  std::string prefix;
  std::string delimiter;  ///< Keys that hold it after the prefix are rolled up to what stands before and including it.
  std::string key_marker;
  std::string id_marker;
  std::size_t limit = 0;
};

struct UploadsPage {
  std::vector<Upload> uploads;
  std::vector<std::string> common_prefixes;
  bool truncated = false;
  std::string next_key_marker;
  std::string next_id_marker;
};

Result<UploadsPage> FindUploads(const ObjectStore& objects, const std::string& bucket,
                                const UploadsQuestion& question) {
  constexpr std::size_t kBatchWithDelimiter = 64;        // What is rolled up is passed over at once.
  constexpr std::string_view kBehindAll = "\U0010ffff";  // The last character that there is.
  const auto& [prefix, delimiter, key_marker, id_marker, limit] = question;
  std::string after_key = key_marker;
  std::string after_id = id_marker;
  if (!delimiter.empty() && key_marker.size() > prefix.size() && key_marker.ends_with(delimiter)) {
    after_key += kBehindAll;
  }
  UploadsPage page;
  if (limit == 0) return page;
  std::size_t count = 0;
  while (true) {
    const std::size_t asked = delimiter.empty() ? limit + 1 : kBatchWithDelimiter;
    ATTUNE_TRY(auto batch, objects.ListUploads(bucket, prefix, after_key, after_id, asked));
    bool jumps = false;
    for (Upload& upload : batch) {
      if (count == limit) {
        page.truncated = true;
        return page;
      }
      ++count;
      const auto at = delimiter.empty() ? std::string::npos : upload.key.find(delimiter, prefix.size());
      jumps = at != std::string::npos;
      page.next_key_marker = jumps ? upload.key.substr(0, at + delimiter.size()) : upload.key;
      page.next_id_marker = jumps ? "" : upload.upload_id;
      after_key = page.next_key_marker;
      after_id = page.next_id_marker;
      if (jumps) {
        page.common_prefixes.push_back(page.next_key_marker);
        after_key += kBehindAll;
        break;
      }
      page.uploads.push_back(std::move(upload));
    }
    if (!jumps && batch.size() < asked) return page;
  }
}

}  // namespace

S3Reply ListMultipartUploads(S3Context& context, const S3Request& request) {
  const UploadsQuestion question{.prefix = std::string(request.Parameter("prefix").value_or("")),
                                 .delimiter = std::string(request.Parameter("delimiter").value_or("")),
                                 .key_marker = std::string(request.Parameter("key-marker").value_or("")),
                                 .id_marker = std::string(request.Parameter("upload-id-marker").value_or("")),
                                 .limit = CountParameter(request, "max-uploads", kListMax)};
  const bool url_encoded = request.Parameter("encoding-type") == "url";
  const auto encode = [&](std::string_view key) {
    return url_encoded ? UriEncode(key, EncodeSlash::kNo) : std::string(key);
  };
  const auto page = FindUploads(context.objects, request.bucket, question);
  if (!page.ok()) return BucketOrKeyError(context, request, page.status());

  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin("ListMultipartUploadsResult", kS3Namespace);
  xml.Element("Bucket", request.bucket);
  xml.Element("KeyMarker", encode(question.key_marker));
  xml.Element("UploadIdMarker", question.id_marker);
  if (page->truncated) {
    xml.Element("NextKeyMarker", encode(page->next_key_marker));
    xml.Element("NextUploadIdMarker", page->next_id_marker);
  }
  xml.Element("Prefix", encode(question.prefix));
  if (!question.delimiter.empty()) xml.Element("Delimiter", encode(question.delimiter));
  if (url_encoded) xml.Element("EncodingType", "url");
  xml.Element("MaxUploads", static_cast<std::int64_t>(question.limit));
  xml.Element("IsTruncated", page->truncated ? "true" : "false");
  for (const auto& upload : page->uploads) {
    xml.Begin("Upload");
    xml.Element("Key", encode(upload.key));
    xml.Element("UploadId", upload.upload_id);
    WriteOwner(xml, context, "Initiator");
    WriteOwner(xml, context, "Owner");
    xml.Element("StorageClass", "STANDARD");
    xml.Element("Initiated", FormatIsoTime(upload.initiated_ms));
    xml.End();
  }
  for (const auto& prefix : page->common_prefixes) {
    xml.Begin("CommonPrefixes");
    xml.Element("Prefix", encode(prefix));
    xml.End();
  }
  xml.End();
  return S3XmlResponse(std::move(text), request.request_id);
}

}  // namespace attune
