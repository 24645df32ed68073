#include "storage/copy_file.h"

#include <fmt/format.h>

#include <vector>

namespace attune {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;

}  // namespace

Result<std::uint64_t> CopyFile(Env& env, const std::string& from, const std::string& to,
                               const std::atomic<bool>& is_cancelled, std::uint64_t bytes, unsigned mode) {
  ATTUNE_TRY(const auto source, env.OpenSequential(from));
  ATTUNE_TRY(const auto target, env.Create(to, mode));
  std::vector<std::byte> buffer(kBufferBytes);
  std::uint64_t copied = 0;
  while (copied < bytes) {
    if (is_cancelled) return Cancelled(fmt::format("copying {} was cancelled", from));
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), bytes - copied));
    ATTUNE_TRY(const std::size_t read, source->Read(std::span(buffer).first(wanted)));
    ATTUNE_RETURN_IF_ERROR(target->Append(std::span(buffer).first(read)));
    copied += read;
    if (read < wanted) break;
  }
  if (bytes != kWholeFile && copied < bytes) {
    return Corrupt(fmt::format("{} has {} bytes; {} are needed", from, copied, bytes));
  }
  ATTUNE_RETURN_IF_ERROR(target->Sync());
  ATTUNE_RETURN_IF_ERROR(target->Close());
  return copied;
}

Result<std::uint64_t> CopyTree(Env& env, const std::string& from, const std::string& to,
                               const std::atomic<bool>& is_cancelled) {
  ATTUNE_RETURN_IF_ERROR(env.CreateDirectory(to));
  std::uint64_t bytes = 0;
  auto entries = env.List(from);
  if (!entries.ok() && entries.status().code() != Code::kNotFound) return entries.status();
  if (entries.ok()) {
    for (const DirectoryEntry& entry : *entries) {
      if (entry.name.ends_with(Env::kTemporarySuffix)) continue;
      const std::string source = JoinPath(from, entry.name);
      const std::string target = JoinPath(to, entry.name);
      const auto copied = entry.kind == EntryKind::kDirectory ? CopyTree(env, source, target, is_cancelled)
                                                              : CopyFile(env, source, target, is_cancelled);
      if (copied.ok()) {
        bytes += *copied;
      } else if (copied.status().code() != Code::kNotFound) {
        return copied.status();
      }
    }
  }
  ATTUNE_RETURN_IF_ERROR(env.SyncDirectory(to));
  return bytes;
}

Result<std::uint64_t> TreeBytes(Env& env, const std::string& path) {
  const auto entries = env.List(path);
  if (!entries.ok()) {
    return entries.status().code() == Code::kNotFound ? Result<std::uint64_t>(std::uint64_t{0}) : entries.status();
  }
  std::uint64_t bytes = 0;
  for (const DirectoryEntry& entry : *entries) {
    const std::string below = JoinPath(path, entry.name);
    const auto size = entry.kind == EntryKind::kDirectory ? TreeBytes(env, below) : env.FileSize(below);
    if (size.ok()) {
      bytes += *size;
    } else if (size.status().code() != Code::kNotFound) {
      return size.status();
    }
  }
  return bytes;
}

}  // namespace attune
