#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/memory_env.h"

namespace attune {

/// For tests: while it lives, SQLite keeps its files behind a VFS over its own that counts calls, lets any of them
/// fail, and can lose what was not synced. Databases must be closed before Crash and before the end. One thread at a
/// time.
class FaultySqlite {
 public:
  explicit FaultySqlite(std::uint64_t seed = 1);
  ~FaultySqlite();
  FaultySqlite(const FaultySqlite&) = delete;
  FaultySqlite& operator=(const FaultySqlite&) = delete;

  /// Calls so far: every open, read, write, truncation, sync and removal, and every growth of the shared memory.
  std::uint64_t call_count() const { return call_count_; }
  /// The call number `call` (the next is call_count()) fails once so. A failed sync says so, and what it should have
  /// written can still be read but will not be on the disk, whatever later syncs say: so does Linux.
  void FailCall(std::uint64_t call, Fault fault) { faults_[call] = fault; }
  /// From call number `call` on every one fails, as after a power cut: Crash() then shows the disk.
  void StopAtCall(std::uint64_t call) { stop_at_call_ = call; }
  /// From now on, until called again with nothing, every call that changes something fails so.
  void FailEveryChange(std::optional<Fault> fault) { every_change_ = fault; }
  /// The power is cut and comes back: of what was not synced nothing is left, or for kTearUnsynced a random part.
  /// Faults are cleared.
  void Crash(CrashKind kind = CrashKind::kLoseUnsynced);

 private:
  struct Handle;
  struct Vfs;
  enum class CallKind { kRead, kChange };

  /// What the file system does to a file's bytes.
  struct Change {
    std::uint64_t offset = 0;
    std::string bytes;
    bool truncates = false;  ///< To `offset` bytes.
    void ApplyTo(std::string* content) const;
  };
  struct File {
    bool is_durable = false;  ///< Whether the disk has the name.
    std::string durable_bytes;
    std::vector<Change> unsynced;
    bool is_removed = false;  ///< Though the disk may still have it.
  };

  std::optional<Fault> Count(CallKind kind);

  std::uint64_t call_count_ = 0;
  std::uint64_t stop_at_call_ = ~std::uint64_t{0};
  std::map<std::uint64_t, Fault> faults_;
  std::optional<Fault> every_change_;
  Random random_;
  std::map<std::string, File> files_;
  sqlite3_vfs* base_;
  sqlite3_vfs vfs_;
};

}  // namespace attune
