#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace attune {

struct Bucket {
  std::string name;
  std::string region;
  std::int64_t created_ms = 0;  ///< Since 1970 UTC.
};

/// What the writer of an object says about it; the store keeps it and gives it back.
struct ObjectAttributes {
  std::string content_type;
  std::map<std::string, std::string> headers;   ///< Cache-Control and the like, by lower-case name.
  std::map<std::string, std::string> metadata;  ///< The user's own, by lower-case name.
};

struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;  ///< Without quotes: MD5 in hexadecimal, or "md5-N" after a multipart upload of N parts.
  std::int64_t last_modified_ms = 0;  ///< Since 1970 UTC.
  ObjectAttributes attributes;
  std::map<std::string, std::string> checksums;  ///< As the writer gave them: algorithm to text, "crc32" to "AAAAAA==".
  /// The sizes of the parts of a multipart upload, in their order; empty for other objects, and from stores that do not
  /// tell.
  std::vector<std::uint64_t> part_sizes = {};
};

/// Bytes on their way to become an object or a part. One thread at a time. Destroyed without a Commit that returned
/// Ok, it leaves nothing behind. The store must outlive it.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Status Append(std::span<const std::byte> bytes) = 0;
  /// A checksum to keep with the object, once the writer knows it.
  virtual void SetChecksum(const std::string& algorithm, const std::string& text) = 0;
  /// MD5 of all bytes in hexadecimal. Nothing may be appended afterwards.
  virtual std::string Md5Hex() = 0;
  /// Makes the object visible and durable in one step, in the place of an older one of that key. When several writers
  /// of one key race, the last to commit wins. NotFound if the bucket or upload is gone. Call once.
  virtual Result<ObjectInfo> Commit() = 0;
};

/// The bytes of one object as it was when it was opened, whatever becomes of the key. Thread-safe.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  virtual const ObjectInfo& info() const = 0;
  /// Fills `buffer` from `offset`. Fewer bytes than asked for mean the end of the object.
  virtual Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const = 0;
};

struct ListObjectsRequest {
  std::string prefix;
  /// Keys that hold this after the prefix are rolled up to what stands before and including it. "" for none.
  std::string delimiter;
  std::string start_after;  ///< Only keys and common prefixes greater than this.
  std::size_t limit = 1000;
};

/// Keys in the order of their UTF-8 bytes.
struct ListObjectsPage {
  std::vector<ObjectInfo> objects;
  std::vector<std::string> common_prefixes;
  bool truncated = false;
  std::string next_start_after;  ///< For the next page, when truncated: the last key or common prefix of this one.
};

struct Upload {
  std::string key;
  std::string upload_id;
  std::int64_t initiated_ms = 0;  ///< Since 1970 UTC.
  ObjectAttributes attributes;
};

struct Part {
  std::uint32_t number = 0;  ///< From 1 to kPartNumberMax.
  std::uint64_t size = 0;
  std::string etag;
  std::int64_t last_modified_ms = 0;
  std::map<std::string, std::string> checksums;
};

/// One line of the list that completes an upload.
struct CompletedPart {
  std::uint32_t number = 0;
  std::string etag;  ///< Without quotes.
};

/// Objects in buckets, as S3 means them; who may do what is the caller's business. Calls that name a bucket or upload
/// that is missing give NotFound. Everything that returned Ok survives a crash. Thread-safe.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// AlreadyExists; InvalidArgument for a name that is empty or longer than kBucketNameBytesMax. The finer rules of
  /// bucket names are the caller's.
  virtual Status CreateBucket(const std::string& bucket, const std::string& region) = 0;
  virtual Result<Bucket> FindBucket(const std::string& bucket) const = 0;
  /// Sorted by name.
  virtual Result<std::vector<Bucket>> ListBuckets() const = 0;
  /// Busy while it holds an object. Uploads that are not completed are aborted.
  virtual Status DeleteBucket(const std::string& bucket) = 0;
  /// Nothing if the bucket has none.
  virtual Result<std::optional<std::string>> BucketPolicy(const std::string& bucket) const = 0;
  virtual Status PutBucketPolicy(const std::string& bucket, const std::string& policy) = 0;
  virtual Status DeleteBucketPolicy(const std::string& bucket) = 0;

  /// InvalidArgument for a key that is empty or longer than kKeyBytesMax. ResourceExhausted when the disk is full.
  virtual Result<std::unique_ptr<ObjectWriter>> BeginPut(const std::string& bucket, const std::string& key,
                                                         ObjectAttributes attributes) = 0;
  /// NotFound for a missing key too: ask FindBucket which.
  virtual Result<ObjectInfo> FindObject(const std::string& bucket, const std::string& key) const = 0;
  virtual Result<std::unique_ptr<ObjectReader>> OpenObject(const std::string& bucket, const std::string& key) const = 0;
  /// A key without an object is fine.
  virtual Status DeleteObjects(const std::string& bucket, std::span<const std::string> keys) = 0;
  /// Takes time by what it returns, not by what it rolls up.
  virtual Result<ListObjectsPage> ListObjects(const std::string& bucket, const ListObjectsRequest& request) const = 0;

  /// Returns the upload's id.
  virtual Result<std::string> CreateUpload(const std::string& bucket, const std::string& key,
                                           ObjectAttributes attributes) = 0;
  virtual Result<Upload> FindUpload(const std::string& bucket, const std::string& key,
                                    const std::string& upload_id) const = 0;
  /// A part of the same number is replaced. InvalidArgument for a number outside of 1 to kPartNumberMax.
  virtual Result<std::unique_ptr<ObjectWriter>> BeginPart(const std::string& bucket, const std::string& key,
                                                          const std::string& upload_id, std::uint32_t number) = 0;
  /// Sorted by number, from those greater than `after` on.
  virtual Result<std::vector<Part>> ListParts(const std::string& bucket, const std::string& key,
                                              const std::string& upload_id, std::uint32_t after,
                                              std::size_t limit) const = 0;
  /// Makes the object of these parts. InvalidArgument if the list is empty, not strictly ascending, or names a part
  /// that is missing or has another ETag; LimitExceeded if a part but the last is smaller than kPartBytesMin.
  virtual Result<ObjectInfo> CompleteUpload(const std::string& bucket, const std::string& key,
                                            const std::string& upload_id, std::span<const CompletedPart> parts,
                                            const std::map<std::string, std::string>& checksums) = 0;
  virtual Status AbortUpload(const std::string& bucket, const std::string& key, const std::string& upload_id) = 0;
  /// Those after (key, upload id) in the order of keys, then ids; only keys that begin with `prefix`.
  virtual Result<std::vector<Upload>> ListUploads(const std::string& bucket, const std::string& prefix,
                                                  const std::string& after_key, const std::string& after_upload_id,
                                                  std::size_t limit) const = 0;

  /// FindObject and ReadAt in one: the whole object. LimitExceeded if it is larger than `bytes_max`.
  Result<std::string> ReadObject(const std::string& bucket, const std::string& key,
                                 std::uint64_t bytes_max = kReadObjectBytesMax) const;
  /// BeginPut, Append and Commit in one.
  Result<ObjectInfo> PutObject(const std::string& bucket, const std::string& key, std::string_view content,
                               ObjectAttributes attributes = {});

  static constexpr std::size_t kBucketNameBytesMax = 255;
  static constexpr std::size_t kKeyBytesMax = 1024;
  static constexpr std::uint32_t kPartNumberMax = 10'000;
  static constexpr std::uint64_t kPartBytesMin = std::uint64_t{5} << 20;
  static constexpr std::uint64_t kReadObjectBytesMax = std::uint64_t{64} << 20;
};

}  // namespace attune
