#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/env.h"

namespace attune {

/// Stands between a database and its files. Once it is closed, nothing that the database still tries changes a file: to
/// the disk it is as if the process had died at that moment, though the database lives and can be read. Thread-safe.
class FileFence {
 public:
  /// Does `change`, unless the fence is closed (Io then). Close waits for it.
  template <class Change>
  Status Pass(Change change) EXCLUDES(closing_) {
    const ReaderLock lock(closing_);
    if (is_closed_) return IoError("the database was given up after a failed write");
    return change();
  }

  /// After this returns, no change is under way and none is let through.
  void Close() EXCLUDES(closing_);

  /// A write to the file failed; its first `synced_bytes` are on the disk, the others may be.
  void NoteTornEnd(const std::string& path, std::uint64_t synced_bytes) EXCLUDES(mutex_);
  /// Cuts the torn ends off: of what nobody was told that it is kept, nothing comes back. Call after Close.
  Status CutTornEnds(Env& env) EXCLUDES(mutex_);

 private:
  SharedMutex closing_;
  bool is_closed_ GUARDED_BY(closing_) = false;
  Mutex mutex_;
  std::map<std::string, std::uint64_t> torn_ GUARDED_BY(mutex_);  ///< Where each file's synced bytes end.
};

}  // namespace attune
