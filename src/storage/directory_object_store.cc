#include "storage/directory_object_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "storage/directory_object_store_writers.h"

namespace attune {
namespace {

using object_index::BucketRecord;
using object_index::ObjectRecord;

Status NoSuchBucket(const std::string& bucket) { return NotFound(fmt::format("bucket {} does not exist", bucket)); }

Status CheckBucketName(const std::string& bucket) {
  if (bucket.empty() || bucket.size() > ObjectStore::kBucketNameBytesMax) {
    return InvalidArgument(fmt::format("a bucket's name is {} bytes; it must be 1 to {}", bucket.size(),
                                       ObjectStore::kBucketNameBytesMax));
  }
  if (bucket.find('\0') != std::string::npos) return InvalidArgument("a bucket's name holds a zero byte");
  return {};
}

Status CheckKey(const std::string& key) {
  if (!key.empty() && key.size() <= ObjectStore::kKeyBytesMax) return {};
  return InvalidArgument(
      fmt::format("an object's key is {} bytes; it must be 1 to {}", key.size(), ObjectStore::kKeyBytesMax));
}

}  // namespace

/// Opens the files of an object as they are read, one at a time: an object of 10,000 parts does not take 10,000 files.
class DirectoryObjectStore::Reader final : public ObjectReader {
 public:
  /// The record's blobs must have been pinned; the destructor unpins them.
  Reader(BlobFiles& files, ObjectRecord record) : files_(files), record_(std::move(record)) {}
  ~Reader() override { files_.Unpin(record_.blobs); }

  const ObjectInfo& info() const override { return record_.info; }

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override {
    std::size_t done = 0;
    std::uint64_t blob_begin = 0;
    for (std::size_t i = 0; i < record_.blobs.size() && done < buffer.size(); ++i) {
      const std::uint64_t blob_size = record_.blobs[i].size;
      const std::uint64_t position = offset + done;
      if (position >= blob_begin && position < blob_begin + blob_size) {
        const std::uint64_t within = position - blob_begin;
        const std::size_t wanted = std::min<std::uint64_t>(blob_size - within, buffer.size() - done);
        ATTUNE_TRY(const auto file, OpenBlob(i));
        ATTUNE_TRY(const std::size_t read, file->ReadAt(within, buffer.subspan(done, wanted)));
        if (read < wanted) {
          return Corrupt(fmt::format("object {}: its file {} ends after {} of {} bytes", record_.info.key,
                                     record_.blobs[i].id, within + read, blob_size));
        }
        done += read;
      }
      blob_begin += blob_size;
    }
    return done;
  }

 private:
  Result<std::shared_ptr<const RandomFile>> OpenBlob(std::size_t blob_index) const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (open_file_ && open_index_ == blob_index) return open_file_;
    auto file = files_.OpenRandom(record_.blobs[blob_index].id);
    if (!file.ok()) {
      if (file.status().code() != Code::kNotFound) return file.status();
      return Corrupt(fmt::format("object {}: its file {} is missing", record_.info.key, record_.blobs[blob_index].id));
    }
    open_file_ = *std::move(file);
    open_index_ = blob_index;
    return open_file_;
  }

  // Synchronises itself.
  BlobFiles& files_;
  // Constant after construction.
  const ObjectRecord record_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  mutable std::shared_ptr<const RandomFile> open_file_ GUARDED_BY(mutex_);
  mutable std::size_t open_index_ GUARDED_BY(mutex_) = 0;
};

DirectoryObjectStore::DirectoryObjectStore(const Clock& clock, Entropy& entropy, KeyValueStore& index,
                                           std::unique_ptr<BlobFiles> files)
    : clock_(clock), entropy_(entropy), index_(index), files_(std::move(files)) {}

Result<std::unique_ptr<DirectoryObjectStore>> DirectoryObjectStore::Open(Env& env, const Clock& clock, Entropy& entropy,
                                                                         KeyValueStore& index,
                                                                         const std::string& path) {
  ATTUNE_TRY(auto files, BlobFiles::Open(env, entropy, path));
  ATTUNE_TRY(const auto referenced, ReferencedBlobs(index));
  ATTUNE_RETURN_IF_ERROR(files->RemoveAllBut(referenced));
  return std::unique_ptr<DirectoryObjectStore>(new DirectoryObjectStore(clock, entropy, index, std::move(files)));
}

Result<std::set<std::string>> DirectoryObjectStore::ReferencedBlobs(const KeyValueStore& index) {
  std::set<std::string> referenced;
  const auto iterator = index.Iterate(KeySpace::kObjects);
  for (iterator->Seek(object_index::kObjectsPrefix);
       iterator->Valid() && iterator->key().starts_with(object_index::kObjectsPrefix); iterator->Next()) {
    ATTUNE_TRY(const auto record, object_index::DecodeObject("", iterator->value()));
    for (const Blob& blob : record.blobs) referenced.insert(blob.id);
  }
  // What was not read would be taken for left over, and removed.
  ATTUNE_RETURN_IF_ERROR(iterator->status());
  for (iterator->Seek(object_index::kPartsPrefix);
       iterator->Valid() && iterator->key().starts_with(object_index::kPartsPrefix); iterator->Next()) {
    ATTUNE_TRY(const auto record, object_index::DecodePart(1, iterator->value()));
    referenced.insert(record.blob.id);
  }
  ATTUNE_RETURN_IF_ERROR(iterator->status());
  return referenced;
}

Mutex& DirectoryObjectStore::Stripe(const std::string& bucket, const std::string& key) const {
  return stripes_[Hash64(object_index::ObjectKey(bucket, key)) % kStripes];
}

Result<BucketRecord> DirectoryObjectStore::FindBucketRecord(const std::string& bucket) const {
  ATTUNE_TRY(const auto bytes, index_.Get(KeySpace::kObjects, object_index::BucketKey(bucket)));
  if (!bytes) return NoSuchBucket(bucket);
  return object_index::DecodeBucket(*bytes);
}

Status DirectoryObjectStore::CheckBucket(const std::string& bucket) const { return FindBucketRecord(bucket).status(); }

Result<ObjectRecord> DirectoryObjectStore::FindObjectRecord(const std::string& bucket, const std::string& key) const {
  ATTUNE_TRY(const auto bytes, index_.Get(KeySpace::kObjects, object_index::ObjectKey(bucket, key)));
  if (!bytes) return NotFound(fmt::format("bucket {} has no object {}", bucket, key));
  return object_index::DecodeObject(key, *bytes);
}

Result<std::vector<Blob>> DirectoryObjectStore::BlobsOf(const std::string& bucket, const std::string& key) const {
  auto record = FindObjectRecord(bucket, key);
  if (record.ok()) return std::move(record->blobs);
  if (record.status().code() == Code::kNotFound) return std::vector<Blob>();
  return record.status();
}

Status DirectoryObjectStore::CreateBucket(const std::string& bucket, const std::string& region) {
  ATTUNE_RETURN_IF_ERROR(CheckBucketName(bucket));
  WriterLock lock(buckets_mutex_);
  const Status found = CheckBucket(bucket);
  if (found.ok()) return AlreadyExists(fmt::format("bucket {} exists", bucket));
  if (found.code() != Code::kNotFound) return found;
  const BucketRecord record{.region = region, .created_ms = clock_.UnixMilliseconds(), .policy = std::nullopt};
  return index_.Put(KeySpace::kObjects, object_index::BucketKey(bucket), Encode(record));
}

Result<Bucket> DirectoryObjectStore::FindBucket(const std::string& bucket) const {
  ATTUNE_TRY(const auto record, FindBucketRecord(bucket));
  return Bucket{.name = bucket, .region = record.region, .created_ms = record.created_ms};
}

Result<std::vector<Bucket>> DirectoryObjectStore::ListBuckets() const {
  std::vector<Bucket> buckets;
  const auto iterator = index_.Iterate(KeySpace::kObjects);
  const std::string_view prefix = object_index::kBucketsPrefix;
  for (iterator->Seek(prefix); iterator->Valid() && iterator->key().starts_with(prefix); iterator->Next()) {
    ATTUNE_TRY(const auto record, object_index::DecodeBucket(iterator->value()));
    const std::string_view name = iterator->key().substr(prefix.size());
    buckets.push_back({.name = std::string(name), .region = record.region, .created_ms = record.created_ms});
  }
  ATTUNE_RETURN_IF_ERROR(iterator->status());
  return buckets;
}

Status DirectoryObjectStore::DeleteBucket(const std::string& bucket) {
  WriterLock lock(buckets_mutex_);
  ATTUNE_RETURN_IF_ERROR(index_.Recover());
  ATTUNE_RETURN_IF_ERROR(CheckBucket(bucket));
  ATTUNE_TRY(const auto objects, index_.Scan(KeySpace::kObjects, object_index::ObjectsPrefix(bucket), "", 1));
  if (!objects.empty()) return Busy(fmt::format("bucket {} is not empty", bucket));
  KeyValueBatch batch;
  std::vector<Blob> blobs;
  const std::string uploads_prefix = object_index::UploadsPrefix(bucket);
  ATTUNE_TRY(const auto uploads, index_.Scan(KeySpace::kObjects, uploads_prefix, "", ~std::size_t{0}));
  for (const auto& [index_key, value] : uploads) {
    const auto parsed = object_index::ParseUploadKey(std::string_view(index_key).substr(uploads_prefix.size()));
    if (!parsed) return Corrupt(fmt::format("bucket {} has an upload whose key is damaged", bucket));
    const auto& [key, upload_id] = *parsed;
    ATTUNE_RETURN_IF_ERROR(ForgetUpload(bucket, std::string(key), std::string(upload_id), batch, blobs));
  }
  batch.Delete(KeySpace::kObjects, object_index::BucketKey(bucket));
  ATTUNE_RETURN_IF_ERROR(index_.Write(std::move(batch)));
  files_->Remove(blobs);
  return {};
}

Result<std::optional<std::string>> DirectoryObjectStore::BucketPolicy(const std::string& bucket) const {
  ATTUNE_TRY(auto record, FindBucketRecord(bucket));
  return std::move(record.policy);
}

Status DirectoryObjectStore::ChangePolicy(const std::string& bucket, std::optional<std::string> policy) {
  WriterLock lock(buckets_mutex_);
  ATTUNE_TRY(auto record, FindBucketRecord(bucket));
  record.policy = std::move(policy);
  return index_.Put(KeySpace::kObjects, object_index::BucketKey(bucket), Encode(record));
}

Status DirectoryObjectStore::PutBucketPolicy(const std::string& bucket, const std::string& policy) {
  return ChangePolicy(bucket, policy);
}

Status DirectoryObjectStore::DeleteBucketPolicy(const std::string& bucket) {
  return ChangePolicy(bucket, std::nullopt);
}

Result<std::unique_ptr<ObjectWriter>> DirectoryObjectStore::BeginPut(const std::string& bucket, const std::string& key,
                                                                     ObjectAttributes attributes) {
  ATTUNE_RETURN_IF_ERROR(CheckKey(key));
  ATTUNE_RETURN_IF_ERROR(CheckBucket(bucket));
  ATTUNE_RETURN_IF_ERROR(index_.Recover());
  ATTUNE_TRY(auto blob, files_->Create());
  return std::unique_ptr<ObjectWriter>(
      new PutWriter(*this, *files_, std::move(blob), bucket, key, std::move(attributes)));
}

Status DirectoryObjectStore::CommitObject(const std::string& bucket, const ObjectRecord& record, BlobWriter& writer) {
  ReaderLock bucket_lock(buckets_mutex_);
  ATTUNE_RETURN_IF_ERROR(CheckBucket(bucket));
  std::vector<Blob> replaced;
  {
    MutexLock lock(Stripe(bucket, record.info.key));
    ATTUNE_RETURN_IF_ERROR(index_.Recover());
    ATTUNE_TRY(replaced, BlobsOf(bucket, record.info.key));
    writer.Release();
    ATTUNE_RETURN_IF_ERROR(
        index_.Put(KeySpace::kObjects, object_index::ObjectKey(bucket, record.info.key), Encode(record)));
  }
  files_->Remove(replaced);
  return {};
}

Result<ObjectInfo> DirectoryObjectStore::FindObject(const std::string& bucket, const std::string& key) const {
  ATTUNE_RETURN_IF_ERROR(CheckBucket(bucket));
  ATTUNE_TRY(auto record, FindObjectRecord(bucket, key));
  return std::move(record.info);
}

Result<std::unique_ptr<ObjectReader>> DirectoryObjectStore::OpenObject(const std::string& bucket,
                                                                       const std::string& key) const {
  ATTUNE_RETURN_IF_ERROR(CheckBucket(bucket));
  ATTUNE_TRY(auto record, FindObjectRecord(bucket, key));
  for (;;) {
    auto reader = [&] {
      files_->Pin(record.blobs);
      return std::make_unique<Reader>(*files_, record);
    }();
    // A writer removes the old files after it changed the index: if the index still names them now that they are
    // pinned, they stay.
    ATTUNE_TRY(auto again, FindObjectRecord(bucket, key));
    if (again.blobs == record.blobs) return std::unique_ptr<ObjectReader>(std::move(reader));
    record = std::move(again);
  }
}

Status DirectoryObjectStore::DeleteObjects(const std::string& bucket, std::span<const std::string> keys) {
  ReaderLock bucket_lock(buckets_mutex_);
  ATTUNE_RETURN_IF_ERROR(CheckBucket(bucket));
  for (const std::string& key : keys) {
    std::vector<Blob> blobs;
    {
      MutexLock lock(Stripe(bucket, key));
      ATTUNE_RETURN_IF_ERROR(index_.Recover());
      const auto record = FindObjectRecord(bucket, key);
      if (!record.ok() && record.status().code() == Code::kNotFound) continue;
      ATTUNE_RETURN_IF_ERROR(record.status());
      blobs = record->blobs;
      ATTUNE_RETURN_IF_ERROR(index_.Delete(KeySpace::kObjects, object_index::ObjectKey(bucket, key)));
    }
    files_->Remove(blobs);
  }
  return {};
}

Result<ListObjectsPage> DirectoryObjectStore::ListObjects(const std::string& bucket,
                                                          const ListObjectsRequest& request) const {
  ATTUNE_RETURN_IF_ERROR(CheckBucket(bucket));
  ListObjectsPage page;
  if (request.limit == 0) return page;
  const std::string bucket_prefix = object_index::ObjectsPrefix(bucket);
  const auto iterator = index_.Iterate(KeySpace::kObjects);
  iterator->Seek(bucket_prefix + std::max(request.prefix, request.start_after));
  while (iterator->Valid() && iterator->key().starts_with(bucket_prefix)) {
    const std::string_view key = iterator->key().substr(bucket_prefix.size());
    if (!key.starts_with(request.prefix)) break;
    std::string_view entry = key;
    const std::size_t delimiter_begin =
        request.delimiter.empty() ? std::string_view::npos : key.find(request.delimiter, request.prefix.size());
    const bool rolled_up = delimiter_begin != std::string_view::npos;
    if (rolled_up) entry = key.substr(0, delimiter_begin + request.delimiter.size());
    if (entry > request.start_after) {
      if (page.objects.size() + page.common_prefixes.size() == request.limit) {
        page.truncated = true;
        break;
      }
      page.next_start_after = entry;
      if (rolled_up) {
        page.common_prefixes.emplace_back(entry);
      } else {
        ATTUNE_TRY(auto record, object_index::DecodeObject(key, iterator->value()));
        page.objects.push_back(std::move(record.info));
      }
    }
    if (rolled_up) {
      iterator->Seek(object_index::EndOfPrefix(bucket_prefix + std::string(entry)));
    } else {
      iterator->Next();
    }
  }
  ATTUNE_RETURN_IF_ERROR(iterator->status());
  if (!page.truncated) page.next_start_after.clear();
  return page;
}

}  // namespace attune
