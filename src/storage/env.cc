#include "storage/env.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace attune {

std::string JoinPath(std::string_view directory, std::string_view name) {
  if (directory.empty()) return std::string(name);
  if (directory.back() == '/') return fmt::format("{}{}", directory, name);
  return fmt::format("{}/{}", directory, name);
}

std::string ParentPath(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

bool Env::Exists(const std::string& path) { return Kind(path).ok(); }

Status Env::CreateDirectories(const std::string& path) {
  const auto kind = Kind(path);
  if (kind.ok()) {
    if (*kind == EntryKind::kDirectory) return {};
    return AlreadyExists(fmt::format("{} is a file; a folder is needed there", path));
  }
  if (kind.status().code() != Code::kNotFound) return kind.status();
  const std::string parent = ParentPath(path);
  if (parent != path) ATTUNE_RETURN_IF_ERROR(CreateDirectories(parent));
  // Another thread may make it between the look and the deed.
  const Status created = CreateDirectory(path);
  if (!created.ok() && created.code() != Code::kAlreadyExists) return created;
  return SyncDirectory(parent);
}

Status Env::RemoveTree(const std::string& path) {
  const auto kind = Kind(path);
  if (!kind.ok()) return kind.status().code() == Code::kNotFound ? Status() : kind.status();
  if (*kind == EntryKind::kFile) return RemoveFile(path);
  ATTUNE_TRY(const auto entries, List(path));
  for (const DirectoryEntry& entry : entries) ATTUNE_RETURN_IF_ERROR(RemoveTree(JoinPath(path, entry.name)));
  return RemoveDirectory(path);
}

Result<std::string> Env::ReadFile(const std::string& path, std::uint64_t bytes_max) {
  ATTUNE_TRY(const std::uint64_t size, FileSize(path));
  if (size > bytes_max) {
    return LimitExceeded(fmt::format("{} has {} bytes; at most {} are read at once", path, size, bytes_max));
  }
  ATTUNE_TRY(const auto file, OpenSequential(path));
  std::string content(size, '\0');
  ATTUNE_TRY(const std::size_t read, file->Read(std::as_writable_bytes(std::span(content))));
  content.resize(read);
  return content;
}

Status Env::WriteFileAtomically(const std::string& path, std::string_view content, unsigned mode) {
  const std::string temporary = path + std::string(kTemporarySuffix);
  const auto write = [&]() -> Status {
    ATTUNE_TRY(const auto file, Create(temporary, mode));
    ATTUNE_RETURN_IF_ERROR(file->Append(AsBytes(content)));
    ATTUNE_RETURN_IF_ERROR(file->Sync());
    ATTUNE_RETURN_IF_ERROR(file->Close());
    return Rename(temporary, path);
  };
  if (Status written = write(); !written.ok()) {
    // What cannot be removed either is overwritten by the next attempt.
    (void)RemoveFile(temporary);
    return written;
  }
  return SyncDirectory(ParentPath(path));
}

}  // namespace attune
