#include "storage/rocksdb_env.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace attune {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

/// Of the write-ahead log's files.
constexpr std::string_view kLogSuffix = ".log";

IOStatus ToRocksdb(const Status& status) {
  if (status.ok()) return IOStatus::OK();
  if (status.code() == Code::kNotFound) return IOStatus::PathNotFound(status.message());
  // Neither marked as retryable nor with RocksDB's own code for a full disk: RocksDB shall not go on by itself after a
  // failed write, but stop, so that the session can be given up.
  if (status.code() == Code::kResourceExhausted) return IOStatus::IOError(kDiskFullMark, status.message());
  return IOStatus::IOError(status.message());
}

class SequentialAdapter final : public rocksdb::FSSequentialFile {
 public:
  explicit SequentialAdapter(std::unique_ptr<SequentialFile> file) : file_(std::move(file)) {}

  IOStatus Read(std::size_t size, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    const auto read = file_->Read(std::as_writable_bytes(std::span(scratch, size)));
    if (!read.ok()) return ToRocksdb(read.status());
    *result = Slice(scratch, *read);
    return IOStatus::OK();
  }
  IOStatus Skip(std::uint64_t bytes) override { return ToRocksdb(file_->Skip(bytes)); }

 private:
  const std::unique_ptr<SequentialFile> file_;
};

class RandomAdapter final : public rocksdb::FSRandomAccessFile {
 public:
  explicit RandomAdapter(std::unique_ptr<RandomFile> file) : file_(std::move(file)) {}

  IOStatus Read(std::uint64_t offset, std::size_t size, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    const auto read = file_->ReadAt(offset, std::as_writable_bytes(std::span(scratch, size)));
    if (!read.ok()) return ToRocksdb(read.status());
    *result = Slice(scratch, *read);
    return IOStatus::OK();
  }

 private:
  const std::unique_ptr<RandomFile> file_;
};

class WritableAdapter final : public rocksdb::FSWritableFile {
 public:
  WritableAdapter(FileFence& fence, std::unique_ptr<WritableFile> file, std::string path, std::uint64_t size)
      : fence_(fence), path_(std::move(path)), file_(std::move(file)), size_(size), synced_bytes_(size) {}

  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    const Status appended = Change([&] { return file_->Append(AsBytes({data.data(), data.size()})); });
    if (appended.ok()) size_ += data.size();
    return ToRocksdb(appended);
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override {
    return ToRocksdb(fence_.Pass([&] { return file_->Close(); }));
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    const Status synced = Change([&] { return file_->Sync(); });
    if (synced.ok()) synced_bytes_ = size_;
    return ToRocksdb(synced);
  }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_; }
  IOStatus Allocate(std::uint64_t offset, std::uint64_t bytes, const IOOptions&, IODebugContext*) override {
    return ToRocksdb(fence_.Pass([&] { return file_->Reserve(offset, bytes); }));
  }

 private:
  template <class Operation>
  Status Change(Operation operation) {
    return fence_.Pass([&] {
      const Status status = operation();
      if (!status.ok() && path_.ends_with(kLogSuffix)) fence_.NoteTornEnd(path_, synced_bytes_);
      return status;
    });
  }

  // Constant after construction.
  FileFence& fence_;
  const std::string path_;
  const std::unique_ptr<WritableFile> file_;
  // One thread at a time.
  std::uint64_t size_;
  std::uint64_t synced_bytes_;
};

class DirectoryAdapter final : public rocksdb::FSDirectory {
 public:
  DirectoryAdapter(Env& env, FileFence& fence, std::string path) : env_(env), fence_(fence), path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return ToRocksdb(fence_.Pass([&] { return env_.SyncDirectory(path_); }));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  Env& env_;
  FileFence& fence_;
  const std::string path_;
};

/// Stands for a lock; see MakeRocksdbEnv.
class NoLock final : public rocksdb::FileLock {};

class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

class FileSystemAdapter final : public rocksdb::FileSystem {
 public:
  FileSystemAdapter(Env& env, FileFence& fence) : env_(env), fence_(fence) {}

  const char* Name() const override { return "attune.Env"; }

  IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext*) override {
    auto file = env_.OpenSequential(path);
    if (!file.ok()) return ToRocksdb(file.status());
    *result = std::make_unique<SequentialAdapter>(*std::move(file));
    return IOStatus::OK();
  }

  IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result, IODebugContext*) override {
    auto file = env_.OpenRandom(path);
    if (!file.ok()) return ToRocksdb(file.status());
    *result = std::make_unique<RandomAdapter>(*std::move(file));
    return IOStatus::OK();
  }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) override {
    return ToRocksdb(fence_.Pass([&]() -> Status {
      ATTUNE_TRY(auto file, env_.Create(path));
      *result = std::make_unique<WritableAdapter>(fence_, std::move(file), path, 0);
      return {};
    }));
  }

  IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) override {
    return ToRocksdb(fence_.Pass([&]() -> Status {
      ATTUNE_TRY(auto file, env_.OpenAppend(path));
      ATTUNE_TRY(const std::uint64_t size, env_.FileSize(path));
      *result = std::make_unique<WritableAdapter>(fence_, std::move(file), path, size);
      return {};
    }));
  }

  IOStatus NewDirectory(const std::string& path, const IOOptions&, std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext*) override {
    const auto kind = env_.Kind(path);
    if (!kind.ok()) return ToRocksdb(kind.status());
    *result = std::make_unique<DirectoryAdapter>(env_, fence_, path);
    return IOStatus::OK();
  }

  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    const auto kind = env_.Kind(path);
    // What cannot be looked at is not known to be missing, and reading it will tell. RocksDB's list of log files has no
    // way to pass on an error from here: it aborts, or gives a list without those that it could not look for.
    if (kind.ok() || kind.status().code() != Code::kNotFound) return IOStatus::OK();
    return IOStatus::NotFound(kind.status().message());
  }

  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* result,
                       IODebugContext*) override {
    result->clear();
    const auto entries = env_.List(path);
    if (!entries.ok()) return ToRocksdb(entries.status());
    for (const DirectoryEntry& entry : *entries) result->push_back(entry.name);
    return IOStatus::OK();
  }

  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocksdb(fence_.Pass([&] { return env_.RemoveFile(path); }));
  }
  IOStatus Truncate(const std::string& path, std::size_t size, const IOOptions&, IODebugContext*) override {
    return ToRocksdb(fence_.Pass([&] { return env_.Truncate(path, size); }));
  }
  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocksdb(fence_.Pass([&] { return env_.CreateDirectory(path); }));
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocksdb(fence_.Pass([&] { return env_.CreateDirectories(path); }));
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocksdb(fence_.Pass([&] { return env_.RemoveDirectory(path); }));
  }

  IOStatus GetFileSize(const std::string& path, const IOOptions&, std::uint64_t* size, IODebugContext*) override {
    const auto found = env_.FileSize(path);
    if (!found.ok()) return ToRocksdb(found.status());
    *size = *found;
    return IOStatus::OK();
  }

  IOStatus GetFileModificationTime(const std::string& path, const IOOptions&, std::uint64_t* seconds,
                                   IODebugContext*) override {
    const auto found = env_.ModifiedUnixMilliseconds(path);
    if (!found.ok()) return ToRocksdb(found.status());
    *seconds = static_cast<std::uint64_t>(*found / 1000);
    return IOStatus::OK();
  }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    return ToRocksdb(fence_.Pass([&] { return env_.Rename(from, to); }));
  }

  IOStatus LockFile(const std::string&, const IOOptions&, rocksdb::FileLock** lock, IODebugContext*) override {
    *lock = std::make_unique<NoLock>().release();
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    const std::unique_ptr<rocksdb::FileLock> owned(lock);
    return IOStatus::OK();
  }

  IOStatus GetTestDirectory(const IOOptions&, std::string*, IODebugContext*) override {
    return IOStatus::NotSupported("there is no folder for tests");
  }
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* result,
                     IODebugContext*) override {
    *result = std::make_shared<SilentLogger>();
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* result, IODebugContext*) override {
    *result = path;
    return IOStatus::OK();
  }
  IOStatus GetFreeSpace(const std::string& path, const IOOptions&, std::uint64_t* bytes, IODebugContext*) override {
    const auto space = env_.Space(path);
    if (!space.ok()) return ToRocksdb(space.status());
    *bytes = space->free_bytes;
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is_directory, IODebugContext*) override {
    const auto kind = env_.Kind(path);
    if (!kind.ok()) return ToRocksdb(kind.status());
    *is_directory = *kind == EntryKind::kDirectory;
    return IOStatus::OK();
  }

 private:
  Env& env_;
  FileFence& fence_;
};

/// RocksDB sleeps a whole second after a background write that failed, though nothing tries again by itself.
class ImpatientClock final : public rocksdb::SystemClockWrapper {
 public:
  using rocksdb::SystemClockWrapper::SystemClockWrapper;

  const char* Name() const override { return "attune.ImpatientClock"; }
  void SleepForMicroseconds(int microseconds) override {
    SystemClockWrapper::SleepForMicroseconds(std::min(microseconds, kSleepMicrosecondsMax));
  }

 private:
  static constexpr int kSleepMicrosecondsMax = 1000;
};

/// RocksDB's own threads, our files.
class RocksdbEnv final : public rocksdb::EnvWrapper {
 public:
  explicit RocksdbEnv(std::shared_ptr<rocksdb::FileSystem> file_system)
      : EnvWrapper(rocksdb::NewCompositeEnv(file_system)) {
    file_system_ = std::move(file_system);
    system_clock_ = std::make_shared<ImpatientClock>(rocksdb::SystemClock::Default());
  }

  const char* Name() const override { return "attune.RocksdbEnv"; }
};

}  // namespace

std::unique_ptr<rocksdb::Env> MakeRocksdbEnv(Env& env, FileFence& fence) {
  return std::make_unique<RocksdbEnv>(std::make_shared<FileSystemAdapter>(env, fence));
}

}  // namespace attune
