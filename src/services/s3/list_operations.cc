#include <fmt/format.h>

#include <charconv>

#include "base/hash.h"
#include "base/uri.h"
#include "protocol/envelope.h"
#include "protocol/rest_xml.h"
#include "services/s3/http_time.h"
#include "services/s3/object_headers.h"
#include "services/s3/s3_operations.h"

namespace attune {
namespace {

constexpr std::size_t kListKeysMax = 1000;

/// What all three lists are asked.
struct ListQuestion {
  ListObjectsRequest request;
  bool url_encoded = false;

  std::string Encode(std::string_view text) const {
    return url_encoded ? UriEncode(text, EncodeSlash::kNo) : std::string(text);
  }
};

std::variant<ListQuestion, AwsError> ReadListQuestion(const S3Request& request) {
  ListQuestion question;
  question.request.prefix = request.Parameter("prefix").value_or("");
  question.request.delimiter = request.Parameter("delimiter").value_or("");
  question.request.limit = kListKeysMax;
  if (const auto text = request.Parameter("max-keys"); text && !text->empty()) {
    std::int64_t limit = -1;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
    if (error != std::errc() || end != text->data() + text->size() || limit < 0) {
      AwsError refused(aws_error::kInvalidArgument, "Argument maxKeys must be an integer between 0 and 2147483647");
      refused.details = {{"ArgumentName", "maxKeys"}, {"ArgumentValue", std::string(*text)}};
      return refused;
    }
    question.request.limit = std::min(static_cast<std::size_t>(limit), kListKeysMax);
  }
  const auto encoding = request.Parameter("encoding-type");
  if (encoding && *encoding != "url") {
    AwsError refused(aws_error::kInvalidArgument, "Invalid Encoding Method specified in Request");
    refused.details = {{"ArgumentName", "encoding-type"}, {"ArgumentValue", std::string(*encoding)}};
    return refused;
  }
  question.url_encoded = encoding.has_value();
  return question;
}

/// A page, where a limit of 0 means an empty and last one.
Result<ListObjectsPage> FindPage(S3Context& context, const S3Request& request, const ListQuestion& question) {
  if (question.request.limit > 0) return context.objects.ListObjects(request.bucket, question.request);
  ATTUNE_TRY(const auto bucket, context.objects.FindBucket(request.bucket));
  static_cast<void>(bucket);
  return ListObjectsPage{};
}

void WriteOwner(XmlWriter& xml, const S3Context& context) {
  xml.Begin("Owner");
  xml.Element("ID", S3OwnerId(context));
  xml.Element("DisplayName", context.account_id);
  xml.End();
}

enum class ShowOwner { kYes, kNo };

void WriteObject(XmlWriter& xml, const S3Context& context, const ListQuestion& question, const ObjectInfo& info,
                 ShowOwner owner) {
  xml.Element("Key", question.Encode(info.key));
  xml.Element("LastModified", FormatIsoTime(info.last_modified_ms));
  xml.Element("ETag", QuotedEtag(info.etag));
  for (const auto& [algorithm, value] : info.checksums) {
    std::string upper = algorithm;
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    xml.Element("ChecksumAlgorithm", upper);
  }
  xml.Element("Size", static_cast<std::int64_t>(info.size));
  if (owner == ShowOwner::kYes) WriteOwner(xml, context);
  xml.Element("StorageClass", "STANDARD");
}

void WriteFront(XmlWriter& xml, const S3Request& request, const ListQuestion& question, bool truncated) {
  xml.Element("Name", request.bucket);
  xml.Element("Prefix", question.Encode(question.request.prefix));
  xml.Element("MaxKeys", static_cast<std::int64_t>(question.request.limit));
  if (!question.request.delimiter.empty()) xml.Element("Delimiter", question.Encode(question.request.delimiter));
  xml.Element("IsTruncated", truncated ? "true" : "false");
  if (question.url_encoded) xml.Element("EncodingType", "url");
}

void WriteCommonPrefixes(XmlWriter& xml, const ListQuestion& question, const ListObjectsPage& page) {
  for (const auto& prefix : page.common_prefixes) {
    xml.Begin("CommonPrefixes");
    xml.Element("Prefix", question.Encode(prefix));
    xml.End();
  }
}

}  // namespace

S3Reply ListObjects(S3Context& context, const S3Request& request) {
  auto read = ReadListQuestion(request);
  if (auto* error = std::get_if<AwsError>(&read)) return std::move(*error);
  auto& question = std::get<ListQuestion>(read);
  question.request.start_after = request.Parameter("marker").value_or("");
  const auto page = FindPage(context, request, question);
  if (!page.ok()) return BucketOrKeyError(context, request, page.status());

  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin("ListBucketResult", kS3Namespace);
  WriteFront(xml, request, question, page->truncated);
  xml.Element("Marker", question.Encode(question.request.start_after));
  // Without a delimiter a client goes on after the last key, so S3 says this only with one.
  if (page->truncated && !question.request.delimiter.empty()) {
    xml.Element("NextMarker", question.Encode(page->next_start_after));
  }
  for (const auto& info : page->objects) {
    xml.Begin("Contents");
    WriteObject(xml, context, question, info, ShowOwner::kYes);
    xml.End();
  }
  WriteCommonPrefixes(xml, question, *page);
  xml.End();
  return S3XmlResponse(std::move(text), request.request_id);
}

S3Reply ListObjectsV2(S3Context& context, const S3Request& request) {
  if (*request.Parameter("list-type") != "2") {
    return AwsError(aws_error::kInvalidArgument, "Invalid List Type specified in Request");
  }
  auto read = ReadListQuestion(request);
  if (auto* error = std::get_if<AwsError>(&read)) return std::move(*error);
  auto& question = std::get<ListQuestion>(read);
  const std::string start_after(request.Parameter("start-after").value_or(""));
  question.request.start_after = start_after;
  const auto token = request.Parameter("continuation-token");
  if (token) {
    const auto from = ReadContinuationToken(*token);
    if (!from) return AwsError(aws_error::kInvalidArgument, "The continuation token provided is incorrect");
    question.request.start_after = *from;
  }
  const auto page = FindPage(context, request, question);
  if (!page.ok()) return BucketOrKeyError(context, request, page.status());

  const auto owner = request.Parameter("fetch-owner") == "true" ? ShowOwner::kYes : ShowOwner::kNo;
  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin("ListBucketResult", kS3Namespace);
  WriteFront(xml, request, question, page->truncated);
  xml.Element("KeyCount", static_cast<std::int64_t>(page->objects.size() + page->common_prefixes.size()));
  if (token) xml.Element("ContinuationToken", *token);
  if (!start_after.empty()) xml.Element("StartAfter", question.Encode(start_after));
  if (page->truncated) xml.Element("NextContinuationToken", MakeContinuationToken(page->next_start_after));
  for (const auto& info : page->objects) {
    xml.Begin("Contents");
    WriteObject(xml, context, question, info, owner);
    xml.End();
  }
  WriteCommonPrefixes(xml, question, *page);
  xml.End();
  return S3XmlResponse(std::move(text), request.request_id);
}

S3Reply ListObjectVersions(S3Context& context, const S3Request& request) {
  auto read = ReadListQuestion(request);
  if (auto* error = std::get_if<AwsError>(&read)) return std::move(*error);
  auto& question = std::get<ListQuestion>(read);
  question.request.start_after = request.Parameter("key-marker").value_or("");
  const auto page = FindPage(context, request, question);
  if (!page.ok()) return BucketOrKeyError(context, request, page.status());

  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin("ListVersionsResult", kS3Namespace);
  WriteFront(xml, request, question, page->truncated);
  xml.Element("KeyMarker", question.Encode(question.request.start_after));
  xml.Element("VersionIdMarker", "");
  if (page->truncated) {
    xml.Element("NextKeyMarker", question.Encode(page->next_start_after));
    xml.Element("NextVersionIdMarker", "null");
  }
  // Buckets have no versioning: every key has the one version "null".
  for (const auto& info : page->objects) {
    xml.Begin("Version");
    xml.Element("VersionId", "null");
    xml.Element("IsLatest", "true");
    WriteObject(xml, context, question, info, ShowOwner::kYes);
    xml.End();
  }
  WriteCommonPrefixes(xml, question, *page);
  xml.End();
  return S3XmlResponse(std::move(text), request.request_id);
}

}  // namespace attune
