#include "storage/directory_object_store_writers.h"

namespace attune {

DirectoryObjectStore::BlobWriter::~BlobWriter() {
  if (released_) return;
  file_.reset();
  const Blob blob = this->blob();
  files_.Remove(std::span(&blob, 1));
}

Status DirectoryObjectStore::BlobWriter::Append(std::span<const std::byte> bytes) {
  ATTUNE_CHECK(md5_hex_.empty());
  md5_.Update(bytes);
  size_ += bytes.size();
  return file_->Append(bytes);
}

std::string DirectoryObjectStore::BlobWriter::Md5Hex() {
  if (md5_hex_.empty()) md5_hex_ = ToHex(AsBytes(md5_.Finish()));
  return md5_hex_;
}

Status DirectoryObjectStore::BlobWriter::Sync() {
  ATTUNE_RETURN_IF_ERROR(file_->Sync());
  ATTUNE_RETURN_IF_ERROR(file_->Close());
  return files_.SyncName(id_);
}

DirectoryObjectStore::PutWriter::PutWriter(DirectoryObjectStore& store, BlobFiles& files, BlobFiles::NewBlob blob,
                                           std::string bucket, std::string key, ObjectAttributes attributes)
    : store_(store), blob_(files, std::move(blob)), bucket_(std::move(bucket)) {
  info_.key = std::move(key);
  info_.attributes = std::move(attributes);
}

void DirectoryObjectStore::PutWriter::SetChecksum(const std::string& algorithm, const std::string& text) {
  info_.checksums[algorithm] = text;
}

Result<ObjectInfo> DirectoryObjectStore::PutWriter::Commit() {
  ATTUNE_RETURN_IF_ERROR(blob_.Sync());
  info_.size = blob_.blob().size;
  info_.etag = blob_.Md5Hex();
  info_.last_modified_ms = store_.clock_.UnixMilliseconds();
  const object_index::ObjectRecord record{.info = info_, .blobs = {blob_.blob()}};
  ATTUNE_RETURN_IF_ERROR(store_.CommitObject(bucket_, record, blob_));
  return info_;
}

DirectoryObjectStore::PartWriter::PartWriter(DirectoryObjectStore& store, BlobFiles& files, BlobFiles::NewBlob blob,
                                             std::string bucket, std::string key, std::string upload_id,
                                             std::uint32_t number)
    : store_(store),
      blob_(files, std::move(blob)),
      bucket_(std::move(bucket)),
      key_(std::move(key)),
      upload_id_(std::move(upload_id)) {
  part_.number = number;
}

void DirectoryObjectStore::PartWriter::SetChecksum(const std::string& algorithm, const std::string& text) {
  part_.checksums[algorithm] = text;
}

Result<ObjectInfo> DirectoryObjectStore::PartWriter::Commit() {
  ATTUNE_RETURN_IF_ERROR(blob_.Sync());
  part_.size = blob_.blob().size;
  part_.etag = blob_.Md5Hex();
  part_.last_modified_ms = store_.clock_.UnixMilliseconds();
  const object_index::PartRecord record{.part = part_, .blob = blob_.blob()};
  ATTUNE_RETURN_IF_ERROR(store_.CommitPart(bucket_, key_, upload_id_, record, blob_));
  return ObjectInfo{.key = key_,
                    .size = part_.size,
                    .etag = part_.etag,
                    .last_modified_ms = part_.last_modified_ms,
                    .attributes = {},
                    .checksums = part_.checksums};
}

}  // namespace attune
