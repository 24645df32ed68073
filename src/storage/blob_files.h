#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "base/mutex.h"
#include "base/random.h"
#include "base/status.h"
#include "storage/env.h"

namespace attune {

/// Bytes in one file.
struct Blob {
  std::string id;  ///< 32 hexadecimal digits, random.
  std::uint64_t size = 0;

  friend bool operator==(const Blob&, const Blob&) = default;
};

/// The files that hold the bytes of objects: path/xx/<id>, where xx are the first two digits of the id. A file that a
/// reader has pinned is removed when the last reader lets go. Thread-safe.
class BlobFiles {
 public:
  /// `env` and `entropy` must outlive it.
  static Result<std::unique_ptr<BlobFiles>> Open(Env& env, Entropy& entropy, const std::string& path);

  /// Removes every file whose id is not in `referenced`. Call before anything is created.
  Status RemoveAllBut(const std::set<std::string>& referenced);

  struct NewBlob {
    std::string id;
    std::unique_ptr<WritableFile> file;
  };
  Result<NewBlob> Create() EXCLUDES(mutex_);
  /// Makes the name of a blob durable, once its bytes were synced.
  Status SyncName(const std::string& id);
  Result<std::unique_ptr<RandomFile>> OpenRandom(const std::string& id) const;

  void Pin(std::span<const Blob> blobs) EXCLUDES(mutex_);
  void Unpin(std::span<const Blob> blobs) EXCLUDES(mutex_);
  /// What cannot be removed now is removed at the next start.
  void Remove(std::span<const Blob> blobs) EXCLUDES(mutex_);

  /// From now on until Release nothing is removed: what is to go goes then. Not twice at a time.
  void Hold() EXCLUDES(mutex_);
  void Release() EXCLUDES(mutex_);

 private:
  BlobFiles(Env& env, Entropy& entropy, std::string path);
  std::string ShardPath(const std::string& id) const;
  std::string BlobPath(const std::string& id) const;
  Status EnsureShard(const std::string& id) REQUIRES(mutex_);

  // Synchronise themselves.
  Env& env_;
  Entropy& entropy_;
  // Constant after construction.
  const std::string path_;
  // Guarded by mutex_.
  Mutex mutex_;
  std::set<std::string> shards_ GUARDED_BY(mutex_);  ///< Known to be durable.
  std::map<std::string, std::uint64_t> pins_ GUARDED_BY(mutex_);
  std::set<std::string> doomed_ GUARDED_BY(mutex_);  ///< To be removed by the last reader, or by Release.
  bool is_held_ GUARDED_BY(mutex_) = false;
};

}  // namespace attune
