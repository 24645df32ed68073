#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "storage/s3_object_store.h"
#include "storage/s3_xml.h"

// The multipart uploads of S3ObjectStore.
namespace attune {

/// Holds the part until it is whole: S3 wants to know its length and its hash first.
class S3ObjectStore::PartWriter final : public ObjectWriter {
 public:
  PartWriter(S3ObjectStore& store, std::string bucket, std::string key, std::string upload_id, std::uint32_t number)
      : store_(store),
        bucket_(std::move(bucket)),
        key_(std::move(key)),
        upload_id_(std::move(upload_id)),
        number_(number) {}

  Status Append(std::span<const std::byte> bytes) override {
    if (content_.size() + bytes.size() > kPartBytesMax) {
      return LimitExceeded(fmt::format("part {} of {} has more than {} bytes", number_, key_, kPartBytesMax));
    }
    content_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  void SetChecksum(const std::string&, const std::string&) override {}
  std::string Md5Hex() override {
    Digest md5(DigestKind::kMd5);
    md5.Update(AsBytes(content_));
    return ToHex(AsBytes(md5.Finish()));
  }
  Result<ObjectInfo> Commit() override {
    ATTUNE_TRY(std::string etag, store_.PutPart(bucket_, key_, upload_id_, number_, content_));
    return ObjectInfo{.key = key_,
                      .size = content_.size(),
                      .etag = std::move(etag),
                      .last_modified_ms = 0,
                      .attributes = {},
                      .checksums = {}};
  }

 private:
  S3ObjectStore& store_;
  const std::string bucket_;
  const std::string key_;
  const std::string upload_id_;
  const std::uint32_t number_;
  std::string content_;
};

Result<std::string> S3ObjectStore::CreateUpload(const std::string& bucket, const std::string& key,
                                                ObjectAttributes attributes) {
  ATTUNE_TRY(const HttpReply reply, Call({.method = "POST",
                                          .bucket = bucket,
                                          .key = key,
                                          .parameters = {{"uploads", ""}},
                                          .headers = AttributeHeaders(attributes)}));
  return ParseCreateUpload(reply.body);
}

Result<Upload> S3ObjectStore::FindUpload(const std::string& bucket, const std::string& key,
                                         const std::string& upload_id) const {
  ATTUNE_RETURN_IF_ERROR(ListParts(bucket, key, upload_id, 0, 1).status());
  return Upload{.key = key, .upload_id = upload_id, .initiated_ms = 0, .attributes = {}};
}

Result<std::string> S3ObjectStore::PutPart(const std::string& bucket, const std::string& key,
                                           const std::string& upload_id, std::uint32_t number,
                                           std::string_view bytes) const {
  ATTUNE_TRY(const HttpReply reply,
             Call({.method = "PUT",
                   .bucket = bucket,
                   .key = key,
                   .parameters = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}},
                   .headers = {},
                   .body = bytes}));
  return UnquoteEtag(reply.Header("etag"));
}

Result<std::unique_ptr<ObjectWriter>> S3ObjectStore::BeginPart(const std::string& bucket, const std::string& key,
                                                               const std::string& upload_id, std::uint32_t number) {
  if (number < 1 || number > kPartNumberMax) {
    return InvalidArgument(fmt::format("part number is {}; it must be 1 to {}", number, kPartNumberMax));
  }
  ATTUNE_RETURN_IF_ERROR(FindUpload(bucket, key, upload_id).status());
  return std::unique_ptr<ObjectWriter>(new PartWriter(*this, bucket, key, upload_id, number));
}

Result<std::vector<Part>> S3ObjectStore::ListParts(const std::string& bucket, const std::string& key,
                                                   const std::string& upload_id, std::uint32_t after,
                                                   std::size_t limit) const {
  std::vector<Part> parts;
  for (;;) {
    const std::size_t wanted = std::min(limit - parts.size(), kPageMax);
    ATTUNE_TRY(const HttpReply reply, Call({.method = "GET",
                                            .bucket = bucket,
                                            .key = key,
                                            .parameters = {{"max-parts", std::to_string(wanted)},
                                                           {"part-number-marker", std::to_string(after)},
                                                           {"uploadId", upload_id}},
                                            .headers = {}}));
    ATTUNE_TRY(S3PartsPage page, ParseListParts(reply.body));
    parts.insert(parts.end(), page.parts.begin(), page.parts.end());
    if (!page.truncated || page.parts.empty() || parts.size() >= limit) return parts;
    after = parts.back().number;
  }
}

Result<ObjectInfo> S3ObjectStore::CompleteUpload(const std::string& bucket, const std::string& key,
                                                 const std::string& upload_id, std::span<const CompletedPart> parts,
                                                 const std::map<std::string, std::string>& checksums) {
  if (parts.empty()) return InvalidArgument("an upload is completed with at least one part");
  const std::string body = CompleteUploadXml(parts);
  S3Call request{
      .method = "POST", .bucket = bucket, .key = key, .parameters = {{"uploadId", upload_id}}, .headers = {}};
  request.body = body;
  for (const auto& [algorithm, text] : checksums) request.headers.emplace_back("x-amz-checksum-" + algorithm, text);
  HttpReply reply;
  for (int attempt = 0; attempt < client_.attempts_max(); ++attempt) {
    client_.PauseBefore(attempt);
    reply = client_.SendOnce(request);
    // An error may come with status 200, since S3 answers before it has done the work.
    const std::string code = S3Client::ErrorCodeOf(reply);
    if (reply.transfer.ok() && reply.status == 200 && code.empty()) {
      ATTUNE_TRY(const std::string etag, ParseCompleteUpload(reply.body));
      ATTUNE_TRY(ObjectInfo info, FindObject(bucket, key));
      info.etag = etag;
      return info;
    }
    if (attempt > 0 && code == "NoSuchUpload") {
      // An attempt before this one may have been done although its reply was lost.
      Digest md5(DigestKind::kMd5);
      for (const CompletedPart& part : parts) md5.Update(AsBytes(FromHex(part.etag).value_or("")));
      const std::string expected = fmt::format("{}-{}", ToHex(AsBytes(md5.Finish())), parts.size());
      auto info = FindObject(bucket, key);
      if (info.ok() && info->etag == expected) return info;
    }
    if (!S3Client::MayPass(reply) && reply.status != 200) return S3Client::ErrorOf(request, reply);
  }
  return reply.transfer.ok() ? S3Client::ErrorOf(request, reply) : reply.transfer;
}

Status S3ObjectStore::AbortUpload(const std::string& bucket, const std::string& key, const std::string& upload_id) {
  return Call(
             {.method = "DELETE", .bucket = bucket, .key = key, .parameters = {{"uploadId", upload_id}}, .headers = {}})
      .status();
}

Result<std::vector<Upload>> S3ObjectStore::ListUploads(const std::string& bucket, const std::string& prefix,
                                                       const std::string& after_key, const std::string& after_upload_id,
                                                       std::size_t limit) const {
  std::vector<Upload> uploads;
  std::string key_marker = after_key;
  std::string upload_id_marker = after_upload_id;
  while (uploads.size() < limit) {
    const std::size_t wanted = std::min(limit - uploads.size(), kPageMax);
    ATTUNE_TRY(const HttpReply reply, Call({.method = "GET",
                                            .bucket = bucket,
                                            .key = {},
                                            .parameters = {{"encoding-type", "url"},
                                                           {"key-marker", key_marker},
                                                           {"max-uploads", std::to_string(wanted)},
                                                           {"prefix", prefix},
                                                           {"upload-id-marker", upload_id_marker},
                                                           {"uploads", ""}},
                                            .headers = {}}));
    ATTUNE_TRY(const S3UploadsPage page, ParseListUploads(reply.body));
    uploads.insert(uploads.end(), page.uploads.begin(), page.uploads.end());
    if (!page.truncated || page.uploads.empty()) break;
    key_marker = uploads.back().key;
    upload_id_marker = uploads.back().upload_id;
  }
  return uploads;
}

}  // namespace attune
