#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/object_store.h"

// The XML that an S3 client reads and writes. The server's side of it is in protocol/. Pure functions; Corrupt for what
// is no such document.
namespace attune {

struct S3Error {
  std::string code;
  std::string message;
};
/// Empty for what is no error document.
S3Error ParseS3Error(std::string_view xml);

Result<std::vector<Bucket>> ParseListBuckets(std::string_view xml);
/// Of ListObjectsV2 with encoding-type=url; next_start_after is left empty.
Result<ListObjectsPage> ParseListObjects(std::string_view xml);
/// The upload's id.
Result<std::string> ParseCreateUpload(std::string_view xml);
struct S3PartsPage {
  std::vector<Part> parts;
  bool truncated = false;
};
Result<S3PartsPage> ParseListParts(std::string_view xml);
struct S3UploadsPage {
  std::vector<Upload> uploads;
  bool truncated = false;
};
Result<S3UploadsPage> ParseListUploads(std::string_view xml);
/// The ETag without its quotes.
Result<std::string> ParseCompleteUpload(std::string_view xml);
/// The keys that could not be deleted, each with its reason; empty if all went well.
Result<std::vector<std::string>> ParseDeleteObjects(std::string_view xml);

std::string CreateBucketXml(std::string_view region);
std::string CompleteUploadXml(std::span<const CompletedPart> parts);
std::string DeleteObjectsXml(std::span<const std::string> keys);

/// Without the quotes around it.
std::string UnquoteEtag(std::string_view etag);
/// Milliseconds since 1970 UTC of "2026-11-23T15:04:05.678Z" and "Mon, 23 Nov 2026 15:04:05 GMT"; 0 for other forms.
std::int64_t ParseS3Time(std::string_view text);

}  // namespace attune
