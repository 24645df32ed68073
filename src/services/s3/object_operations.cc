#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

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

constexpr std::size_t kDeleteKeysMax = 1000;

/// Query parameters that replace a header of the reply.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kReplyOverrides = {{
    {"response-content-type", "content-type"},
    {"response-content-language", "content-language"},
    {"response-expires", "expires"},
    {"response-cache-control", "cache-control"},
    {"response-content-disposition", "content-disposition"},
    {"response-content-encoding", "content-encoding"},
}};

/// A part of one object, as it was when it was opened.
class ObjectSource final : public BodySource {
 public:
  ObjectSource(std::unique_ptr<ObjectReader> reader, ByteRange range) : reader_(std::move(reader)), range_(range) {}

  Result<std::size_t> Read(std::span<std::byte> buffer) override {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), range_.size);
    if (wanted == 0) return std::size_t{0};
    ATTUNE_TRY(const auto size, reader_->ReadAt(range_.first, buffer.first(static_cast<std::size_t>(wanted))));
    if (size == 0) return Corrupt(fmt::format("object {} ends {} bytes too early", reader_->info().key, range_.size));
    range_.first += size;
    range_.size -= size;
    return size;
  }

 private:
  const std::unique_ptr<ObjectReader> reader_;
  ByteRange range_;
};

std::optional<AwsError> CheckVersion(const S3Request& request) {
  const auto version = request.Parameter("versionId");
  if (!version || version->empty() || *version == "null") return std::nullopt;
  return AwsError(aws_error::kNoSuchVersion, "The specified version does not exist.");
}

HttpHeaders WithOverrides(const HttpHeaders& headers, const S3Request& request) {
  HttpHeaders replaced;
  for (const auto& [name, value] : headers.fields()) {
    const auto overridden = std::find_if(kReplyOverrides.begin(), kReplyOverrides.end(),
                                         [&, header = std::string_view(name)](const auto& each) {
                                           return each.second == header && request.HasParameter(each.first);
                                         });
    if (overridden == kReplyOverrides.end()) replaced.Add(name, value);
  }
  for (const auto& [parameter, name] : kReplyOverrides) {
    if (const auto value = request.Parameter(parameter)) replaced.Add(std::string(name), std::string(*value));
  }
  return replaced;
}

/// Which bytes Range or partNumber mean; nothing for the whole object.
std::variant<std::optional<ByteRange>, AwsError> RequestedRange(const S3Request& request, const ObjectInfo& info) {
  const auto text = request.Header("range");
  const auto part_text = request.Parameter("partNumber");
  if (!part_text) {
    const auto is_of = request.Header("if-range");
    return text && (!is_of || IsUnchanged(*is_of, info)) ? ParseRange(*text, info.size) : std::nullopt;
  }
  if (text) {
    return AwsError(aws_error::kInvalidRequest, "Cannot specify both Range header and partNumber query parameter");
  }
  const auto number = ParsePartNumber(*part_text);
  if (!number) return AwsError(aws_error::kInvalidArgument, "Part number must be an integer between 1 and 10000");
  // What was not uploaded in parts is one part.
  if (*number > std::max<std::size_t>(info.part_sizes.size(), 1)) {
    return AwsError(aws_error::kInvalidPartNumber, "The requested partnumber is not satisfiable");
  }
  if (info.part_sizes.empty()) return std::nullopt;
  const auto before = info.part_sizes.begin() + (*number - 1);
  return ByteRange{.first = std::accumulate(info.part_sizes.begin(), before, std::uint64_t{0}), .size = *before};
}

/// The head of GetObject and HeadObject, and which bytes are meant. The reply has no body yet.
struct ObjectReply {
  HttpResponse response;
  ByteRange range;
};

std::variant<ObjectReply, AwsError> MakeObjectReply(const S3Request& request, const ObjectInfo& info) {
  ObjectReply reply;
  reply.response = S3EmptyResponse(request, 200);
  reply.range.size = info.size;
  const auto condition = CheckConditions(request.head.headers, "", info);
  if (condition == ConditionResult::kFailed) {
    return AwsError(aws_error::kPreconditionFailed, "At least one of the pre-conditions you specified did not hold");
  }
  auto requested = RequestedRange(request, info);
  if (auto* error = std::get_if<AwsError>(&requested)) return std::move(*error);
  const auto range = std::get<0>(requested);
  // A checksum is of the whole object, so a part goes without.
  const auto mode = request.Header("x-amz-checksum-mode");
  const bool show = mode && *mode == "ENABLED" && !range;
  AddObjectHeaders(info, show ? ShowChecksums::kYes : ShowChecksums::kNo, &reply.response.headers);
  reply.response.headers = WithOverrides(reply.response.headers, request);
  if (request.HasParameter("partNumber") && !info.part_sizes.empty()) {
    reply.response.headers.Add("x-amz-mp-parts-count", std::to_string(info.part_sizes.size()));
  }
  if (condition == ConditionResult::kNotModified) {
    reply.response.status = 304;
    reply.range.size = 0;
    return reply;
  }
  if (range && range->size > 0) {
    reply.response.status = 206;
    reply.response.headers.Add("content-range",
                               fmt::format("bytes {}-{}/{}", range->first, range->first + range->size - 1, info.size));
    reply.range = *range;
  }
  return reply;
}

}  // namespace

S3Reply GetObject(S3Context& context, const S3Request& request) {
  if (auto error = CheckVersion(request)) return *std::move(error);
  auto reader = context.objects.OpenObject(request.bucket, request.key);
  if (!reader.ok()) return MissingObjectError(context, request, request.bucket, request.key, reader.status());
  auto made = MakeObjectReply(request, (*reader)->info());
  if (auto* error = std::get_if<AwsError>(&made)) return std::move(*error);
  auto& reply = std::get<ObjectReply>(made);
  if (reply.response.status != 304) {
    reply.response.source_bytes = reply.range.size;
    reply.response.source = std::make_unique<ObjectSource>(std::move(reader).value(), reply.range);
  }
  return std::move(reply.response);
}

S3Reply HeadObject(S3Context& context, const S3Request& request) {
  if (auto error = CheckVersion(request)) return *std::move(error);
  const auto info = context.objects.FindObject(request.bucket, request.key);
  if (!info.ok()) return MissingObjectError(context, request, request.bucket, request.key, info.status());
  auto made = MakeObjectReply(request, *info);
  if (auto* error = std::get_if<AwsError>(&made)) return std::move(*error);
  auto& reply = std::get<ObjectReply>(made);
  if (reply.response.status != 304) reply.response.announced_bytes = reply.range.size;
  return std::move(reply.response);
}

namespace {

constexpr std::uint32_t kPartsOfPageMax = 1000;

/// The page of parts that x-amz-part-number-marker and x-amz-max-parts ask for.
void WriteParts(const S3Request& request, const std::vector<std::uint64_t>& sizes, XmlWriter& xml) {
  const std::size_t after = ParsePartNumber(request.Header("x-amz-part-number-marker").value_or("")).value_or(0);
  const std::size_t limit = std::min(
      ParsePartNumber(request.Header("x-amz-max-parts").value_or("")).value_or(kPartsOfPageMax), kPartsOfPageMax);
  const std::size_t end = std::min(after + limit, sizes.size());
  xml.Begin("ObjectParts");
  xml.Element("PartsCount", static_cast<std::int64_t>(sizes.size()));
  xml.Element("PartNumberMarker", static_cast<std::int64_t>(after));
  xml.Element("NextPartNumberMarker", static_cast<std::int64_t>(std::max(after, end)));
  xml.Element("MaxParts", static_cast<std::int64_t>(limit));
  xml.Element("IsTruncated", end < sizes.size() ? "true" : "false");
  for (std::size_t i = after; i < end; ++i) {
    xml.Begin("Part");
    xml.Element("PartNumber", static_cast<std::int64_t>(i + 1));
    xml.Element("Size", static_cast<std::int64_t>(sizes[i]));
    xml.End();
  }
  xml.End();
}

}  // namespace

S3Reply GetObjectAttributes(S3Context& context, const S3Request& request) {
  if (auto error = CheckVersion(request)) return *std::move(error);
  const auto asked = request.Header("x-amz-object-attributes").value_or("");
  const auto wants = [&](std::string_view attribute) { return asked.find(attribute) != std::string_view::npos; };
  if (asked.empty()) {
    return AwsError(aws_error::kInvalidRequest,
                    "The x-amz-object-attributes header specifying the attributes to be "
                    "retrieved is either missing or empty");
  }
  const auto info = context.objects.FindObject(request.bucket, request.key);
  if (!info.ok()) return MissingObjectError(context, request, request.bucket, request.key, info.status());
  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin("GetObjectAttributesResponse", kS3Namespace);
  if (wants("ETag")) xml.Element("ETag", info->etag);
  if (wants("Checksum") && !info->checksums.empty()) {
    xml.Begin("Checksum");
    for (const auto& [algorithm, value] : info->checksums) xml.Element(ChecksumElement(algorithm), value);
    xml.Element("ChecksumType", ChecksumType(info->checksums.begin()->second));
    xml.End();
  }
  if (wants("ObjectParts") && !info->part_sizes.empty()) WriteParts(request, info->part_sizes, xml);
  if (wants("StorageClass")) xml.Element("StorageClass", "STANDARD");
  if (wants("ObjectSize")) xml.Element("ObjectSize", static_cast<std::int64_t>(info->size));
  xml.End();
  auto response = S3XmlResponse(std::move(text), request.request_id);
  response.headers.Add("Last-Modified", FormatHttpDate(info->last_modified_ms));
  return response;
}

S3Reply DeleteObject(S3Context& context, const S3Request& request) {
  if (auto error = CheckVersion(request)) return *std::move(error);
  const auto deleted = context.objects.DeleteObjects(request.bucket, std::span(&request.key, 1));
  if (!deleted.ok()) return BucketOrKeyError(context, request, deleted);
  return S3EmptyResponse(request, 204);
}

namespace {

struct Deletion {
  std::vector<std::string> keys;
  bool quiet = false;
};

std::variant<Deletion, AwsError> ReadDeletion(const std::string& body) {
  const AwsError malformed(aws_error::kMalformedXML,
                           "The XML you provided was not well-formed or did not validate against our published schema");
  const auto document = XmlDocument::Parse(body);
  if (!document.ok() || document->root().name() != "Delete") return malformed;
  Deletion deletion;
  deletion.quiet = document->root().ChildText("Quiet").value_or("false") == "true";
  for (const auto& object : document->root().Children("Object")) {
    auto key = object.ChildText("Key");
    if (!key || key->empty()) return malformed;
    for (const auto* const condition : {"ETag", "LastModifiedTime", "Size"}) {
      if (!object.ChildText(condition)) continue;
      return AwsError(aws_error::kNotImplemented,
                      fmt::format("A parameter you provided implies functionality that is not implemented: {} of the "
                                  "objects to delete",
                                  condition));
    }
    deletion.keys.push_back(*std::move(key));
  }
  if (deletion.keys.empty() || deletion.keys.size() > kDeleteKeysMax) return malformed;
  return deletion;
}

}  // namespace

S3Reply DeleteObjects(S3Context& context, const S3Request& request) {
  auto read = ReadDeletion(request.body);
  if (auto* error = std::get_if<AwsError>(&read)) return std::move(*error);
  const auto& deletion = std::get<Deletion>(read);

  const auto policy = context.objects.BucketPolicy(request.bucket);
  if (!policy.ok()) return BucketOrKeyError(context, request, policy.status());
  std::vector<std::string> allowed;
  std::string result;
  XmlWriter xml(&result);
  xml.Declaration();
  xml.Begin("DeleteResult", kS3Namespace);
  const auto refuse = [&](std::string_view key, std::string_view code, std::string_view message) {
    xml.Begin("Error");
    xml.Element("Key", key);
    xml.Element("Code", code);
    xml.Element("Message", message);
    xml.End();
  };
  for (const auto& key : deletion.keys) {
    if (key.size() > ObjectStore::kKeyBytesMax) {
      refuse(key, aws_error::kKeyTooLongError.name, "Your key is too long");
      continue;
    }
    const auto may =
        AuthorizeS3(context, request, {.action = "s3:DeleteObject", .bucket = request.bucket, .key = key}, *policy);
    if (may.ok())
      allowed.push_back(key);
    else
      refuse(key, aws_error::kAccessDenied.name, may.message());
  }
  const auto deleted = context.objects.DeleteObjects(request.bucket, allowed);
  if (!deleted.ok()) return BucketOrKeyError(context, request, deleted);
  for (const auto& key : allowed) {
    if (deletion.quiet) break;
    xml.Begin("Deleted");
    xml.Element("Key", key);
    xml.End();
  }
  xml.End();
  return S3XmlResponse(std::move(result), request.request_id);
}

}  // namespace attune
