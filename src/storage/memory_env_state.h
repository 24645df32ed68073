#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "storage/memory_env.h"

// What MemoryEnv and its file handles share; for memory_env.cc only.
namespace attune {

inline constexpr std::uint64_t kDiskBytes = std::uint64_t{1} << 40;

struct Node;
using NodePointer = std::shared_ptr<Node>;
using Entries = std::map<std::string, NodePointer>;
/// What one call changes of the names in a folder, in one step; null removes the name.
using NameChanges = std::vector<std::pair<std::string, NodePointer>>;

/// A file or a folder: as the running system sees it, and as the disk would show it after a power cut.
struct Node {
  explicit Node(EntryKind node_kind) : kind(node_kind) {}

  const EntryKind kind;
  std::int64_t modified_ms = 0;
  // Of a file. While `rewritten` is false, `bytes` begins with `durable_bytes`.
  std::string bytes;
  std::string durable_bytes;
  bool rewritten = false;
  // Of a folder.
  Entries entries;
  Entries durable_entries;
  std::vector<NameChanges> unsynced_changes;
};

inline void ApplyTo(Entries& entries, const NameChanges& changes) {
  for (const auto& [name, node] : changes) {
    if (node) {
      entries[name] = node;
    } else {
      entries.erase(name);
    }
  }
}

inline std::vector<std::string> SplitPath(const std::string& path) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    std::string name = path.substr(begin, end - begin);
    if (!name.empty() && name != ".") names.push_back(std::move(name));
    begin = end + 1;
  }
  return names;
}

inline Status FaultStatus(Fault fault, const std::string& path) {
  if (fault == Fault::kNoSpace) return ResourceExhausted(fmt::format("no space left to change {}", path));
  return IoError(fmt::format("an injected fault at {}", path));
}

/// All of it is guarded by one mutex; file handles share the ownership.
struct MemoryEnv::State {
  explicit State(std::uint64_t seed) : random(seed) {}

  NodePointer Find(const std::string& path) REQUIRES(mutex) {
    NodePointer node = root;
    for (const std::string& name : SplitPath(path)) {
      if (node->kind != EntryKind::kDirectory) return nullptr;
      const auto found = node->entries.find(name);
      if (found == node->entries.end()) return nullptr;
      node = found->second;
    }
    return node;
  }

  Result<NodePointer> FindKind(const std::string& path, EntryKind kind) REQUIRES(mutex) {
    NodePointer node = Find(path);
    if (!node) return NotFound(fmt::format("{} does not exist", path));
    if (node->kind != kind) return IoError(fmt::format("{} is of the other kind: file or folder", path));
    return node;
  }

  /// The folder that holds `path`.
  Result<NodePointer> FindParent(const std::string& path) REQUIRES(mutex) {
    return FindKind(ParentPath(path), EntryKind::kDirectory);
  }

  /// Counts a changing call, and says what goes wrong in it.
  std::optional<Fault> CountCall() REQUIRES(mutex) {
    const std::uint64_t call = call_count++;
    if (call >= stop_at_call) return Fault::kIo;
    if (every_fault) return every_fault;
    const auto found = faults.find(call);
    if (found == faults.end()) return std::nullopt;
    return found->second;
  }

  Status BeforeChange(const std::string& path) REQUIRES(mutex) {
    if (const auto fault = CountCall()) return FaultStatus(*fault, path);
    return {};
  }

  Status BeforeRead(const std::string& path) REQUIRES(mutex) {
    if (failing_reads.erase(read_count++) > 0) return FaultStatus(Fault::kIo, path);
    return {};
  }

  void Heal() REQUIRES(mutex) {
    stop_at_call = ~std::uint64_t{0};
    faults.clear();
    every_fault.reset();
    failing_reads.clear();
  }

  void ChangeNames(const NodePointer& directory, NameChanges changes) REQUIRES(mutex) {
    ApplyTo(directory->entries, changes);
    directory->unsynced_changes.push_back(std::move(changes));
  }

  /// Brings a node and all below it back to what the disk holds.
  void CrashNode(Node& node, CrashKind kind) REQUIRES(mutex) {
    if (node.kind == EntryKind::kFile) {
      if (kind == CrashKind::kTearUnsynced) {
        const std::size_t kept_min = node.rewritten ? 0 : node.durable_bytes.size();
        const bool keep_durable = node.rewritten && random.Below(2) == 0;
        if (!keep_durable) {
          node.durable_bytes = node.bytes.substr(0, kept_min + random.Below(node.bytes.size() - kept_min + 1));
        }
      }
      node.bytes = node.durable_bytes;
      node.rewritten = false;
      return;
    }
    if (kind == CrashKind::kTearUnsynced) {
      const std::size_t kept = random.Below(node.unsynced_changes.size() + 1);
      for (std::size_t i = 0; i < kept; ++i) ApplyTo(node.durable_entries, node.unsynced_changes[i]);
    }
    node.unsynced_changes.clear();
    node.entries = node.durable_entries;
    for (const auto& [name, child] : node.entries) CrashNode(*child, kind);
  }

  mutable Mutex mutex;
  Random random GUARDED_BY(mutex);
  NodePointer root GUARDED_BY(mutex) = std::make_shared<Node>(EntryKind::kDirectory);
  std::set<std::string> locks GUARDED_BY(mutex);
  std::int64_t unix_ms GUARDED_BY(mutex) = 1'700'000'000'000;
  /// Handles of an earlier generation are dead.
  std::uint64_t generation GUARDED_BY(mutex) = 0;
  std::uint64_t call_count GUARDED_BY(mutex) = 0;
  std::uint64_t stop_at_call GUARDED_BY(mutex) = ~std::uint64_t{0};
  std::map<std::uint64_t, Fault> faults GUARDED_BY(mutex);
  std::optional<Fault> every_fault GUARDED_BY(mutex);
  std::uint64_t read_count GUARDED_BY(mutex) = 0;
  std::set<std::uint64_t> failing_reads GUARDED_BY(mutex);
  std::uint64_t free_bytes GUARDED_BY(mutex) = kDiskBytes / 2;
};

}  // namespace attune
