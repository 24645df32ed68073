#pragma once

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/file_fence.h"
#include "storage/key_value_store.h"

namespace attune {

/// A RocksDB database from its opening until a write of it fails, in the foreground or behind it. From then on it can
/// be read, and that is all: RocksDB's own way back, DB::Resume, waits for ever in more than one case
/// (docs/decisions/rocksdb_on_env.md). The way back is GiveUp and another session. Thread-safe.
class RocksdbSession {
 public:
  /// Opens or makes the database in the folder `path`, which no other session may use unless it was given up. `env`
  /// must outlive the result.
  static Result<std::shared_ptr<RocksdbSession>> Open(Env& env, const std::string& path,
                                                      const KeyValueStore::Options& options);
  /// Closes. Nothing is lost.
  ~RocksdbSession();

  rocksdb::DB& rocks() const { return *rocks_; }
  Env& env() const { return env_; }

  /// Ok until the first failure.
  Status failure() const EXCLUDES(mutex_);
  bool failed() const { return failed_; }
  void Fail(Status failure) EXCLUDES(mutex_);

  /// Call after a failure. No file is changed by this session any more, and what a failed write may have left at the
  /// end of the write-ahead log is cut off. Reads go on, though they may fail when another session has dropped a file.
  Status GiveUp();

  /// Puts what is in the buffers into sorted files, and closes; no other call may follow.
  Status Close();

 private:
  class Listener;
  explicit RocksdbSession(Env& env);

  // Synchronise themselves.
  Env& env_;
  FileFence fence_;
  const std::unique_ptr<rocksdb::Env> rocks_env_;
  std::atomic<bool> failed_ = false;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  Status failure_ GUARDED_BY(mutex_);
  // Constant until Close. Dies first: its threads use what stands above.
  std::unique_ptr<rocksdb::DB> rocks_;
};

/// Corrupt, ResourceExhausted for a full disk, NotFound, or Io.
Status FromRocksdb(const rocksdb::Status& status);

}  // namespace attune
