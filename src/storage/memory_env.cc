#include "storage/memory_env.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <new>
#include <set>
#include <utility>

#include "base/mutex.h"
#include "base/random.h"

namespace attune {
namespace {

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

void ApplyTo(Entries& entries, const NameChanges& changes) {
  for (const auto& [name, node] : changes) {
    if (node) {
      entries[name] = node;
    } else {
      entries.erase(name);
    }
  }
}

std::vector<std::string> SplitPath(const std::string& path) {
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

Status FaultStatus(Fault fault, const std::string& path) {
  if (fault == Fault::kNoSpace) return ResourceExhausted(fmt::format("no space left to change {}", path));
  return IoError(fmt::format("an injected fault while changing {}", path));
}

/// A copy of a file as it was when it was mapped, aligned as mmap aligns.
class MemoryMappedFile final : public MappedFile {
 public:
  explicit MemoryMappedFile(const std::string& content)
      : size_(content.size()), data_(::operator new(std::max<std::size_t>(size_, 1), kAlignment)) {
    std::memcpy(data_, content.data(), size_);
  }
  ~MemoryMappedFile() override { ::operator delete(data_, kAlignment); }
  MemoryMappedFile(const MemoryMappedFile&) = delete;
  MemoryMappedFile& operator=(const MemoryMappedFile&) = delete;

  std::span<const std::byte> bytes() const override { return {static_cast<const std::byte*>(data_), size_}; }

 private:
  static constexpr std::align_val_t kAlignment{4096};
  const std::size_t size_;
  void* const data_;
};

}  // namespace

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
};

namespace {

using StatePointer = std::shared_ptr<MemoryEnv::State>;

/// What the handles of one open file share.
struct OpenNode {
  StatePointer state;
  NodePointer node;
  std::string path;
  std::uint64_t generation = 0;

  Status CheckAlive() const REQUIRES(state->mutex) {
    if (generation == state->generation) return {};
    return IoError(fmt::format("{} was open when the power was cut", path));
  }

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const {
    MutexLock lock(state->mutex);
    ATTUNE_RETURN_IF_ERROR(CheckAlive());
    if (offset >= node->bytes.size()) return std::size_t{0};
    const std::size_t size = std::min<std::size_t>(buffer.size(), node->bytes.size() - offset);
    std::memcpy(buffer.data(), node->bytes.data() + offset, size);
    return size;
  }
};

class MemorySequentialFile final : public SequentialFile {
 public:
  explicit MemorySequentialFile(OpenNode file) : file_(std::move(file)) {}

  Result<std::size_t> Read(std::span<std::byte> buffer) override {
    ATTUNE_TRY(const std::size_t read, file_.ReadAt(offset_, buffer));
    offset_ += read;
    return read;
  }
  Status Skip(std::uint64_t bytes) override {
    offset_ += bytes;
    return {};
  }

 private:
  const OpenNode file_;
  std::uint64_t offset_ = 0;
};

class MemoryRandomFile final : public RandomFile {
 public:
  explicit MemoryRandomFile(OpenNode file) : file_(std::move(file)) {}

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override {
    return file_.ReadAt(offset, buffer);
  }

 private:
  const OpenNode file_;
};

class MemoryWritableFile final : public WritableFile {
 public:
  explicit MemoryWritableFile(OpenNode file) : file_(std::move(file)) {}

  Status Append(std::span<const std::byte> bytes) override {
    MutexLock lock(file_.state->mutex);
    ATTUNE_RETURN_IF_ERROR(CheckUsable());
    const auto fault = file_.state->CountCall();
    if (fault && *fault != Fault::kShortWrite) return Fail(*fault);
    if (fault) bytes = bytes.first(bytes.size() / 2);
    file_.node->bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    file_.node->modified_ms = file_.state->unix_ms;
    return fault ? Fail(*fault) : Status();
  }

  Status Sync() override {
    MutexLock lock(file_.state->mutex);
    ATTUNE_RETURN_IF_ERROR(CheckUsable());
    Node& node = *file_.node;
    if (const auto fault = file_.state->CountCall()) {
      if (*fault == Fault::kFailedSync) {
        node.bytes = node.durable_bytes;
        node.rewritten = false;
      }
      return Fail(*fault);
    }
    if (node.rewritten) {
      node.durable_bytes = node.bytes;
    } else {
      node.durable_bytes.append(node.bytes, node.durable_bytes.size());
    }
    node.rewritten = false;
    return {};
  }

  Status Close() override {
    MutexLock lock(file_.state->mutex);
    return CheckUsable();
  }

  Status Reserve(std::uint64_t, std::uint64_t) override { return {}; }

 private:
  Status CheckUsable() const REQUIRES(file_.state->mutex) {
    ATTUNE_RETURN_IF_ERROR(file_.CheckAlive());
    if (failed_) return IoError(fmt::format("an earlier write to {} failed", file_.path));
    return {};
  }
  Status Fail(Fault fault) {
    failed_ = true;
    return FaultStatus(fault, file_.path);
  }

  const OpenNode file_;
  bool failed_ = false;
};

class MemoryFileLock final : public FileLock {
 public:
  MemoryFileLock(StatePointer state, std::string path, std::uint64_t generation)
      : state_(std::move(state)), path_(std::move(path)), generation_(generation) {}
  ~MemoryFileLock() override {
    MutexLock lock(state_->mutex);
    if (generation_ == state_->generation) state_->locks.erase(path_);
  }

 private:
  const StatePointer state_;
  const std::string path_;
  const std::uint64_t generation_;
};

Result<OpenNode> OpenForReading(const StatePointer& state, const std::string& path) {
  MutexLock lock(state->mutex);
  ATTUNE_TRY(NodePointer node, state->FindKind(path, EntryKind::kFile));
  return OpenNode{state, std::move(node), path, state->generation};
}

enum class OldContent { kKeep, kDrop };

Result<std::unique_ptr<WritableFile>> OpenForWriting(const StatePointer& state, const std::string& path,
                                                     OldContent old_content) {
  MutexLock lock(state->mutex);
  ATTUNE_TRY(const NodePointer parent, state->FindParent(path));
  NodePointer node = state->Find(path);
  if (node && node->kind != EntryKind::kFile) return IoError(fmt::format("{} is a folder", path));
  if (!node || old_content == OldContent::kDrop) ATTUNE_RETURN_IF_ERROR(state->BeforeChange(path));
  if (!node) {
    node = std::make_shared<Node>(EntryKind::kFile);
    node->modified_ms = state->unix_ms;
    state->ChangeNames(parent, {{SplitPath(path).back(), node}});
  } else if (old_content == OldContent::kDrop) {
    node->bytes.clear();
    node->rewritten = true;
  }
  return std::unique_ptr<WritableFile>(
      new MemoryWritableFile(OpenNode{state, std::move(node), path, state->generation}));
}

}  // namespace

MemoryEnv::MemoryEnv(std::uint64_t seed) : state_(std::make_shared<State>(seed)) {}
MemoryEnv::~MemoryEnv() = default;

std::uint64_t MemoryEnv::call_count() const {
  MutexLock lock(state_->mutex);
  return state_->call_count;
}

void MemoryEnv::FailCall(std::uint64_t call, Fault fault) {
  MutexLock lock(state_->mutex);
  state_->faults[call] = fault;
}

void MemoryEnv::StopAtCall(std::uint64_t call) {
  MutexLock lock(state_->mutex);
  state_->stop_at_call = call;
}

void MemoryEnv::FailEveryCall(std::optional<Fault> fault) {
  MutexLock lock(state_->mutex);
  state_->every_fault = fault;
}

void MemoryEnv::Crash(CrashKind kind) {
  MutexLock lock(state_->mutex);
  ++state_->generation;
  state_->stop_at_call = ~std::uint64_t{0};
  state_->faults.clear();
  state_->every_fault.reset();
  state_->locks.clear();
  state_->CrashNode(*state_->root, kind);
}

void MemoryEnv::FlipBit(const std::string& path, std::uint64_t byte, unsigned bit) {
  MutexLock lock(state_->mutex);
  const NodePointer node = state_->Find(path);
  ATTUNE_CHECK(node && byte < node->bytes.size() && bit < 8);
  node->bytes[byte] = static_cast<char>(node->bytes[byte] ^ (1 << bit));
  node->rewritten = true;
}

void MemoryEnv::SetUnixMilliseconds(std::int64_t unix_ms) {
  MutexLock lock(state_->mutex);
  state_->unix_ms = unix_ms;
}

Result<std::unique_ptr<SequentialFile>> MemoryEnv::OpenSequential(const std::string& path) {
  ATTUNE_TRY(OpenNode file, OpenForReading(state_, path));
  return std::unique_ptr<SequentialFile>(new MemorySequentialFile(std::move(file)));
}

Result<std::unique_ptr<RandomFile>> MemoryEnv::OpenRandom(const std::string& path) {
  ATTUNE_TRY(OpenNode file, OpenForReading(state_, path));
  return std::unique_ptr<RandomFile>(new MemoryRandomFile(std::move(file)));
}

Result<std::unique_ptr<WritableFile>> MemoryEnv::Create(const std::string& path, unsigned) {
  return OpenForWriting(state_, path, OldContent::kDrop);
}

Result<std::unique_ptr<WritableFile>> MemoryEnv::OpenAppend(const std::string& path) {
  return OpenForWriting(state_, path, OldContent::kKeep);
}

Result<std::unique_ptr<MappedFile>> MemoryEnv::Map(const std::string& path) {
  MutexLock lock(state_->mutex);
  ATTUNE_TRY(const NodePointer node, state_->FindKind(path, EntryKind::kFile));
  return std::unique_ptr<MappedFile>(new MemoryMappedFile(node->bytes));
}

Status MemoryEnv::SyncDirectory(const std::string& path) {
  MutexLock lock(state_->mutex);
  ATTUNE_TRY(const NodePointer node, state_->FindKind(path, EntryKind::kDirectory));
  ATTUNE_RETURN_IF_ERROR(state_->BeforeChange(path));
  node->durable_entries = node->entries;
  node->unsynced_changes.clear();
  return {};
}

Status MemoryEnv::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(state_->mutex);
  ATTUNE_TRY(const NodePointer from_parent, state_->FindParent(from));
  ATTUNE_TRY(const NodePointer to_parent, state_->FindParent(to));
  const NodePointer node = state_->Find(from);
  if (!node) return NotFound(fmt::format("{} does not exist", from));
  ATTUNE_RETURN_IF_ERROR(state_->BeforeChange(from));
  const std::string from_name = SplitPath(from).back();
  const std::string to_name = SplitPath(to).back();
  if (from_parent == to_parent) {
    state_->ChangeNames(from_parent, {{from_name, nullptr}, {to_name, node}});
  } else {
    state_->ChangeNames(to_parent, {{to_name, node}});
    state_->ChangeNames(from_parent, {{from_name, nullptr}});
  }
  return {};
}

Status MemoryEnv::RemoveFile(const std::string& path) {
  MutexLock lock(state_->mutex);
  ATTUNE_TRY(const NodePointer parent, state_->FindParent(path));
  ATTUNE_TRY(const NodePointer node, state_->FindKind(path, EntryKind::kFile));
  ATTUNE_RETURN_IF_ERROR(state_->BeforeChange(path));
  state_->ChangeNames(parent, {{SplitPath(path).back(), nullptr}});
  return {};
}

Status MemoryEnv::RemoveDirectory(const std::string& path) {
  MutexLock lock(state_->mutex);
  ATTUNE_TRY(const NodePointer parent, state_->FindParent(path));
  ATTUNE_TRY(const NodePointer node, state_->FindKind(path, EntryKind::kDirectory));
  if (!node->entries.empty()) return IoError(fmt::format("{} is not empty", path));
  ATTUNE_RETURN_IF_ERROR(state_->BeforeChange(path));
  state_->ChangeNames(parent, {{SplitPath(path).back(), nullptr}});
  return {};
}

Status MemoryEnv::CreateDirectory(const std::string& path, unsigned) {
  MutexLock lock(state_->mutex);
  if (state_->Find(path)) return AlreadyExists(fmt::format("{} exists", path));
  ATTUNE_TRY(const NodePointer parent, state_->FindParent(path));
  ATTUNE_RETURN_IF_ERROR(state_->BeforeChange(path));
  state_->ChangeNames(parent, {{SplitPath(path).back(), std::make_shared<Node>(EntryKind::kDirectory)}});
  return {};
}

Result<std::vector<DirectoryEntry>> MemoryEnv::List(const std::string& path) {
  MutexLock lock(state_->mutex);
  ATTUNE_TRY(const NodePointer node, state_->FindKind(path, EntryKind::kDirectory));
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, child] : node->entries) entries.push_back({name, child->kind});
  return entries;
}

Result<EntryKind> MemoryEnv::Kind(const std::string& path) {
  MutexLock lock(state_->mutex);
  const NodePointer node = state_->Find(path);
  if (!node) return NotFound(fmt::format("{} does not exist", path));
  return node->kind;
}

Result<std::uint64_t> MemoryEnv::FileSize(const std::string& path) {
  MutexLock lock(state_->mutex);
  ATTUNE_TRY(const NodePointer node, state_->FindKind(path, EntryKind::kFile));
  return std::uint64_t{node->bytes.size()};
}

Result<std::int64_t> MemoryEnv::ModifiedUnixMilliseconds(const std::string& path) {
  MutexLock lock(state_->mutex);
  const NodePointer node = state_->Find(path);
  if (!node) return NotFound(fmt::format("{} does not exist", path));
  return node->modified_ms;
}

Status MemoryEnv::Truncate(const std::string& path, std::uint64_t bytes) {
  MutexLock lock(state_->mutex);
  ATTUNE_TRY(const NodePointer node, state_->FindKind(path, EntryKind::kFile));
  ATTUNE_RETURN_IF_ERROR(state_->BeforeChange(path));
  node->bytes.resize(bytes);
  node->rewritten = true;
  return {};
}

Result<DiskSpace> MemoryEnv::Space(const std::string&) {
  MutexLock lock(state_->mutex);
  constexpr std::uint64_t kTotal = std::uint64_t{1} << 40;
  const bool full = state_->every_fault == Fault::kNoSpace;
  return DiskSpace{.free_bytes = full ? 0 : kTotal / 2, .total_bytes = kTotal};
}

Result<std::unique_ptr<FileLock>> MemoryEnv::Lock(const std::string& path) {
  MutexLock lock(state_->mutex);
  ATTUNE_TRY(const NodePointer parent, state_->FindParent(path));
  if (!state_->locks.insert(path).second) return Busy(fmt::format("{} is locked already", path));
  return std::unique_ptr<FileLock>(new MemoryFileLock(state_, path, state_->generation));
}

}  // namespace attune
