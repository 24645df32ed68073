#pragma once

#include <array>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "storage/blob_files.h"
#include "storage/env.h"
#include "storage/key_value_store.h"
#include "storage/object_index.h"
#include "storage/object_store.h"

namespace attune {

/// Objects as files of one folder, under random names; the index of keys and attributes is in a KeyValueStore. Bytes
/// are synced before the index names them, so a crash leaves at most files that no entry names: Open removes those.
/// docs/formats/object_store.md tells the layout. Thread-safe.
class DirectoryObjectStore final : public ObjectStore {
 public:
  /// All of these must outlive the store; no other store may use the folder or the key space kObjects of `index`.
  /// Takes time by the number of objects.
  static Result<std::unique_ptr<DirectoryObjectStore>> Open(Env& env, const Clock& clock, Entropy& entropy,
                                                            KeyValueStore& index, const std::string& path);

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

  /// For a backup: from now on until ReleaseFiles no file goes, whatever is deleted. Not twice at a time.
  void HoldFiles() { files_->Hold(); }
  void ReleaseFiles() { files_->Release(); }

 private:
  class BlobWriter;
  class PutWriter;
  class PartWriter;
  class Reader;
  static constexpr std::size_t kStripes = 64;

  DirectoryObjectStore(const Clock& clock, Entropy& entropy, KeyValueStore& index, std::unique_ptr<BlobFiles> files);
  /// The blobs that records name; the others are left over from crashes.
  static Result<std::set<std::string>> ReferencedBlobs(const KeyValueStore& index);

  Status CheckBucket(const std::string& bucket) const;
  Result<object_index::BucketRecord> FindBucketRecord(const std::string& bucket) const;
  Result<object_index::ObjectRecord> FindObjectRecord(const std::string& bucket, const std::string& key) const;
  Result<object_index::UploadRecord> FindUploadRecord(const std::string& bucket, const std::string& key,
                                                      const std::string& upload_id) const;
  Result<std::vector<object_index::PartRecord>> FindPartRecords(const std::string& upload_id, std::uint32_t after,
                                                                std::size_t limit) const;
  /// The blobs of the object of that key; none if there is no such object.
  Result<std::vector<Blob>> BlobsOf(const std::string& bucket, const std::string& key) const;
  Status ChangePolicy(const std::string& bucket, std::optional<std::string> policy) EXCLUDES(buckets_mutex_);
  /// Writes the index entry of what `writer` wrote.
  Status CommitObject(const std::string& bucket, const object_index::ObjectRecord& record, BlobWriter& writer)
      EXCLUDES(buckets_mutex_);
  Status CommitPart(const std::string& bucket, const std::string& key, const std::string& upload_id,
                    const object_index::PartRecord& record, BlobWriter& writer) EXCLUDES(buckets_mutex_);
  /// Adds to `batch` the removal of an upload and its parts, and their blobs to `blobs`.
  Status ForgetUpload(const std::string& bucket, const std::string& key, const std::string& upload_id,
                      KeyValueBatch& batch, std::vector<Blob>& blobs) const;
  Mutex& Stripe(const std::string& bucket, const std::string& key) const;

  // Synchronise themselves.
  const Clock& clock_;
  Entropy& entropy_;
  KeyValueStore& index_;
  const std::unique_ptr<BlobFiles> files_;
  // Shared by changes within buckets, alone for changes of buckets.
  mutable SharedMutex buckets_mutex_;
  // Held from looking at an object or upload to having changed it; taken after buckets_mutex_. Whoever changes lets the
  // index recover before the look: what a refused write may have left is then seen, and no file that it names removed.
  mutable std::array<Mutex, kStripes> stripes_;
};

}  // namespace attune
