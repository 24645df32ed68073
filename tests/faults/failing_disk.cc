// Loaded with LD_PRELOAD: what a process writes below the folder ATTUNE_FAULT_FOLDER fails as the file
// ATTUNE_FAULT_MODE says at that moment: "full" (ENOSPC), "io" (EIO, writes and syncs), "sync" (EIO, syncs alone),
// "short" (a write takes one byte less than half). Anything else, or no file: all is well.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace {

template <class Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

std::string Mode() {
  const char* path = getenv("ATTUNE_FAULT_MODE");
  if (path == nullptr) return {};
  const int number = open(path, O_RDONLY | O_CLOEXEC);
  if (number < 0) return {};
  char text[16];
  const ssize_t bytes = read(number, text, sizeof(text));
  close(number);
  return bytes > 0 ? std::string(text, static_cast<std::size_t>(bytes)) : std::string();
}

bool IsBelowFolder(int number) {
  const char* folder = getenv("ATTUNE_FAULT_FOLDER");
  if (folder == nullptr) return false;
  char link[64];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", number);
  char path[PATH_MAX];
  const ssize_t bytes = readlink(link, path, sizeof(path));
  const std::string prefix = std::string(folder) + "/";
  return bytes > 0 && (std::string_view(path, static_cast<std::size_t>(bytes)).starts_with(prefix) ||
                       std::string_view(path, static_cast<std::size_t>(bytes)) == folder);
}

/// What a write into this file meets: 0 for nothing.
int WriteError(int number, std::string* mode) {
  *mode = Mode();
  if (mode->empty() || !IsBelowFolder(number)) {
    mode->clear();
    return 0;
  }
  return *mode == "full" ? ENOSPC : *mode == "io" ? EIO : 0;
}

bool FailsWrite(int number) {
  std::string mode;
  const int error = WriteError(number, &mode);
  if (error != 0) errno = error;
  return error != 0;
}

bool FailsSync(int number) {
  const std::string mode = Mode();
  if ((mode != "sync" && mode != "io") || !IsBelowFolder(number)) return false;
  errno = EIO;
  return true;
}

/// How many of the bytes a write takes; -1 with errno for none.
ssize_t Taken(int number, std::size_t bytes) {
  std::string mode;
  if (const int error = WriteError(number, &mode); error != 0) {
    errno = error;
    return -1;
  }
  return static_cast<ssize_t>(mode == "short" && bytes > 3 ? bytes / 2 - 1 : bytes);
}

}  // namespace

extern "C" {

ssize_t write(int number, const void* buffer, size_t bytes) {
  static auto* const next = Next<ssize_t(int, const void*, size_t)>("write");
  const ssize_t taken = Taken(number, bytes);
  return taken < 0 ? -1 : next(number, buffer, static_cast<size_t>(taken));
}

ssize_t pwrite(int number, const void* buffer, size_t bytes, off_t offset) {
  static auto* const next = Next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  const ssize_t taken = Taken(number, bytes);
  return taken < 0 ? -1 : next(number, buffer, static_cast<size_t>(taken), offset);
}

ssize_t pwrite64(int number, const void* buffer, size_t bytes, off64_t offset) {
  static auto* const next = Next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  const ssize_t taken = Taken(number, bytes);
  return taken < 0 ? -1 : next(number, buffer, static_cast<size_t>(taken), offset);
}

int fallocate(int number, int mode, off_t offset, off_t bytes) {
  static auto* const next = Next<int(int, int, off_t, off_t)>("fallocate");
  return FailsWrite(number) ? -1 : next(number, mode, offset, bytes);
}

int fallocate64(int number, int mode, off64_t offset, off64_t bytes) {
  static auto* const next = Next<int(int, int, off64_t, off64_t)>("fallocate64");
  return FailsWrite(number) ? -1 : next(number, mode, offset, bytes);
}

int fsync(int number) {
  static auto* const next = Next<int(int)>("fsync");
  return FailsSync(number) ? -1 : next(number);
}

int fdatasync(int number) {
  static auto* const next = Next<int(int)>("fdatasync");
  return FailsSync(number) ? -1 : next(number);
}

}  // extern "C"
