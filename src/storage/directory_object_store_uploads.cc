#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "storage/directory_object_store.h"
#include "storage/directory_object_store_writers.h"

// The multipart uploads of DirectoryObjectStore.
namespace attune {
namespace {

using object_index::ObjectRecord;
using object_index::PartRecord;
using object_index::UploadRecord;

Status NoSuchUpload(const std::string& bucket, const std::string& key, const std::string& upload_id) {
  return NotFound(fmt::format("bucket {} has no upload {} of object {}", bucket, upload_id, key));
}

/// The stored parts that the list names, in its order.
Result<std::vector<PartRecord>> MatchParts(std::span<const CompletedPart> parts, std::vector<PartRecord> stored) {
  if (parts.empty()) return InvalidArgument("an upload is completed with at least one part");
  std::vector<PartRecord> matched;
  for (const CompletedPart& part : parts) {
    if (!matched.empty() && part.number <= matched.back().part.number) {
      return InvalidArgument(
          fmt::format("part {} comes after part {}; numbers must ascend", part.number, matched.back().part.number));
    }
    const auto found =
        std::lower_bound(stored.begin(), stored.end(), part.number,
                         [](const PartRecord& record, std::uint32_t number) { return record.part.number < number; });
    if (found == stored.end() || found->part.number != part.number) {
      return InvalidArgument(fmt::format("part {} was not uploaded", part.number));
    }
    if (found->part.etag != part.etag) {
      return InvalidArgument(fmt::format("part {} has the ETag {}, not {}", part.number, found->part.etag, part.etag));
    }
    matched.push_back(*found);
  }
  for (std::size_t i = 0; i + 1 < matched.size(); ++i) {
    if (matched[i].part.size < ObjectStore::kPartBytesMin) {
      return LimitExceeded(fmt::format("part {} is {} bytes; all but the last must have at least {}",
                                       matched[i].part.number, matched[i].part.size, ObjectStore::kPartBytesMin));
    }
  }
  return matched;
}

/// "md5-N": the MD5 of the parts' binary MD5s, and how many there are.
std::string MultipartEtag(std::span<const PartRecord> parts) {
  Digest md5(DigestKind::kMd5);
  for (const PartRecord& record : parts) md5.Update(AsBytes(FromHex(record.part.etag).value_or("")));
  return fmt::format("{}-{}", ToHex(AsBytes(md5.Finish())), parts.size());
}

}  // namespace

Result<UploadRecord> DirectoryObjectStore::FindUploadRecord(const std::string& bucket, const std::string& key,
                                                            const std::string& upload_id) const {
  // Any other length would read as a part of the key.
  if (upload_id.size() != object_index::kUploadIdDigits) return NoSuchUpload(bucket, key, upload_id);
  ATTUNE_TRY(const auto bytes, index_.Get(KeySpace::kObjects, object_index::UploadKey(bucket, key, upload_id)));
  if (!bytes) return NoSuchUpload(bucket, key, upload_id);
  return object_index::DecodeUpload(*bytes);
}

Result<std::vector<PartRecord>> DirectoryObjectStore::FindPartRecords(const std::string& upload_id, std::uint32_t after,
                                                                      std::size_t limit) const {
  ATTUNE_TRY(const auto entries, index_.Scan(KeySpace::kObjects, object_index::PartsPrefix(upload_id),
                                             object_index::PartKey(upload_id, after + 1), limit));
  std::vector<PartRecord> records;
  for (const auto& [key, value] : entries) {
    ATTUNE_TRY(auto record, object_index::DecodePart(object_index::ParsePartNumber(key), value));
    records.push_back(std::move(record));
  }
  return records;
}

Result<std::string> DirectoryObjectStore::CreateUpload(const std::string& bucket, const std::string& key,
                                                       ObjectAttributes attributes) {
  if (key.empty() || key.size() > kKeyBytesMax) {
    return InvalidArgument(fmt::format("an object's key is {} bytes; it must be 1 to {}", key.size(), kKeyBytesMax));
  }
  ReaderLock bucket_lock(buckets_mutex_);
  ATTUNE_RETURN_IF_ERROR(CheckBucket(bucket));
  std::string upload_id = entropy_.Hex(object_index::kUploadIdDigits);
  const UploadRecord record{.initiated_ms = clock_.UnixMilliseconds(), .attributes = std::move(attributes)};
  ATTUNE_RETURN_IF_ERROR(
      index_.Put(KeySpace::kObjects, object_index::UploadKey(bucket, key, upload_id), Encode(record)));
  return upload_id;
}

Result<Upload> DirectoryObjectStore::FindUpload(const std::string& bucket, const std::string& key,
                                                const std::string& upload_id) const {
  ATTUNE_RETURN_IF_ERROR(CheckBucket(bucket));
  ATTUNE_TRY(auto record, FindUploadRecord(bucket, key, upload_id));
  return Upload{.key = key,
                .upload_id = upload_id,
                .initiated_ms = record.initiated_ms,
                .attributes = std::move(record.attributes)};
}

Result<std::unique_ptr<ObjectWriter>> DirectoryObjectStore::BeginPart(const std::string& bucket, const std::string& key,
                                                                      const std::string& upload_id,
                                                                      std::uint32_t number) {
  if (number < 1 || number > kPartNumberMax) {
    return InvalidArgument(fmt::format("part number is {}; it must be 1 to {}", number, kPartNumberMax));
  }
  ATTUNE_RETURN_IF_ERROR(FindUpload(bucket, key, upload_id).status());
  ATTUNE_RETURN_IF_ERROR(index_.Recover());
  ATTUNE_TRY(auto blob, files_->Create());
  return std::unique_ptr<ObjectWriter>(new PartWriter(*this, *files_, std::move(blob), bucket, key, upload_id, number));
}

Status DirectoryObjectStore::CommitPart(const std::string& bucket, const std::string& key, const std::string& upload_id,
                                        const PartRecord& record, BlobWriter& writer) {
  ReaderLock bucket_lock(buckets_mutex_);
  std::vector<Blob> replaced;
  {
    MutexLock lock(Stripe(bucket, key));
    ATTUNE_RETURN_IF_ERROR(index_.Recover());
    ATTUNE_RETURN_IF_ERROR(FindUploadRecord(bucket, key, upload_id).status());
    ATTUNE_TRY(const auto old, FindPartRecords(upload_id, record.part.number - 1, 1));
    if (!old.empty() && old[0].part.number == record.part.number) replaced.push_back(old[0].blob);
    writer.Release();
    ATTUNE_RETURN_IF_ERROR(
        index_.Put(KeySpace::kObjects, object_index::PartKey(upload_id, record.part.number), Encode(record)));
  }
  files_->Remove(replaced);
  return {};
}

Result<std::vector<Part>> DirectoryObjectStore::ListParts(const std::string& bucket, const std::string& key,
                                                          const std::string& upload_id, std::uint32_t after,
                                                          std::size_t limit) const {
  ATTUNE_RETURN_IF_ERROR(FindUpload(bucket, key, upload_id).status());
  if (after >= kPartNumberMax) return std::vector<Part>();
  ATTUNE_TRY(auto records, FindPartRecords(upload_id, after, limit));
  std::vector<Part> parts;
  for (PartRecord& record : records) parts.push_back(std::move(record.part));
  return parts;
}

Status DirectoryObjectStore::ForgetUpload(const std::string& bucket, const std::string& key,
                                          const std::string& upload_id, KeyValueBatch& batch,
                                          std::vector<Blob>& blobs) const {
  ATTUNE_TRY(const auto records, FindPartRecords(upload_id, 0, kPartNumberMax));
  for (const PartRecord& record : records) {
    batch.Delete(KeySpace::kObjects, object_index::PartKey(upload_id, record.part.number));
    blobs.push_back(record.blob);
  }
  batch.Delete(KeySpace::kObjects, object_index::UploadKey(bucket, key, upload_id));
  return {};
}

Result<ObjectInfo> DirectoryObjectStore::CompleteUpload(const std::string& bucket, const std::string& key,
                                                        const std::string& upload_id,
                                                        std::span<const CompletedPart> parts,
                                                        const std::map<std::string, std::string>& checksums) {
  ReaderLock bucket_lock(buckets_mutex_);
  ATTUNE_RETURN_IF_ERROR(CheckBucket(bucket));
  std::vector<Blob> unused;
  ObjectRecord object;
  {
    MutexLock lock(Stripe(bucket, key));
    ATTUNE_RETURN_IF_ERROR(index_.Recover());
    ATTUNE_TRY(auto upload, FindUploadRecord(bucket, key, upload_id));
    ATTUNE_TRY(auto stored, FindPartRecords(upload_id, 0, kPartNumberMax));
    ATTUNE_TRY(const auto matched, MatchParts(parts, std::move(stored)));
    object.info = {.key = key,
                   .size = 0,
                   .etag = MultipartEtag(matched),
                   .last_modified_ms = clock_.UnixMilliseconds(),
                   .attributes = std::move(upload.attributes),
                   .checksums = checksums};
    for (const PartRecord& record : matched) {
      object.info.size += record.part.size;
      object.blobs.push_back(record.blob);
    }
    ATTUNE_TRY(const auto replaced, BlobsOf(bucket, key));
    KeyValueBatch batch;
    ATTUNE_RETURN_IF_ERROR(ForgetUpload(bucket, key, upload_id, batch, unused));
    batch.Put(KeySpace::kObjects, object_index::ObjectKey(bucket, key), Encode(object));
    ATTUNE_RETURN_IF_ERROR(index_.Write(std::move(batch)));
    std::set<std::string> used;
    for (const Blob& blob : object.blobs) used.insert(blob.id);
    std::erase_if(unused, [&](const Blob& blob) { return used.contains(blob.id); });
    unused.insert(unused.end(), replaced.begin(), replaced.end());
  }
  files_->Remove(unused);
  return object.info;
}

Status DirectoryObjectStore::AbortUpload(const std::string& bucket, const std::string& key,
                                         const std::string& upload_id) {
  ReaderLock bucket_lock(buckets_mutex_);
  ATTUNE_RETURN_IF_ERROR(CheckBucket(bucket));
  std::vector<Blob> blobs;
  {
    MutexLock lock(Stripe(bucket, key));
    ATTUNE_RETURN_IF_ERROR(index_.Recover());
    ATTUNE_RETURN_IF_ERROR(FindUploadRecord(bucket, key, upload_id).status());
    KeyValueBatch batch;
    ATTUNE_RETURN_IF_ERROR(ForgetUpload(bucket, key, upload_id, batch, blobs));
    ATTUNE_RETURN_IF_ERROR(index_.Write(std::move(batch)));
  }
  files_->Remove(blobs);
  return {};
}

Result<std::vector<Upload>> DirectoryObjectStore::ListUploads(const std::string& bucket, const std::string& prefix,
                                                              const std::string& after_key,
                                                              const std::string& after_upload_id,
                                                              std::size_t limit) const {
  ATTUNE_RETURN_IF_ERROR(CheckBucket(bucket));
  const std::string uploads_prefix = object_index::UploadsPrefix(bucket);
  std::vector<Upload> uploads;
  const auto iterator = index_.Iterate(KeySpace::kObjects);
  for (iterator->Seek(uploads_prefix + std::max(prefix, after_key));
       iterator->Valid() && iterator->key().starts_with(uploads_prefix) && uploads.size() < limit; iterator->Next()) {
    const auto parsed = object_index::ParseUploadKey(iterator->key().substr(uploads_prefix.size()));
    if (!parsed) return Corrupt(fmt::format("bucket {} has an upload whose key is damaged", bucket));
    const auto& [key, upload_id] = *parsed;
    if (!key.starts_with(prefix)) break;
    if (key < after_key || (key == after_key && (after_upload_id.empty() || upload_id <= after_upload_id))) continue;
    ATTUNE_TRY(auto record, object_index::DecodeUpload(iterator->value()));
    uploads.push_back({.key = std::string(key),
                       .upload_id = std::string(upload_id),
                       .initiated_ms = record.initiated_ms,
                       .attributes = std::move(record.attributes)});
  }
  ATTUNE_RETURN_IF_ERROR(iterator->status());
  return uploads;
}

}  // namespace attune
