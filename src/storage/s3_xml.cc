#include "storage/s3_xml.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <pugixml.hpp>
#include <sstream>

#include "base/uri.h"

namespace attune {
namespace {

constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";

Status Parse(std::string_view xml, const char* root, pugi::xml_document& document) {
  const auto parsed = document.load_buffer(xml.data(), xml.size(), pugi::parse_default | pugi::parse_ws_pcdata_single);
  if (!parsed) return Corrupt(fmt::format("the S3 store's reply is not XML: {}", parsed.description()));
  if (!document.child(root)) {
    return Corrupt(fmt::format("the S3 store's reply is {}, not {}", document.document_element().name(), root));
  }
  return {};
}

std::string Text(const pugi::xml_node& node, const char* name) { return node.child(name).text().as_string(); }

std::uint64_t Number(const pugi::xml_node& node, const char* name) { return node.child(name).text().as_ullong(); }

bool Flag(const pugi::xml_node& node, const char* name) { return node.child(name).text().as_bool(); }

Result<std::string> Decoded(const pugi::xml_node& node, const char* name) {
  const std::string text = Text(node, name);
  auto decoded = PercentDecode(text, PlusMeans::kSpace);
  if (!decoded) return Corrupt(fmt::format("the S3 store's reply has the wrong escape '{}'", text));
  return *std::move(decoded);
}

std::string Save(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "", pugi::format_raw);
  return out.str();
}

pugi::xml_node Root(pugi::xml_document& document, const char* name) {
  pugi::xml_node root = document.append_child(name);
  root.append_attribute("xmlns") = std::string(kNamespace).c_str();
  return root;
}

}  // namespace

std::string UnquoteEtag(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

std::int64_t ParseS3Time(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int milliseconds = 0;
  const std::string copy(text);
  std::array<char, 4> month_name{};
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) == 6) {
    if (copy.size() >= 23 && copy[19] == '.') {
      std::from_chars(copy.data() + 20, copy.data() + 23, milliseconds);
    }
  } else if (std::sscanf(copy.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d", &day, month_name.data(), &year, &hour, &minute,
                         &second) == 6) {
    constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    month = static_cast<int>(kMonths.find(month_name.data()) / 3) + 1;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return 0;
  const std::chrono::sys_days days(date);
  return ((std::int64_t{days.time_since_epoch().count()} * 24 + hour) * 60 + minute) * 60'000 + second * 1'000 +
         milliseconds;
}

S3Error ParseS3Error(std::string_view xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return {};
  const pugi::xml_node error = document.child("Error");
  return {.code = Text(error, "Code"), .message = Text(error, "Message")};
}

Result<std::vector<Bucket>> ParseListBuckets(std::string_view xml) {
  pugi::xml_document document;
  ATTUNE_RETURN_IF_ERROR(Parse(xml, "ListAllMyBucketsResult", document));
  std::vector<Bucket> buckets;
  for (const pugi::xml_node& node : document.child("ListAllMyBucketsResult").child("Buckets").children("Bucket")) {
    buckets.push_back({.name = Text(node, "Name"),
                       .region = Text(node, "BucketRegion"),
                       .created_ms = ParseS3Time(Text(node, "CreationDate"))});
  }
  return buckets;
}

Result<ListObjectsPage> ParseListObjects(std::string_view xml) {
  pugi::xml_document document;
  ATTUNE_RETURN_IF_ERROR(Parse(xml, "ListBucketResult", document));
  const pugi::xml_node root = document.child("ListBucketResult");
  ListObjectsPage page;
  for (const pugi::xml_node& node : root.children("Contents")) {
    ObjectInfo object;
    ATTUNE_TRY(object.key, Decoded(node, "Key"));
    object.size = Number(node, "Size");
    object.etag = UnquoteEtag(Text(node, "ETag"));
    object.last_modified_ms = ParseS3Time(Text(node, "LastModified"));
    page.objects.push_back(std::move(object));
  }
  for (const pugi::xml_node& node : root.children("CommonPrefixes")) {
    ATTUNE_TRY(std::string prefix, Decoded(node, "Prefix"));
    page.common_prefixes.push_back(std::move(prefix));
  }
  page.truncated = Flag(root, "IsTruncated");
  return page;
}

Result<std::string> ParseCreateUpload(std::string_view xml) {
  pugi::xml_document document;
  ATTUNE_RETURN_IF_ERROR(Parse(xml, "InitiateMultipartUploadResult", document));
  return Text(document.child("InitiateMultipartUploadResult"), "UploadId");
}

Result<S3PartsPage> ParseListParts(std::string_view xml) {
  pugi::xml_document document;
  ATTUNE_RETURN_IF_ERROR(Parse(xml, "ListPartsResult", document));
  const pugi::xml_node root = document.child("ListPartsResult");
  S3PartsPage page;
  for (const pugi::xml_node& node : root.children("Part")) {
    page.parts.push_back({.number = static_cast<std::uint32_t>(Number(node, "PartNumber")),
                          .size = Number(node, "Size"),
                          .etag = UnquoteEtag(Text(node, "ETag")),
                          .last_modified_ms = ParseS3Time(Text(node, "LastModified")),
                          .checksums = {}});
  }
  page.truncated = Flag(root, "IsTruncated");
  return page;
}

Result<S3UploadsPage> ParseListUploads(std::string_view xml) {
  pugi::xml_document document;
  ATTUNE_RETURN_IF_ERROR(Parse(xml, "ListMultipartUploadsResult", document));
  const pugi::xml_node root = document.child("ListMultipartUploadsResult");
  S3UploadsPage page;
  for (const pugi::xml_node& node : root.children("Upload")) {
    Upload upload;
    ATTUNE_TRY(upload.key, Decoded(node, "Key"));
    upload.upload_id = Text(node, "UploadId");
    upload.initiated_ms = ParseS3Time(Text(node, "Initiated"));
    page.uploads.push_back(std::move(upload));
  }
  page.truncated = Flag(root, "IsTruncated");
  return page;
}

Result<std::string> ParseCompleteUpload(std::string_view xml) {
  pugi::xml_document document;
  ATTUNE_RETURN_IF_ERROR(Parse(xml, "CompleteMultipartUploadResult", document));
  return UnquoteEtag(Text(document.child("CompleteMultipartUploadResult"), "ETag"));
}

Result<std::vector<std::string>> ParseDeleteObjects(std::string_view xml) {
  pugi::xml_document document;
  ATTUNE_RETURN_IF_ERROR(Parse(xml, "DeleteResult", document));
  std::vector<std::string> failures;
  for (const pugi::xml_node& node : document.child("DeleteResult").children("Error")) {
    failures.push_back(fmt::format("{}: {}", Text(node, "Key"), Text(node, "Code")));
  }
  return failures;
}

std::string CreateBucketXml(std::string_view region) {
  pugi::xml_document document;
  Root(document, "CreateBucketConfiguration").append_child("LocationConstraint").text() = std::string(region).c_str();
  return Save(document);
}

std::string CompleteUploadXml(std::span<const CompletedPart> parts) {
  pugi::xml_document document;
  pugi::xml_node root = Root(document, "CompleteMultipartUpload");
  for (const CompletedPart& part : parts) {
    pugi::xml_node node = root.append_child("Part");
    node.append_child("PartNumber").text() = part.number;
    node.append_child("ETag").text() = fmt::format("\"{}\"", part.etag).c_str();
  }
  return Save(document);
}

std::string DeleteObjectsXml(std::span<const std::string> keys) {
  pugi::xml_document document;
  pugi::xml_node root = Root(document, "Delete");
  for (const std::string& key : keys) root.append_child("Object").append_child("Key").text() = key.c_str();
  root.append_child("Quiet").text() = true;
  return Save(document);
}

}  // namespace attune
