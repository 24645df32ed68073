#pragma once

#include <memory>
#include <string>

#include "base/hash.h"
#include "storage/directory_object_store.h"

// The writers of DirectoryObjectStore, for its two source files only.
namespace attune {

/// Writes one blob and takes its MD5. One thread at a time.
class DirectoryObjectStore::BlobWriter {
 public:
  BlobWriter(BlobFiles& files, BlobFiles::NewBlob blob)
      : files_(files), id_(std::move(blob.id)), file_(std::move(blob.file)) {}
  ~BlobWriter();
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;

  Status Append(std::span<const std::byte> bytes);
  std::string Md5Hex();
  /// Makes bytes and name durable.
  Status Sync();
  /// From here on an index entry may name the blob, also if the write of that entry seemed to fail: it is not removed.
  void Release() { released_ = true; }
  Blob blob() const { return {.id = id_, .size = size_}; }

 private:
  BlobFiles& files_;
  const std::string id_;
  std::unique_ptr<WritableFile> file_;
  Digest md5_{DigestKind::kMd5};
  std::string md5_hex_;
  std::uint64_t size_ = 0;
  bool released_ = false;
};

class DirectoryObjectStore::PutWriter final : public ObjectWriter {
 public:
  PutWriter(DirectoryObjectStore& store, BlobFiles& files, BlobFiles::NewBlob blob, std::string bucket, std::string key,
            ObjectAttributes attributes);

  Status Append(std::span<const std::byte> bytes) override { return blob_.Append(bytes); }
  void SetChecksum(const std::string& algorithm, const std::string& text) override;
  std::string Md5Hex() override { return blob_.Md5Hex(); }
  Result<ObjectInfo> Commit() override;

 private:
  DirectoryObjectStore& store_;
  BlobWriter blob_;
  const std::string bucket_;
  ObjectInfo info_;
};

class DirectoryObjectStore::PartWriter final : public ObjectWriter {
 public:
  PartWriter(DirectoryObjectStore& store, BlobFiles& files, BlobFiles::NewBlob blob, std::string bucket,
             std::string key, std::string upload_id, std::uint32_t number);

  Status Append(std::span<const std::byte> bytes) override { return blob_.Append(bytes); }
  void SetChecksum(const std::string& algorithm, const std::string& text) override;
  std::string Md5Hex() override { return blob_.Md5Hex(); }
  Result<ObjectInfo> Commit() override;

 private:
  DirectoryObjectStore& store_;
  BlobWriter blob_;
  const std::string bucket_;
  const std::string key_;
  const std::string upload_id_;
  Part part_;
};

}  // namespace attune
