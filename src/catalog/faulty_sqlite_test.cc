#include "catalog/faulty_sqlite.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>

#include "base/check.h"

namespace attune {

/// What SQLite holds of an open file; the file of the VFS below stands behind it in memory.
struct FaultySqlite::Handle {
  sqlite3_file base;  ///< First, as SQLite asks.
  FaultySqlite* owner;
  File* file;
  bool syncs_directory;  ///< With its next sync, as SQLite's own VFS does for journals.

  static Handle* Of(sqlite3_file* file) { return reinterpret_cast<Handle*>(file); }
  static sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(Of(file) + 1); }
};

/// The functions that SQLite calls. Those that only ask go straight to the file below.
struct FaultySqlite::Vfs {
  static constexpr int kJournals = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;

  static int Code(Fault fault, int io_code) { return fault == Fault::kNoSpace ? SQLITE_FULL : io_code; }

  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* owner = static_cast<FaultySqlite*>(vfs->pAppData);
    file->pMethods = nullptr;
    if (owner->Count(CallKind::kChange)) return SQLITE_CANTOPEN;
    auto* handle = new (file) Handle{{nullptr},
                                     owner,
                                     &owner->files_[name == nullptr ? "" : name],
                                     (flags & SQLITE_OPEN_CREATE) != 0 && (flags & kJournals) != 0};
    const int result = owner->base_->xOpen(owner->base_, name, Handle::Real(file), flags, out_flags);
    if (result == SQLITE_OK) handle->base.pMethods = &kMethods;
    return result;
  }

  static int Delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
    auto* owner = static_cast<FaultySqlite*>(vfs->pAppData);
    if (owner->Count(CallKind::kChange)) return SQLITE_IOERR_DELETE;
    const int result = owner->base_->xDelete(owner->base_, name, 0);
    File& file = owner->files_[name];
    file.is_removed = true;
    file.unsynced.clear();
    if (sync_directory != 0) file = {};
    return result;
  }

  static int Close(sqlite3_file* file) { return Handle::Real(file)->pMethods->xClose(Handle::Real(file)); }

  static int Read(sqlite3_file* file, void* buffer, int bytes, sqlite3_int64 offset) {
    if (Handle::Of(file)->owner->Count(CallKind::kRead)) return SQLITE_IOERR_READ;
    return Handle::Real(file)->pMethods->xRead(Handle::Real(file), buffer, bytes, offset);
  }

  static int Write(sqlite3_file* file, const void* buffer, int bytes, sqlite3_int64 offset) {
    auto* handle = Handle::Of(file);
    const auto fault = handle->owner->Count(CallKind::kChange);
    if (fault == Fault::kShortWrite) {
      bytes /= 2;
    } else if (fault) {
      return Code(*fault, SQLITE_IOERR_WRITE);
    }
    handle->file->unsynced.push_back({static_cast<std::uint64_t>(offset),
                                      std::string(static_cast<const char*>(buffer), static_cast<std::size_t>(bytes))});
    const int result = Handle::Real(file)->pMethods->xWrite(Handle::Real(file), buffer, bytes, offset);
    return fault ? SQLITE_IOERR_WRITE : result;
  }

  static int Truncate(sqlite3_file* file, sqlite3_int64 bytes) {
    auto* handle = Handle::Of(file);
    if (handle->owner->Count(CallKind::kChange)) return SQLITE_IOERR_TRUNCATE;
    handle->file->unsynced.push_back({static_cast<std::uint64_t>(bytes), {}, true});
    return Handle::Real(file)->pMethods->xTruncate(Handle::Real(file), bytes);
  }

  static int Sync(sqlite3_file* file, int) {
    auto* handle = Handle::Of(file);
    File& kept = *handle->file;
    if (const auto fault = handle->owner->Count(CallKind::kChange)) {
      if (*fault == Fault::kFailedSync) kept.unsynced.clear();
      return SQLITE_IOERR_FSYNC;
    }
    if (kept.is_removed) kept.durable_bytes.clear();  // Another file has the name now.
    kept.is_removed = false;
    kept.is_durable = true;
    for (const Change& change : kept.unsynced) change.ApplyTo(&kept.durable_bytes);
    kept.unsynced.clear();
    if (handle->syncs_directory) {
      for (auto& [path, other] : handle->owner->files_) {
        if (other.is_removed) other = {};
      }
      handle->syncs_directory = false;
    }
    return SQLITE_OK;
  }

  static int FileSize(sqlite3_file* file, sqlite3_int64* bytes) {
    return Handle::Real(file)->pMethods->xFileSize(Handle::Real(file), bytes);
  }
  static int Lock(sqlite3_file* file, int kind) {
    return Handle::Real(file)->pMethods->xLock(Handle::Real(file), kind);
  }
  static int Unlock(sqlite3_file* file, int kind) {
    return Handle::Real(file)->pMethods->xUnlock(Handle::Real(file), kind);
  }
  static int CheckReservedLock(sqlite3_file* file, int* held) {
    return Handle::Real(file)->pMethods->xCheckReservedLock(Handle::Real(file), held);
  }
  static int FileControl(sqlite3_file* file, int operation, void* argument) {
    return Handle::Real(file)->pMethods->xFileControl(Handle::Real(file), operation, argument);
  }
  static int SectorSize(sqlite3_file* file) { return Handle::Real(file)->pMethods->xSectorSize(Handle::Real(file)); }
  static int Characteristics(sqlite3_file* file) {
    return Handle::Real(file)->pMethods->xDeviceCharacteristics(Handle::Real(file));
  }
  static int MapShared(sqlite3_file* file, int page, int page_bytes, int extend, void volatile** address) {
    if (extend != 0 && Handle::Of(file)->owner->Count(CallKind::kChange)) return SQLITE_IOERR_SHMSIZE;
    return Handle::Real(file)->pMethods->xShmMap(Handle::Real(file), page, page_bytes, extend, address);
  }
  static int LockShared(sqlite3_file* file, int offset, int count, int flags) {
    return Handle::Real(file)->pMethods->xShmLock(Handle::Real(file), offset, count, flags);
  }
  static void BarShared(sqlite3_file* file) { Handle::Real(file)->pMethods->xShmBarrier(Handle::Real(file)); }
  static int UnmapShared(sqlite3_file* file, int remove) {
    return Handle::Real(file)->pMethods->xShmUnmap(Handle::Real(file), remove);
  }

  static constexpr sqlite3_io_methods kMethods = {2,
                                                  &Close,
                                                  &Read,
                                                  &Write,
                                                  &Truncate,
                                                  &Sync,
                                                  &FileSize,
                                                  &Lock,
                                                  &Unlock,
                                                  &CheckReservedLock,
                                                  &FileControl,
                                                  &SectorSize,
                                                  &Characteristics,
                                                  &MapShared,
                                                  &LockShared,
                                                  &BarShared,
                                                  &UnmapShared,
                                                  nullptr,
                                                  nullptr};
};

void FaultySqlite::Change::ApplyTo(std::string* content) const {
  if (truncates) {
    content->resize(offset);
    return;
  }
  if (content->size() < offset + bytes.size()) content->resize(offset + bytes.size());
  content->replace(offset, bytes.size(), bytes);
}

FaultySqlite::FaultySqlite(std::uint64_t seed) : random_(seed), base_(sqlite3_vfs_find(nullptr)), vfs_(*base_) {
  vfs_.szOsFile = static_cast<int>(sizeof(Handle)) + base_->szOsFile;
  vfs_.zName = "faulty";
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.xOpen = &Vfs::Open;
  vfs_.xDelete = &Vfs::Delete;
  ATTUNE_CHECK(sqlite3_vfs_register(&vfs_, 1) == SQLITE_OK);
}

FaultySqlite::~FaultySqlite() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(base_, 1);
}

std::optional<Fault> FaultySqlite::Count(CallKind kind) {
  const std::uint64_t call = call_count_++;
  if (call >= stop_at_call_) return Fault::kIo;
  if (every_change_ && kind == CallKind::kChange) return every_change_;
  const auto found = faults_.find(call);
  return found == faults_.end() ? std::nullopt : std::optional(found->second);
}

void FaultySqlite::Crash(CrashKind kind) {
  for (auto& [path, file] : files_) {
    if (path.empty()) continue;
    if (kind == CrashKind::kTearUnsynced && !file.is_removed) {
      for (const Change& change : file.unsynced) {
        if (random_.Below(2) == 0) continue;
        file.is_durable = true;
        change.ApplyTo(&file.durable_bytes);
      }
    }
    file.unsynced.clear();
    file.is_removed = false;
    std::filesystem::remove(path);
    std::filesystem::remove(path + "-shm");  // Memory: gone with the power.
    if (file.is_durable) std::ofstream(path, std::ios::binary) << file.durable_bytes;
  }
  faults_.clear();
  stop_at_call_ = ~std::uint64_t{0};
  every_change_.reset();
}

}  // namespace attune
