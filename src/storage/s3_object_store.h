#pragma once

#include <memory>
#include <string>

#include "storage/object_store.h"
#include "storage/s3_client.h"

namespace attune {

/// Objects in an S3-compatible store elsewhere. Memory is bounded: writes go out in parts of kWriteBytes, reads come in
/// ranges of kReadBytes, and a range that breaks off is resumed where it broke. Thread-safe.
///
/// Differs from the contract of ObjectStore where S3 does: FindBucket does not know when a bucket was created (0); a
/// writer's checksums are kept only with objects up to kWriteBytes; a part written by BeginPart is held in memory and
/// may have at most kPartBytesMax; a reader says Busy when the object was replaced meanwhile, since the old bytes are
/// gone.
class S3ObjectStore final : public ObjectStore {
 public:
  /// `client` must outlive the store.
  explicit S3ObjectStore(const S3Client& client) : client_(client) {}

  Status CreateBucket(const std::string& bucket, const std::string& region) override;
  Result<Bucket> FindBucket(const std::string& bucket) const override;
  Result<std::vector<Bucket>> ListBuckets() const override;
  Status DeleteBucket(const std::string& bucket) override;
  Result<std::optional<std::string>> BucketPolicy(const std::string& bucket) const override;
  Status PutBucketPolicy(const std::string& bucket, const std::string& policy) override;
  Status DeleteBucketPolicy(const std::string& bucket) override;
  Result<std::unique_ptr<ObjectWriter>> BeginPut(const std::string& bucket, const std::string& key,
                                                 ObjectAttributes attributes) override;
  Result<ObjectInfo> FindObject(const std::string& bucket, const std::string& key) const override;
  Result<std::unique_ptr<ObjectReader>> OpenObject(const std::string& bucket, const std::string& key) const override;
  Status DeleteObjects(const std::string& bucket, std::span<const std::string> keys) override;
  Result<ListObjectsPage> ListObjects(const std::string& bucket, const ListObjectsRequest& request) const override;
  Result<std::string> CreateUpload(const std::string& bucket, const std::string& key,
                                   ObjectAttributes attributes) override;
  Result<Upload> FindUpload(const std::string& bucket, const std::string& key,
                            const std::string& upload_id) const override;
  Result<std::unique_ptr<ObjectWriter>> BeginPart(const std::string& bucket, const std::string& key,
                                                  const std::string& upload_id, std::uint32_t number) override;
  Result<std::vector<Part>> ListParts(const std::string& bucket, const std::string& key, const std::string& upload_id,
                                      std::uint32_t after, std::size_t limit) const override;
  Result<ObjectInfo> CompleteUpload(const std::string& bucket, const std::string& key, const std::string& upload_id,
                                    std::span<const CompletedPart> parts,
                                    const std::map<std::string, std::string>& checksums) override;
  Status AbortUpload(const std::string& bucket, const std::string& key, const std::string& upload_id) override;
  Result<std::vector<Upload>> ListUploads(const std::string& bucket, const std::string& prefix,
                                          const std::string& after_key, const std::string& after_upload_id,
                                          std::size_t limit) const override;

  static constexpr std::uint64_t kWriteBytes = std::uint64_t{8} << 20;
  static constexpr std::uint64_t kReadBytes = std::uint64_t{4} << 20;
  static constexpr std::uint64_t kPartBytesMax = std::uint64_t{256} << 20;
  static constexpr std::size_t kPageMax = 1000;

 private:
  class PutWriter;
  class PartWriter;
  class Reader;

  static std::vector<std::pair<std::string, std::string>> AttributeHeaders(const ObjectAttributes& attributes);
  /// Sends, and turns what is not 2xx into a Status.
  Result<HttpReply> Call(const S3Call& request) const;
  /// Sends one part; returns its ETag.
  Result<std::string> PutPart(const std::string& bucket, const std::string& key, const std::string& upload_id,
                              std::uint32_t number, std::string_view bytes) const;

  const S3Client& client_;
};

}  // namespace attune
