#pragma once

#include <memory>
#include <optional>

#include "storage/env.h"

namespace attune {

/// What goes wrong in one call.
enum class Fault {
  kIo,          ///< Nothing is done; Io.
  kNoSpace,     ///< Nothing is done; ResourceExhausted.
  kShortWrite,  ///< An Append keeps half of its bytes, then says Io. Elsewhere as kIo.
  kFailedSync,  ///< A Sync loses what was not synced yet, as Linux may, and says Io. Elsewhere as kIo.
};

/// What of the unsynced survives a crash.
enum class CrashKind {
  kLoseUnsynced,  ///< Nothing: neither bytes, nor names, nor removals.
  kTearUnsynced,  ///< A random part: of each file some prefix of its unsynced end, of each folder some of the changes.
};

/// Files in memory for tests: counts the calls that change anything and those that read, lets any of them fail, and can
/// lose at any moment what was not synced. Follows POSIX: file bytes become durable by Sync, names by SyncDirectory.
/// Thread-safe.
class MemoryEnv final : public Env {
 public:
  explicit MemoryEnv(std::uint64_t seed = 1);
  ~MemoryEnv() override;

  /// Changing calls so far: Create, OpenAppend, Append, Sync, Close, Reserve, SyncDirectory, Rename, Remove…,
  /// CreateDirectory, Truncate, Lock.
  std::uint64_t call_count() const;
  /// The changing call number `call` (the next is call_count()) fails once so.
  void FailCall(std::uint64_t call, Fault fault);
  /// From changing call number `call` on, every one fails with Io, as after a power cut: Crash() then shows the disk.
  void StopAtCall(std::uint64_t call);
  /// From now on, until called again with nothing, every changing call fails so.
  void FailEveryCall(std::optional<Fault> fault);
  /// Reading calls so far: OpenSequential, OpenRandom, Map, Read, ReadAt, List, Kind, FileSize,
  /// ModifiedUnixMilliseconds.
  std::uint64_t read_count() const;
  /// The reading call number `read` (the next is read_count()) fails once with Io.
  void FailRead(std::uint64_t read);
  /// No call fails any more.
  void Heal();
  /// The power is cut and comes back: what was not synced is lost, open files and locks are dead, faults are cleared.
  /// Threads that still work would change files after it: end them first, with StopAtCall(0) before that.
  void Crash(CrashKind kind = CrashKind::kLoseUnsynced);
  /// Flips one bit of a file, as a decaying disk would.
  void FlipBit(const std::string& path, std::uint64_t byte, unsigned bit);
  void SetUnixMilliseconds(std::int64_t unix_ms);
  /// What Space() tells, except while every call fails for lack of space: then 0.
  void SetFreeBytes(std::uint64_t bytes);

  Result<std::unique_ptr<SequentialFile>> OpenSequential(const std::string& path) override;
  Result<std::unique_ptr<RandomFile>> OpenRandom(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path, unsigned mode = 0644) override;
  Result<std::unique_ptr<WritableFile>> OpenAppend(const std::string& path) override;
  Result<std::unique_ptr<MappedFile>> Map(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status RemoveFile(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status CreateDirectory(const std::string& path, unsigned mode = 0755) override;
  Result<std::vector<DirectoryEntry>> List(const std::string& path) override;
  Result<EntryKind> Kind(const std::string& path) override;
  Result<std::uint64_t> FileSize(const std::string& path) override;
  Result<std::int64_t> ModifiedUnixMilliseconds(const std::string& path) override;
  Status Truncate(const std::string& path, std::uint64_t bytes) override;
  Result<DiskSpace> Space(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;

  struct State;  // For the file handles in memory_env.cc, which outlive a Crash.

 private:
  const std::shared_ptr<State> state_;
};

}  // namespace attune
