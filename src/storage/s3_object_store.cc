#include "storage/s3_object_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/hash.h"
#include "base/mutex.h"
#include "storage/s3_xml.h"

namespace attune {
namespace {

constexpr std::string_view kMetadataPrefix = "x-amz-meta-";
constexpr std::string_view kChecksumPrefix = "x-amz-checksum-";
/// Sorts after whatever follows a common prefix: the highest code point there is.
constexpr std::string_view kAfterAll = "\xf4\x8f\xbf\xbf";

ObjectInfo InfoOf(const std::string& key, const HttpReply& reply) {
  ObjectInfo info{.key = key,
                  .size = 0,
                  .etag = UnquoteEtag(reply.Header("etag")),
                  .last_modified_ms = ParseS3Time(reply.Header("last-modified")),
                  .attributes = {},
                  .checksums = {}};
  const std::string_view length = reply.Header("content-length");
  std::from_chars(length.data(), length.data() + length.size(), info.size);
  for (const auto& [name, value] : reply.headers) {
    if (name == "content-type") {
      info.attributes.content_type = value;
    } else if (name.starts_with(kMetadataPrefix)) {
      info.attributes.metadata[name.substr(kMetadataPrefix.size())] = value;
    } else if (name.starts_with(kChecksumPrefix) && name != "x-amz-checksum-type") {
      info.checksums[name.substr(kChecksumPrefix.size())] = value;
    } else if (name == "cache-control" || name == "content-disposition" || name == "content-encoding" ||
               name == "content-language" || name == "expires") {
      info.attributes.headers[name] = value;
    }
  }
  return info;
}

Status CheckKey(const std::string& key) {
  if (!key.empty() && key.size() <= ObjectStore::kKeyBytesMax) return {};
  return InvalidArgument(
      fmt::format("an object's key is {} bytes; it must be 1 to {}", key.size(), ObjectStore::kKeyBytesMax));
}

std::string_view TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

/// Up to kWriteBytes go out as one PUT, more as a multipart upload.
class S3ObjectStore::PutWriter final : public ObjectWriter {
 public:
  PutWriter(S3ObjectStore& store, std::string bucket, std::string key, ObjectAttributes attributes)
      : store_(store), bucket_(std::move(bucket)) {
    info_.key = std::move(key);
    info_.attributes = std::move(attributes);
  }
  ~PutWriter() override {
    // What cannot be aborted now is for the store's own rules on old uploads.
    if (!upload_id_.empty() && !committed_) (void)store_.AbortUpload(bucket_, info_.key, upload_id_);
  }

  Status Append(std::span<const std::byte> bytes) override {
    md5_.Update(bytes);
    info_.size += bytes.size();
    std::string_view text = TextOf(bytes);
    while (!text.empty()) {
      if (pending_.size() == kWriteBytes) ATTUNE_RETURN_IF_ERROR(SendPending());
      const std::size_t taken = std::min<std::size_t>(text.size(), kWriteBytes - pending_.size());
      pending_.append(text.substr(0, taken));
      text.remove_prefix(taken);
    }
    return {};
  }
  void SetChecksum(const std::string& algorithm, const std::string& text) override {
    info_.checksums[algorithm] = text;
  }
  std::string Md5Hex() override {
    if (md5_hex_.empty()) md5_hex_ = ToHex(AsBytes(md5_.Finish()));
    return md5_hex_;
  }

  Result<ObjectInfo> Commit() override {
    if (parts_.empty()) {
      S3Call request{.method = "PUT", .bucket = bucket_, .key = info_.key, .parameters = {}, .headers = {}};
      request.headers = AttributeHeaders(info_.attributes);
      for (const auto& [algorithm, text] : info_.checksums) {
        request.headers.emplace_back(std::string(kChecksumPrefix) + algorithm, text);
      }
      request.body = pending_;
      ATTUNE_TRY(const HttpReply reply, store_.Call(request));
      info_.etag = UnquoteEtag(reply.Header("etag"));
    } else {
      ATTUNE_RETURN_IF_ERROR(SendPending());
      ATTUNE_TRY(const ObjectInfo completed,
                 store_.CompleteUpload(bucket_, info_.key, upload_id_, parts_, info_.checksums));
      info_.etag = completed.etag;
    }
    committed_ = true;
    info_.last_modified_ms = 0;
    if (const auto found = store_.FindObject(bucket_, info_.key); found.ok() && found->etag == info_.etag) {
      info_.last_modified_ms = found->last_modified_ms;
    }
    return info_;
  }

 private:
  Status SendPending() {
    if (upload_id_.empty()) {
      ATTUNE_TRY(upload_id_, store_.CreateUpload(bucket_, info_.key, info_.attributes));
    }
    const auto number = static_cast<std::uint32_t>(parts_.size() + 1);
    if (number > kPartNumberMax) {
      return LimitExceeded(fmt::format("object {} has more than {} bytes", info_.key, kWriteBytes * kPartNumberMax));
    }
    ATTUNE_TRY(std::string etag, store_.PutPart(bucket_, info_.key, upload_id_, number, pending_));
    parts_.push_back({.number = number, .etag = std::move(etag)});
    pending_.clear();
    return {};
  }

  S3ObjectStore& store_;
  const std::string bucket_;
  ObjectInfo info_;
  Digest md5_{DigestKind::kMd5};
  std::string md5_hex_;
  std::string pending_;
  std::string upload_id_;
  std::vector<CompletedPart> parts_;
  bool committed_ = false;
};

/// Keeps the last range it fetched, since most readers go on where they stopped.
class S3ObjectStore::Reader final : public ObjectReader {
 public:
  Reader(const S3Client& client, std::string bucket, ObjectInfo info)
      : client_(client), bucket_(std::move(bucket)), info_(std::move(info)) {}

  const ObjectInfo& info() const override { return info_; }

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    std::size_t done = 0;
    while (done < buffer.size() && offset + done < info_.size) {
      const std::uint64_t position = offset + done;
      if (position < range_begin_ || position >= range_begin_ + range_.size()) {
        const std::uint64_t wanted = std::max<std::uint64_t>(kReadBytes, buffer.size() - done);
        ATTUNE_RETURN_IF_ERROR(Fetch(position, std::min({wanted, info_.size - position, kRangeBytesMax})));
      }
      const std::size_t within = position - range_begin_;
      const std::size_t taken = std::min(range_.size() - within, buffer.size() - done);
      std::memcpy(buffer.data() + done, range_.data() + within, taken);
      done += taken;
    }
    return done;
  }

 private:
  static constexpr std::uint64_t kRangeBytesMax = std::uint64_t{16} << 20;
  /// Room for a reply that says what is wrong, however short the range.
  static constexpr std::uint64_t kErrorBytesMax = std::uint64_t{64} << 10;

  /// Fetches a range, going on where an attempt broke off; attempts that brought something are not counted.
  Status Fetch(std::uint64_t begin, std::uint64_t size) const REQUIRES(mutex_) {
    range_.clear();
    range_begin_ = begin;
    int failures = 0;
    while (range_.size() < size) {
      client_.PauseBefore(failures);
      S3Call request{.method = "GET", .bucket = bucket_, .key = info_.key, .parameters = {}, .headers = {}};
      request.headers = {{"Range", fmt::format("bytes={}-{}", begin + range_.size(), begin + size - 1)},
                         {"If-Match", fmt::format("\"{}\"", info_.etag)}};
      request.reply_bytes_max = size - range_.size() + kErrorBytesMax;
      const HttpReply reply = client_.SendOnce(request);
      if (reply.status == 206) {
        range_.append(reply.body, 0, size - range_.size());
        if (!reply.body.empty()) {
          failures = 0;
          continue;
        }
      } else if (reply.status == 200) {
        return IoError("the S3 store does not answer ranges");
      } else if (reply.status == 412) {
        return Busy(fmt::format("object {} was replaced while it was read", info_.key));
      } else if (!S3Client::MayPass(reply)) {
        return reply.status == 200 ? IoError("the S3 store does not answer ranges") : S3Client::ErrorOf(request, reply);
      }
      if (++failures == client_.attempts_max()) {
        return reply.transfer.ok() ? S3Client::ErrorOf(request, reply) : reply.transfer;
      }
    }
    return {};
  }

  const S3Client& client_;
  // Constant after construction.
  const std::string bucket_;
  const ObjectInfo info_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  mutable std::string range_ GUARDED_BY(mutex_);
  mutable std::uint64_t range_begin_ GUARDED_BY(mutex_) = 0;
};

std::vector<std::pair<std::string, std::string>> S3ObjectStore::AttributeHeaders(const ObjectAttributes& attributes) {
  std::vector<std::pair<std::string, std::string>> headers;
  if (!attributes.content_type.empty()) headers.emplace_back("Content-Type", attributes.content_type);
  for (const auto& [name, value] : attributes.headers) headers.emplace_back(name, value);
  for (const auto& [name, value] : attributes.metadata) {
    headers.emplace_back(std::string(kMetadataPrefix) + name, value);
  }
  return headers;
}

Result<HttpReply> S3ObjectStore::Call(const S3Call& request) const {
  ATTUNE_TRY(HttpReply reply, client_.Send(request));
  if (reply.status / 100 != 2) return S3Client::ErrorOf(request, reply);
  return reply;
}

Status S3ObjectStore::CreateBucket(const std::string& bucket, const std::string& region) {
  const std::string body = region == "us-east-1" ? "" : CreateBucketXml(region);
  return Call({.method = "PUT", .bucket = bucket, .key = {}, .parameters = {}, .headers = {}, .body = body}).status();
}

Result<Bucket> S3ObjectStore::FindBucket(const std::string& bucket) const {
  ATTUNE_TRY(const HttpReply reply, Call({.method = "HEAD", .bucket = bucket}));
  const std::string region(reply.Header("x-amz-bucket-region"));
  return Bucket{.name = bucket, .region = region.empty() ? client_.region() : region, .created_ms = 0};
}

Result<std::vector<Bucket>> S3ObjectStore::ListBuckets() const {
  ATTUNE_TRY(const HttpReply reply, Call({.method = "GET"}));
  return ParseListBuckets(reply.body);
}

Status S3ObjectStore::DeleteBucket(const std::string& bucket) {
  return Call({.method = "DELETE", .bucket = bucket}).status();
}

Result<std::optional<std::string>> S3ObjectStore::BucketPolicy(const std::string& bucket) const {
  const S3Call request{.method = "GET", .bucket = bucket, .key = {}, .parameters = {{"policy", ""}}, .headers = {}};
  ATTUNE_TRY(HttpReply reply, client_.Send(request));
  if (reply.status == 404 && S3Client::ErrorCodeOf(reply) == "NoSuchBucketPolicy") return std::optional<std::string>();
  if (reply.status / 100 != 2) return S3Client::ErrorOf(request, reply);
  return std::optional<std::string>(std::move(reply.body));
}

Status S3ObjectStore::PutBucketPolicy(const std::string& bucket, const std::string& policy) {
  return Call({.method = "PUT",
               .bucket = bucket,
               .key = {},
               .parameters = {{"policy", ""}},
               .headers = {},
               .body = policy})
      .status();
}

Status S3ObjectStore::DeleteBucketPolicy(const std::string& bucket) {
  return Call({.method = "DELETE", .bucket = bucket, .key = {}, .parameters = {{"policy", ""}}, .headers = {}})
      .status();
}

Result<std::unique_ptr<ObjectWriter>> S3ObjectStore::BeginPut(const std::string& bucket, const std::string& key,
                                                              ObjectAttributes attributes) {
  ATTUNE_RETURN_IF_ERROR(CheckKey(key));
  ATTUNE_RETURN_IF_ERROR(FindBucket(bucket).status());
  return std::unique_ptr<ObjectWriter>(new PutWriter(*this, bucket, key, std::move(attributes)));
}

Result<ObjectInfo> S3ObjectStore::FindObject(const std::string& bucket, const std::string& key) const {
  ATTUNE_RETURN_IF_ERROR(CheckKey(key));
  // A store tells checksums only to who asks for them.
  ATTUNE_TRY(const HttpReply reply,
             Call({.method = "HEAD", .bucket = bucket, .key = key, .headers = {{"x-amz-checksum-mode", "ENABLED"}}}));
  return InfoOf(key, reply);
}

Result<std::unique_ptr<ObjectReader>> S3ObjectStore::OpenObject(const std::string& bucket,
                                                                const std::string& key) const {
  ATTUNE_TRY(ObjectInfo info, FindObject(bucket, key));
  return std::unique_ptr<ObjectReader>(new Reader(client_, bucket, std::move(info)));
}

Status S3ObjectStore::DeleteObjects(const std::string& bucket, std::span<const std::string> keys) {
  while (!keys.empty()) {
    const auto page = keys.first(std::min(keys.size(), kPageMax));
    keys = keys.subspan(page.size());
    const std::string body = DeleteObjectsXml(page);
    Digest md5(DigestKind::kMd5);
    md5.Update(AsBytes(body));
    ATTUNE_TRY(const HttpReply reply, Call({.method = "POST",
                                            .bucket = bucket,
                                            .key = {},
                                            .parameters = {{"delete", ""}},
                                            .headers = {{"Content-MD5", ToBase64(AsBytes(md5.Finish()))}},
                                            .body = body}));
    ATTUNE_TRY(const auto failures, ParseDeleteObjects(reply.body));
    if (!failures.empty()) {
      return IoError(fmt::format("the S3 store did not delete {} objects, first {}", failures.size(), failures[0]));
    }
  }
  return {};
}

Result<ListObjectsPage> S3ObjectStore::ListObjects(const std::string& bucket, const ListObjectsRequest& request) const {
  if (request.limit == 0) {
    ATTUNE_RETURN_IF_ERROR(FindBucket(bucket).status());
    return ListObjectsPage{};
  }
  // A page may end with a common prefix; then all below it are passed over.
  std::string start_after = request.start_after;
  if (!request.delimiter.empty() && start_after.ends_with(request.delimiter)) start_after += kAfterAll;
  ATTUNE_TRY(const HttpReply reply,
             Call({.method = "GET",
                   .bucket = bucket,
                   .key = {},
                   .parameters = {{"delimiter", request.delimiter},
                                  {"encoding-type", "url"},
                                  {"list-type", "2"},
                                  {"max-keys", std::to_string(std::min(request.limit, kPageMax))},
                                  {"prefix", request.prefix},
                                  {"start-after", start_after}},
                   .headers = {}}));
  ATTUNE_TRY(ListObjectsPage page, ParseListObjects(reply.body));
  if (page.truncated) {
    if (!page.objects.empty()) page.next_start_after = page.objects.back().key;
    if (!page.common_prefixes.empty()) {
      page.next_start_after = std::max(page.next_start_after, page.common_prefixes.back());
    }
  }
  return page;
}

}  // namespace attune
