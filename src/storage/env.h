#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace attune {

// Every call gives NotFound where a file or folder is missing, ResourceExhausted where the disk is full, and Io for
// whatever else the operating system refuses; the message names the path.

/// Reads a file from its beginning. One thread at a time.
class SequentialFile {
 public:
  virtual ~SequentialFile() = default;
  /// Fills `buffer` from where the last call ended. Fewer bytes than asked for mean the end of the file.
  virtual Result<std::size_t> Read(std::span<std::byte> buffer) = 0;
  virtual Status Skip(std::uint64_t bytes) = 0;
};

/// Reads anywhere in a file. Keeps reading the same bytes after the name was removed or renamed over. Thread-safe.
class RandomFile {
 public:
  virtual ~RandomFile() = default;
  /// Fills `buffer` from `offset`. Fewer bytes than asked for mean the end of the file.
  virtual Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const = 0;
};

/// Appends to a file. What was appended can be read at once but survives a crash only after Sync, and the name of a
/// new file only after Env::SyncDirectory of its folder. One thread at a time. The destructor closes without Sync.
///
/// After a failed Append or Sync the file's end is unknown: nothing more may be appended (Io), and what it holds since
/// the last Sync must be taken as lost, for a later fsync may succeed without having written it.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status Append(std::span<const std::byte> bytes) = 0;
  virtual Status Sync() = 0;
  /// Says whether the system kept what was written; without Sync, not that it survives a crash.
  virtual Status Close() = 0;
  /// Reserves room after the end without changing the size: appending into reserved room syncs several times faster.
  virtual Status Reserve(std::uint64_t offset, std::uint64_t bytes) = 0;
};

/// The bytes of a whole file in memory, read in as they are touched. Valid after the name was removed. Immutable.
class MappedFile {
 public:
  virtual ~MappedFile() = default;
  virtual std::span<const std::byte> bytes() const = 0;
};

/// Held until destroyed; the system frees it when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class EntryKind { kFile, kDirectory };

struct DirectoryEntry {
  std::string name;
  EntryKind kind = EntryKind::kFile;

  friend bool operator==(const DirectoryEntry&, const DirectoryEntry&) = default;
};

struct DiskSpace {
  std::uint64_t free_bytes = 0;  ///< For a process without privileges.
  std::uint64_t total_bytes = 0;
};

/// The only door to files. Thread-safe.
class Env {
 public:
  virtual ~Env() = default;

  virtual Result<std::unique_ptr<SequentialFile>> OpenSequential(const std::string& path) = 0;
  virtual Result<std::unique_ptr<RandomFile>> OpenRandom(const std::string& path) = 0;
  /// A new and empty file, in the place of one of that name. `mode` are the permission bits of a new file.
  virtual Result<std::unique_ptr<WritableFile>> Create(const std::string& path, unsigned mode = 0644) = 0;
  /// Goes on at the end of the file, which is made if missing.
  virtual Result<std::unique_ptr<WritableFile>> OpenAppend(const std::string& path) = 0;
  virtual Result<std::unique_ptr<MappedFile>> Map(const std::string& path) = 0;

  /// Makes durable which names the folder holds.
  virtual Status SyncDirectory(const std::string& path) = 0;
  /// Puts `from` in the place of `to` in one step. Durable after SyncDirectory of both folders.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status RemoveFile(const std::string& path) = 0;
  /// Only an empty folder can be removed (Io otherwise).
  virtual Status RemoveDirectory(const std::string& path) = 0;
  /// Makes one folder; its parent must be there. AlreadyExists if anything of that name is. Not durable by itself.
  virtual Status CreateDirectory(const std::string& path, unsigned mode = 0755) = 0;
  /// Sorted by name, without "." and "..".
  virtual Result<std::vector<DirectoryEntry>> List(const std::string& path) = 0;
  virtual Result<EntryKind> Kind(const std::string& path) = 0;
  virtual Result<std::uint64_t> FileSize(const std::string& path) = 0;
  /// Milliseconds since 1970 UTC.
  virtual Result<std::int64_t> ModifiedUnixMilliseconds(const std::string& path) = 0;
  virtual Status Truncate(const std::string& path, std::uint64_t bytes) = 0;
  /// Space of the disk that holds `path`.
  virtual Result<DiskSpace> Space(const std::string& path) = 0;
  /// Makes the file if missing. Busy if another process, or another lock of this one, holds it.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;

  /// False for an error other than NotFound too.
  bool Exists(const std::string& path);
  /// Makes the folder and those above it, durably.
  Status CreateDirectories(const std::string& path);
  /// Removes a file, or a folder with all below it; a missing one is fine.
  Status RemoveTree(const std::string& path);
  /// The whole file. LimitExceeded if it is larger than `bytes_max`.
  Result<std::string> ReadFile(const std::string& path, std::uint64_t bytes_max = kReadFileBytesMax);
  /// After this returns Ok, `path` holds `content`, whatever happens; before, and after an error or a crash, it holds
  /// either that or what it held. Writes `path` + kTemporarySuffix, syncs, renames, syncs the folder.
  Status WriteFileAtomically(const std::string& path, std::string_view content, unsigned mode = 0644);

  static constexpr std::uint64_t kReadFileBytesMax = std::uint64_t{64} << 20;
  /// Files of this name are half-written ones; whoever owns a folder may remove them when it opens it.
  static constexpr std::string_view kTemporarySuffix = ".tmp";
};

/// "a/b" for ("a", "b").
std::string JoinPath(std::string_view directory, std::string_view name);
/// What stands before the last '/': "." if there is none, "/" for "/a".
std::string ParentPath(std::string_view path);

}  // namespace attune
