#pragma once

#include "storage/env.h"

namespace attune {

/// The machine's own files. Thread-safe.
class PosixEnv final : public Env {
 public:
  Result<std::unique_ptr<SequentialFile>> OpenSequential(const std::string& path) override;
  Result<std::unique_ptr<RandomFile>> OpenRandom(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path, unsigned mode) override;
  Result<std::unique_ptr<WritableFile>> OpenAppend(const std::string& path) override;
  Result<std::unique_ptr<MappedFile>> Map(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status RemoveFile(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status CreateDirectory(const std::string& path, unsigned mode) override;
  Result<std::vector<DirectoryEntry>> List(const std::string& path) override;
  Result<EntryKind> Kind(const std::string& path) override;
  Result<std::uint64_t> FileSize(const std::string& path) override;
  Result<std::int64_t> ModifiedUnixMilliseconds(const std::string& path) override;
  Status Truncate(const std::string& path, std::uint64_t bytes) override;
  Result<DiskSpace> Space(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
};

}  // namespace attune
