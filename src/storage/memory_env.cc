#include "storage/memory_env.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "storage/memory_env_state.h"

namespace attune {
namespace {

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
    ATTUNE_RETURN_IF_ERROR(state->BeforeRead(path));
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
    ATTUNE_RETURN_IF_ERROR(CheckUsable());
    if (const auto fault = file_.state->CountCall()) return Fail(*fault);
    return {};
  }

  Status Reserve(std::uint64_t, std::uint64_t) override {
    MutexLock lock(file_.state->mutex);
    ATTUNE_RETURN_IF_ERROR(CheckUsable());
    // Nothing was written: what follows may succeed.
    return file_.state->BeforeChange(file_.path);
  }

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
  ATTUNE_RETURN_IF_ERROR(state->BeforeRead(path));
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
  ATTUNE_RETURN_IF_ERROR(state->BeforeChange(path));
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

std::uint64_t MemoryEnv::read_count() const {
  MutexLock lock(state_->mutex);
  return state_->read_count;
}

void MemoryEnv::FailRead(std::uint64_t read) {
  MutexLock lock(state_->mutex);
  state_->failing_reads.insert(read);
}

void MemoryEnv::Heal() {
  MutexLock lock(state_->mutex);
  state_->Heal();
}

void MemoryEnv::Crash(CrashKind kind) {
  MutexLock lock(state_->mutex);
  ++state_->generation;
  state_->Heal();
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

void MemoryEnv::SetFreeBytes(std::uint64_t bytes) {
  MutexLock lock(state_->mutex);
  state_->free_bytes = bytes;
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
  ATTUNE_RETURN_IF_ERROR(state_->BeforeRead(path));
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
  const NodePointer replaced = state_->Find(to);
  if (replaced && !replaced->entries.empty()) return IoError(fmt::format("{} is not empty", to));
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
  ATTUNE_RETURN_IF_ERROR(state_->BeforeRead(path));
  ATTUNE_TRY(const NodePointer node, state_->FindKind(path, EntryKind::kDirectory));
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, child] : node->entries) entries.push_back({name, child->kind});
  return entries;
}

Result<EntryKind> MemoryEnv::Kind(const std::string& path) {
  MutexLock lock(state_->mutex);
  ATTUNE_RETURN_IF_ERROR(state_->BeforeRead(path));
  const NodePointer node = state_->Find(path);
  if (!node) return NotFound(fmt::format("{} does not exist", path));
  return node->kind;
}

Result<std::uint64_t> MemoryEnv::FileSize(const std::string& path) {
  MutexLock lock(state_->mutex);
  ATTUNE_RETURN_IF_ERROR(state_->BeforeRead(path));
  ATTUNE_TRY(const NodePointer node, state_->FindKind(path, EntryKind::kFile));
  return std::uint64_t{node->bytes.size()};
}

Result<std::int64_t> MemoryEnv::ModifiedUnixMilliseconds(const std::string& path) {
  MutexLock lock(state_->mutex);
  ATTUNE_RETURN_IF_ERROR(state_->BeforeRead(path));
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
  const bool full = state_->every_fault == Fault::kNoSpace;
  return DiskSpace{.free_bytes = full ? 0 : state_->free_bytes, .total_bytes = kDiskBytes};
}

Result<std::unique_ptr<FileLock>> MemoryEnv::Lock(const std::string& path) {
  MutexLock lock(state_->mutex);
  ATTUNE_TRY(const NodePointer parent, state_->FindParent(path));
  ATTUNE_RETURN_IF_ERROR(state_->BeforeChange(path));
  if (!state_->locks.insert(path).second) return Busy(fmt::format("{} is locked already", path));
  return std::unique_ptr<FileLock>(new MemoryFileLock(state_, path, state_->generation));
}

}  // namespace attune
