#include "storage/posix_env.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace attune {
namespace {

Status ErrnoStatus(std::string_view verb, const std::string& path, int error) {
  const std::string message = fmt::format("cannot {} {}: {}", verb, path, std::generic_category().message(error));
  switch (error) {
    case ENOENT: return NotFound(message);
    case EEXIST: return AlreadyExists(message);
    case ENOSPC:
    case EDQUOT: return ResourceExhausted(message);
    default: return IoError(message);
  }
}

template <class Call>
auto RetryInterrupted(const Call& call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int number() const { return number_; }
  /// close(2) may report a write that failed late.
  int Close() { return number_ < 0 ? 0 : ::close(std::exchange(number_, -1)); }

 private:
  int number_;
};

Result<Descriptor> OpenDescriptor(const std::string& path, int flags, unsigned mode = 0) {
  const int number = RetryInterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); });
  if (number < 0) return ErrnoStatus("open", path, errno);
  return Descriptor(number);
}

class PosixSequentialFile final : public SequentialFile {
 public:
  PosixSequentialFile(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}

  Result<std::size_t> Read(std::span<std::byte> buffer) override {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t read =
          RetryInterrupted([&] { return ::read(file_.number(), buffer.data() + done, buffer.size() - done); });
      if (read < 0) return ErrnoStatus("read", path_, errno);
      if (read == 0) break;
      done += static_cast<std::size_t>(read);
    }
    return done;
  }

  Status Skip(std::uint64_t bytes) override {
    if (::lseek(file_.number(), static_cast<off_t>(bytes), SEEK_CUR) < 0) return ErrnoStatus("seek in", path_, errno);
    return {};
  }

 private:
  const std::string path_;
  const Descriptor file_;
};

class PosixRandomFile final : public RandomFile {
 public:
  PosixRandomFile(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t read = RetryInterrupted([&] {
        return ::pread(file_.number(), buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
      });
      if (read < 0) return ErrnoStatus("read", path_, errno);
      if (read == 0) break;
      done += static_cast<std::size_t>(read);
    }
    return done;
  }

 private:
  const std::string path_;
  const Descriptor file_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}

  Status Append(std::span<const std::byte> bytes) override {
    if (failed_) return AfterFailure();
    while (!bytes.empty()) {
      const ssize_t written = RetryInterrupted([&] { return ::write(file_.number(), bytes.data(), bytes.size()); });
      if (written < 0) return Fail("write to", errno);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  Status Sync() override {
    if (failed_) return AfterFailure();
    // fdatasync writes the file's size too, which is all of the metadata that a reader needs.
    if (RetryInterrupted([&] { return ::fdatasync(file_.number()); }) != 0) return Fail("sync", errno);
    return {};
  }

  Status Close() override {
    if (file_.Close() != 0) return Fail("close", errno);
    return failed_ ? AfterFailure() : Status();
  }

  Status Reserve(std::uint64_t offset, std::uint64_t bytes) override {
    if (::fallocate(file_.number(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(bytes)) == 0) {
      return {};
    }
    // Reserving is only for speed: where the file system cannot, appending works all the same.
    if (errno == ENOSPC || errno == EDQUOT) return ErrnoStatus("reserve room in", path_, errno);
    return {};
  }

 private:
  Status Fail(std::string_view verb, int error) {
    failed_ = true;
    return ErrnoStatus(verb, path_, error);
  }
  Status AfterFailure() const { return IoError(fmt::format("an earlier write to {} failed", path_)); }

  const std::string path_;
  Descriptor file_;
  bool failed_ = false;
};

class PosixMappedFile final : public MappedFile {
 public:
  explicit PosixMappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  ~PosixMappedFile() override {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
  std::span<const std::byte> bytes() const override { return bytes_; }

 private:
  const std::span<const std::byte> bytes_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor file) : file_(std::move(file)) {}

 private:
  const Descriptor file_;
};

Result<struct stat> StatPath(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return ErrnoStatus("look at", path, errno);
  return info;
}

}  // namespace

Result<std::unique_ptr<SequentialFile>> PosixEnv::OpenSequential(const std::string& path) {
  ATTUNE_TRY(Descriptor file, OpenDescriptor(path, O_RDONLY));
  ::posix_fadvise(file.number(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::unique_ptr<SequentialFile>(new PosixSequentialFile(path, std::move(file)));
}

Result<std::unique_ptr<RandomFile>> PosixEnv::OpenRandom(const std::string& path) {
  ATTUNE_TRY(Descriptor file, OpenDescriptor(path, O_RDONLY));
  return std::unique_ptr<RandomFile>(new PosixRandomFile(path, std::move(file)));
}

Result<std::unique_ptr<WritableFile>> PosixEnv::Create(const std::string& path, unsigned mode) {
  ATTUNE_TRY(Descriptor file, OpenDescriptor(path, O_WRONLY | O_CREAT | O_TRUNC, mode));
  // A left-over of the same name keeps its mode through O_TRUNC; a secret must not.
  if ((mode & 077) == 0 && ::fchmod(file.number(), mode) != 0) return ErrnoStatus("set the mode of", path, errno);
  return std::unique_ptr<WritableFile>(new PosixWritableFile(path, std::move(file)));
}

Result<std::unique_ptr<WritableFile>> PosixEnv::OpenAppend(const std::string& path) {
  ATTUNE_TRY(Descriptor file, OpenDescriptor(path, O_WRONLY | O_CREAT | O_APPEND, 0644));
  return std::unique_ptr<WritableFile>(new PosixWritableFile(path, std::move(file)));
}

Result<std::unique_ptr<MappedFile>> PosixEnv::Map(const std::string& path) {
  ATTUNE_TRY(const Descriptor file, OpenDescriptor(path, O_RDONLY));
  struct stat info {};
  if (::fstat(file.number(), &info) != 0) return ErrnoStatus("look at", path, errno);
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size == 0) return std::unique_ptr<MappedFile>(new PosixMappedFile({}));
  void* const address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number(), 0);
  if (address == MAP_FAILED) return ErrnoStatus("map", path, errno);
  return std::unique_ptr<MappedFile>(new PosixMappedFile({static_cast<const std::byte*>(address), size}));
}

Status PosixEnv::SyncDirectory(const std::string& path) {
  ATTUNE_TRY(const Descriptor directory, OpenDescriptor(path, O_RDONLY | O_DIRECTORY));
  if (RetryInterrupted([&] { return ::fsync(directory.number()); }) != 0) return ErrnoStatus("sync", path, errno);
  return {};
}

Status PosixEnv::Rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0)
    return ErrnoStatus("rename", fmt::format("{} to {}", from, to), errno);
  return {};
}

Status PosixEnv::RemoveFile(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return ErrnoStatus("remove", path, errno);
  return {};
}

Status PosixEnv::RemoveDirectory(const std::string& path) {
  if (::rmdir(path.c_str()) != 0) {
    // rmdir(2) may say EEXIST for a folder that is not empty.
    return ErrnoStatus("remove", path, errno == EEXIST ? ENOTEMPTY : errno);
  }
  return {};
}

Status PosixEnv::CreateDirectory(const std::string& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) != 0) return ErrnoStatus("make the folder", path, errno);
  return {};
}

Result<std::vector<DirectoryEntry>> PosixEnv::List(const std::string& path) {
  DIR* const directory = ::opendir(path.c_str());
  if (directory == nullptr) return ErrnoStatus("list", path, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* const entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  const int error = errno;
  ::closedir(directory);
  if (error != 0) return ErrnoStatus("list", path, error);

  std::sort(names.begin(), names.end());
  std::vector<DirectoryEntry> entries;
  for (std::string& name : names) {
    struct stat info {};
    // What vanished since is not listed; a link is not followed, so that RemoveTree stays within its tree.
    if (::lstat(JoinPath(path, name).c_str(), &info) != 0) continue;
    entries.push_back({std::move(name), S_ISDIR(info.st_mode) ? EntryKind::kDirectory : EntryKind::kFile});
  }
  return entries;
}

Result<EntryKind> PosixEnv::Kind(const std::string& path) {
  ATTUNE_TRY(const auto info, StatPath(path));
  return S_ISDIR(info.st_mode) ? EntryKind::kDirectory : EntryKind::kFile;
}

Result<std::uint64_t> PosixEnv::FileSize(const std::string& path) {
  ATTUNE_TRY(const auto info, StatPath(path));
  return static_cast<std::uint64_t>(info.st_size);
}

Result<std::int64_t> PosixEnv::ModifiedUnixMilliseconds(const std::string& path) {
  ATTUNE_TRY(const auto info, StatPath(path));
  return std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
}

Status PosixEnv::Truncate(const std::string& path, std::uint64_t bytes) {
  if (::truncate(path.c_str(), static_cast<off_t>(bytes)) != 0) return ErrnoStatus("truncate", path, errno);
  return {};
}

Result<DiskSpace> PosixEnv::Space(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return ErrnoStatus("look at the disk of", path, errno);
  return DiskSpace{.free_bytes = std::uint64_t{info.f_bavail} * info.f_frsize,
                   .total_bytes = std::uint64_t{info.f_blocks} * info.f_frsize};
}

Result<std::unique_ptr<FileLock>> PosixEnv::Lock(const std::string& path) {
  ATTUNE_TRY(Descriptor file, OpenDescriptor(path, O_RDWR | O_CREAT, 0644));
  if (RetryInterrupted([&] { return ::flock(file.number(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno == EWOULDBLOCK) return Busy(fmt::format("{} is locked by another process", path));
    return ErrnoStatus("lock", path, errno);
  }
  return std::unique_ptr<FileLock>(new PosixFileLock(std::move(file)));
}

}  // namespace attune
