#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

// Clang checks these; other compilers read past them. https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#if defined(__clang__)
#define ATTUNE_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define ATTUNE_THREAD_ANNOTATION(x)
#endif
#define GUARDED_BY(x) ATTUNE_THREAD_ANNOTATION(guarded_by(x))
#define REQUIRES(...) ATTUNE_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...) ATTUNE_THREAD_ANNOTATION(requires_shared_capability(__VA_ARGS__))
#define EXCLUDES(...) ATTUNE_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace attune {

/// std::mutex that clang's analysis understands. Thread-safe.
class ATTUNE_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() ATTUNE_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() ATTUNE_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class ATTUNE_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ATTUNE_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() ATTUNE_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits with a Mutex held. Thread-safe.
class ConditionVariable {
 public:
  void Wait(Mutex& mutex) REQUIRES(mutex) { condition_.wait(mutex); }
  /// False if the time passed first.
  bool WaitFor(Mutex& mutex, std::chrono::nanoseconds duration) REQUIRES(mutex) {
    return condition_.wait_for(mutex, duration) == std::cv_status::no_timeout;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

/// Many readers or one writer. Thread-safe.
class ATTUNE_THREAD_ANNOTATION(capability("shared_mutex")) SharedMutex {
 public:
  void lock() ATTUNE_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() ATTUNE_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  void lock_shared() ATTUNE_THREAD_ANNOTATION(acquire_shared_capability()) { mutex_.lock_shared(); }
  void unlock_shared() ATTUNE_THREAD_ANNOTATION(release_shared_capability()) { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

class ATTUNE_THREAD_ANNOTATION(scoped_lockable) WriterLock {
 public:
  explicit WriterLock(SharedMutex& mutex) ATTUNE_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~WriterLock() ATTUNE_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class ATTUNE_THREAD_ANNOTATION(scoped_lockable) ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mutex) ATTUNE_THREAD_ANNOTATION(acquire_shared_capability(mutex)) : mutex_(mutex) {
    mutex_.lock_shared();
  }
  ~ReaderLock() ATTUNE_THREAD_ANNOTATION(release_capability()) { mutex_.unlock_shared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mutex_;
};

}  // namespace attune
