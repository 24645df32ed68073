#pragma once

#include <array>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "storage/env.h"
#include "storage/key_value_store.h"
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

 private:
  class Writer;
  class Reader;
  DirectoryObjectStore(Env& env, const Clock& clock, Entropy& entropy, KeyValueStore& index, std::string path);

  // Synchronise themselves.
  Env& env_;
  const Clock& clock_;
  Entropy& entropy_;
  KeyValueStore& index_;
  // Constant after construction.
  const std::string path_;
};

}  // namespace attune
