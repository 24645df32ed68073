#include "storage/blob_files.h"

namespace attune {
namespace {

constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kShardDigits = 2;

}  // namespace

BlobFiles::BlobFiles(Env& env, Entropy& entropy, std::string path)
    : env_(env), entropy_(entropy), path_(std::move(path)) {}

Result<std::unique_ptr<BlobFiles>> BlobFiles::Open(Env& env, Entropy& entropy, const std::string& path) {
  ATTUNE_RETURN_IF_ERROR(env.CreateDirectories(path));
  return std::unique_ptr<BlobFiles>(new BlobFiles(env, entropy, path));
}

Status BlobFiles::RemoveAllBut(const std::set<std::string>& referenced) {
  ATTUNE_TRY(const auto shards, env_.List(path_));
  for (const DirectoryEntry& shard : shards) {
    if (shard.kind != EntryKind::kDirectory) continue;
    const std::string shard_path = JoinPath(path_, shard.name);
    ATTUNE_TRY(const auto blobs, env_.List(shard_path));
    for (const DirectoryEntry& blob : blobs) {
      if (!referenced.contains(blob.name)) ATTUNE_RETURN_IF_ERROR(env_.RemoveTree(JoinPath(shard_path, blob.name)));
    }
  }
  return {};
}

std::string BlobFiles::ShardPath(const std::string& id) const { return JoinPath(path_, id.substr(0, kShardDigits)); }
std::string BlobFiles::BlobPath(const std::string& id) const { return JoinPath(ShardPath(id), id); }

Status BlobFiles::EnsureShard(const std::string& id) {
  const std::string shard_path = ShardPath(id);
  if (shards_.contains(shard_path)) return {};
  ATTUNE_RETURN_IF_ERROR(env_.CreateDirectories(shard_path));
  // It may have been there and yet not be durable, if the process died between the two steps.
  ATTUNE_RETURN_IF_ERROR(env_.SyncDirectory(path_));
  shards_.insert(shard_path);
  return {};
}

Result<BlobFiles::NewBlob> BlobFiles::Create() {
  std::string id = entropy_.Hex(kIdDigits);
  {
    MutexLock lock(mutex_);
    ATTUNE_RETURN_IF_ERROR(EnsureShard(id));
  }
  ATTUNE_TRY(auto file, env_.Create(BlobPath(id)));
  return NewBlob{std::move(id), std::move(file)};
}

Status BlobFiles::SyncName(const std::string& id) { return env_.SyncDirectory(ShardPath(id)); }

Result<std::unique_ptr<RandomFile>> BlobFiles::OpenRandom(const std::string& id) const {
  return env_.OpenRandom(BlobPath(id));
}

void BlobFiles::Pin(std::span<const Blob> blobs) {
  MutexLock lock(mutex_);
  for (const Blob& blob : blobs) ++pins_[blob.id];
}

void BlobFiles::Unpin(std::span<const Blob> blobs) {
  MutexLock lock(mutex_);
  for (const Blob& blob : blobs) {
    const auto pin = pins_.find(blob.id);
    ATTUNE_CHECK(pin != pins_.end());
    if (--pin->second > 0) continue;
    pins_.erase(pin);
    if (!is_held_ && doomed_.erase(blob.id) > 0) (void)env_.RemoveFile(BlobPath(blob.id));
  }
}

void BlobFiles::Remove(std::span<const Blob> blobs) {
  MutexLock lock(mutex_);
  for (const Blob& blob : blobs) {
    if (is_held_ || pins_.contains(blob.id)) {
      doomed_.insert(blob.id);
    } else {
      (void)env_.RemoveFile(BlobPath(blob.id));
    }
  }
}

void BlobFiles::Hold() {
  MutexLock lock(mutex_);
  ATTUNE_CHECK(!is_held_);
  is_held_ = true;
}

void BlobFiles::Release() {
  MutexLock lock(mutex_);
  is_held_ = false;
  std::erase_if(doomed_, [&](const std::string& id) REQUIRES(mutex_) {
    if (pins_.contains(id)) return false;
    (void)env_.RemoveFile(BlobPath(id));
    return true;
  });
}

}  // namespace attune
