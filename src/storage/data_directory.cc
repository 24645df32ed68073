#include "storage/data_directory.h"

#include <fmt/format.h>

#include <charconv>

namespace attune {
namespace {

Status CheckVersion(Env& env, const std::string& path) {
  const std::string version_path = JoinPath(path, "VERSION");
  const auto stored = env.ReadFile(version_path);
  if (!stored.ok()) {
    if (stored.status().code() != Code::kNotFound) return stored.status();
    return env.WriteFileAtomically(version_path, fmt::format("{}\n", DataDirectory::kVersion));
  }
  int version = 0;
  const auto [end, error] = std::from_chars(stored->data(), stored->data() + stored->size(), version);
  if (error != std::errc() || version < 1 || std::string_view(end, stored->data() + stored->size()) != "\n") {
    return Corrupt(fmt::format("{} does not hold a version number", version_path));
  }
  if (version > DataDirectory::kVersion) {
    return Corrupt(fmt::format("{} is of version {}; this program reads up to version {}", path, version,
                               DataDirectory::kVersion));
  }
  return {};
}

constexpr unsigned kFolderMode = 0700;  // Secret keys of users lie in the log.

}  // namespace

Result<std::unique_ptr<DataDirectory>> DataDirectory::Open(Env& env, const std::string& path) {
  if (!env.Exists(path)) {
    const std::string parent = ParentPath(path);
    ATTUNE_RETURN_IF_ERROR(env.CreateDirectories(parent));
    ATTUNE_RETURN_IF_ERROR(env.CreateDirectory(path, kFolderMode));
    ATTUNE_RETURN_IF_ERROR(env.SyncDirectory(parent));
  }
  auto lock = env.Lock(JoinPath(path, "LOCK"));
  if (!lock.ok()) {
    if (lock.status().code() != Code::kBusy) return lock.status();
    return Busy(fmt::format("another server runs on the data directory {}", path));
  }
  ATTUNE_RETURN_IF_ERROR(CheckVersion(env, path));
  std::unique_ptr<DataDirectory> directory(new DataDirectory(path, *std::move(lock)));
  ATTUNE_RETURN_IF_ERROR(env.RemoveTree(directory->temporary_path()));
  for (const std::string& folder : {directory->log_path(), directory->objects_path(), directory->datasets_path(),
                                    directory->artifacts_path(), directory->temporary_path()}) {
    ATTUNE_RETURN_IF_ERROR(env.CreateDirectories(folder));
  }
  // Half-written files of the folder itself, such as the credentials.
  ATTUNE_TRY(const auto entries, env.List(path));
  for (const DirectoryEntry& entry : entries) {
    if (entry.kind == EntryKind::kFile && entry.name.ends_with(Env::kTemporarySuffix)) {
      ATTUNE_RETURN_IF_ERROR(env.RemoveFile(JoinPath(path, entry.name)));
    }
  }
  return directory;
}

}  // namespace attune
