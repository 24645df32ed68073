#include "server/backup.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/log.h"
#include "storage/copy_file.h"

namespace attune {
namespace {

constexpr std::string_view kPartialSuffix = ".partial";
constexpr unsigned kSecretMode = 0600;

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Result<std::uint64_t> Backup::Run(const std::string& to) {
  ATTUNE_RETURN_IF_ERROR(CheckTarget(to));
  {
    const MutexLock lock(mutex_);
    if (is_running_) return Busy("another backup is running");
    is_running_ = true;
  }
  const std::string partial = to + std::string(kPartialSuffix);
  const auto run = [&]() -> Result<std::uint64_t> {
    ATTUNE_RETURN_IF_ERROR(CheckRoom(to));
    ATTUNE_RETURN_IF_ERROR(parts_.env.CreateDirectory(partial, 0700));
    auto bytes = CopyAll(partial);
    Status status = bytes.status();
    if (status.ok()) status = parts_.env.Rename(partial, to);
    const bool has_its_name = status.ok();
    if (status.ok()) status = parts_.env.SyncDirectory(ParentPath(to));
    if (status.ok()) return bytes;
    (void)parts_.env.RemoveTree(has_its_name ? to : partial);
    return status;
  };
  auto bytes = run();
  if (bytes.ok()) {
    LogInfo("backup: {} bytes to {}", *bytes, to);
  } else {
    LogError("backup to {}: {}", to, bytes.status().message());
  }
  const MutexLock lock(mutex_);
  is_running_ = false;
  return bytes;
}

Status Backup::CheckTarget(const std::string& to) const {
  if (!to.starts_with('/') || to.ends_with('/')) {
    return InvalidArgument(fmt::format("'{}' is not the absolute path of a new folder, such as /backups/monday", to));
  }
  std::error_code error;
  const std::string own = std::filesystem::absolute(parts_.directory.path(), error).lexically_normal().string();
  if ((to + "/").starts_with(own.ends_with('/') ? own : own + "/"))
    return InvalidArgument(fmt::format("{} lies in the data directory", to));
  if (parts_.env.Exists(to)) return AlreadyExists(fmt::format("{} exists already; name a new folder", to));
  const std::string partial = to + std::string(kPartialSuffix);
  if (parts_.env.Exists(partial)) {
    return AlreadyExists(fmt::format("{} was left by a backup that was cut off; remove it", partial));
  }
  ATTUNE_TRY(const EntryKind parent, parts_.env.Kind(ParentPath(to)));
  if (parent != EntryKind::kDirectory) return InvalidArgument(fmt::format("{} is no folder", ParentPath(to)));
  return {};
}

Status Backup::CheckRoom(const std::string& to) const {
  ATTUNE_TRY(const DiskSpace space, parts_.env.Space(ParentPath(to)));
  ATTUNE_TRY(const std::uint64_t needed, TreeBytes(parts_.env, parts_.directory.path()));
  if (space.free_bytes < needed + parts_.free_bytes_min) {
    return ResourceExhausted(fmt::format("the disk of {} has {} bytes free; {} are needed, and {} must stay free", to,
                                         space.free_bytes, needed, parts_.free_bytes_min));
  }
  return {};
}

Result<std::uint64_t> Backup::CopyAll(const std::string& partial) {
  Env& env = parts_.env;
  const DataDirectory& directory = parts_.directory;
  // What is named at the moment of the copy stays until its bytes are copied too.
  files_are_held_ = true;
  if (parts_.objects != nullptr) parts_.objects->HoldFiles();
  const auto copy = [&]() -> Result<std::uint64_t> {
    // The log is never older than the catalog: an artifact that the catalog names has seen no event that the log lacks.
    std::unique_ptr<KeyValueFiles> log;
    const std::string catalog_path = JoinPath(partial, NameOf(directory.catalog_path()));
    ATTUNE_RETURN_IF_ERROR(parts_.catalog.CopyTo(catalog_path, [&]() -> Status {
      ATTUNE_TRY(log, parts_.key_values.HoldFiles());
      return {};
    }));
    std::uint64_t bytes = log->bytes();
    ATTUNE_RETURN_IF_ERROR(log->CopyTo(JoinPath(partial, NameOf(directory.log_path())), is_stopped_));
    log.reset();
    for (const std::string& folder : {directory.objects_path(), directory.datasets_path(), directory.artifacts_path(),
                                      directory.served_lists_path()}) {
      ATTUNE_TRY(const auto copied, CopyTree(env, folder, JoinPath(partial, NameOf(folder)), is_stopped_));
      bytes += copied;
    }
    const std::string& credentials = directory.credentials_path();
    const auto kind = env.Kind(credentials);
    if (kind.ok()) {
      ATTUNE_RETURN_IF_ERROR(
          CopyFile(env, credentials, JoinPath(partial, NameOf(credentials)), is_stopped_, kWholeFile, kSecretMode)
              .status());
    } else if (kind.status().code() != Code::kNotFound) {
      return kind.status();
    }
    ATTUNE_RETURN_IF_ERROR(
        env.WriteFileAtomically(JoinPath(partial, "VERSION"), fmt::format("{}\n", DataDirectory::kVersion)));
    ATTUNE_RETURN_IF_ERROR(env.SyncDirectory(partial));
    return bytes;
  };
  auto bytes = copy();
  if (parts_.objects != nullptr) parts_.objects->ReleaseFiles();
  files_are_held_ = false;
  parts_.on_released();
  return bytes;
}

}  // namespace attune
