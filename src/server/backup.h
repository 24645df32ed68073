#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "catalog/catalog.h"
#include "storage/data_directory.h"
#include "storage/directory_object_store.h"
#include "storage/env.h"
#include "storage/key_value_store.h"

namespace attune {

/// Copies the data directory of a running server to another folder, which a server can then be started on: it holds
/// everything that was acknowledged before the backup began, and of what came later all or nothing of each request.
/// Requests go on; changes of resources wait while the catalog is copied. Thread-safe.
class Backup {
 public:
  struct Parts {
    Env& env;
    const DataDirectory& directory;
    Catalog& catalog;
    KeyValueStore& key_values;
    DirectoryObjectStore* objects;  ///< Null if objects are kept elsewhere.
    /// Room that must be left on the disk of the copy.
    std::uint64_t free_bytes_min = 0;
    /// Called when files may be freed again.
    std::function<void()> on_released;
  };

  /// What the parts refer to must outlive it.
  explicit Backup(Parts parts) : parts_(std::move(parts)) {}

  /// Returns when all of it is synced; the folder's bytes. `to` is an absolute path, outside of the data directory, of
  /// a folder that does not exist in one that does: AlreadyExists, InvalidArgument or NotFound otherwise. Busy while
  /// another backup runs, ResourceExhausted if the disk has not the room; nothing is left of one that fails.
  Result<std::uint64_t> Run(const std::string& to) EXCLUDES(mutex_);

  /// Ends what runs, soon, and refuses others.
  void Stop() { is_stopped_ = true; }

  /// True while no file may be freed that the catalog names.
  const std::atomic<bool>& files_are_held() const { return files_are_held_; }

 private:
  Status CheckTarget(const std::string& to) const;
  Status CheckRoom(const std::string& to) const;
  Result<std::uint64_t> CopyAll(const std::string& partial);

  // Constant after construction; what it refers to synchronises itself.
  const Parts parts_;
  // Synchronise themselves.
  std::atomic<bool> is_stopped_{false};
  std::atomic<bool> files_are_held_{false};
  // Guarded by mutex_.
  Mutex mutex_;
  bool is_running_ GUARDED_BY(mutex_) = false;
};

}  // namespace attune
