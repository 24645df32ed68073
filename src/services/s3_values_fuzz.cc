// The first line as the host, the second as the path of a request to S3, the lines after them as headers
// ("Name:value"): addresses, ranges, dates, part numbers, checksums and conditions are read or refused.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "services/s3/http_time.h"
#include "services/s3/object_checksums.h"
#include "services/s3/object_headers.h"
#include "services/s3/s3_request.h"
#include "services/s3/upload_parameters.h"

namespace {

using namespace attune;

std::string_view TakeLine(std::string_view* text) {
  const std::string_view line = text->substr(0, text->find('\n'));
  text->remove_prefix(std::min(line.size() + 1, text->size()));
  return line;
}

void CheckValue(const std::string& value) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{10}, ~std::uint64_t{0}}) {
    const auto range = ParseRange(value, size);
    const auto* given = std::get_if<std::optional<ByteRange>>(&range);
    if (given == nullptr || !*given) continue;
    ATTUNE_CHECK((*given)->size > 0 && (*given)->first < size && (*given)->size <= size - (*given)->first);
  }
  if (const auto time = ParseHttpDate(value)) ATTUNE_CHECK(ParseHttpDate(FormatHttpDate(*time)) == time);
  (void)ParsePartNumber(value);
  (void)CheckBucketName(value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view host = TakeLine(&text);
  const std::string_view path = TakeLine(&text);
  (void)ParseS3Address(host, path, {"localhost", "s3.amazonaws.com"});
  HttpHeaders headers;
  std::vector<PartChecksum> parts;
  while (!text.empty()) {
    const std::string_view line = TakeLine(&text);
    const std::string_view name = line.substr(0, line.find(':'));
    const std::string value(line.substr(std::min(name.size() + 1, line.size())));
    headers.Add(std::string(name), value);
    parts.push_back({.base64 = value, .size = line.size()});
    CheckValue(value);
  }
  (void)ReadAttributes(headers);
  const ObjectInfo info{.size = 3, .etag = "\"e\"", .last_modified_ms = 1'600'000'000'000};
  (void)CheckConditions(headers, "", info);
  for (const ChecksumKind kind : {ChecksumKind::kCrc32, ChecksumKind::kCrc32c, ChecksumKind::kCrc64Nvme,
                                  ChecksumKind::kSha1, ChecksumKind::kSha256}) {
    (void)FullObjectChecksum(kind, parts);
    (void)CompositeChecksum(kind, parts);
  }
  ObjectChecksums checksums;
  if (checksums.ReadHeaders(headers)) return 0;
  checksums.Update(AsBytes(std::string_view("abc")));
  (void)checksums.Finish("900150983cd24fb0d6963f7d28e17f72");
  return 0;
}
