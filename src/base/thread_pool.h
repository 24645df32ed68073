#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"

namespace attune {

enum class ThreadPriority {
  kNormal,
  kBackground,  ///< Takes what the others leave: nice 10, which on Linux belongs to the thread.
};

/// Of the calling thread. Raising it again is not for ordinary users.
void LowerThreadPriority();

/// A fixed number of threads and a bounded queue. Idle threads sleep; none ever spins. Thread-safe.
/// The destructor finishes what is queued and joins.
class ThreadPool {
 public:
  ThreadPool(std::size_t thread_count, std::size_t queue_max, ThreadPriority priority = ThreadPriority::kNormal);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// ResourceExhausted when `queue_max` tasks wait already.
  Status Submit(std::function<void()> task) EXCLUDES(mutex_);

  /// Calls body(0) … body(count - 1) on the pool's threads and this one, and returns when all are done. Bodies are
  /// handed out in order, each once. May be called from several threads, but not from inside a body.
  void ParallelFor(std::size_t count, const std::function<void(std::size_t)>& body) EXCLUDES(mutex_);

  std::size_t thread_count() const { return threads_.size(); }

 private:
  void Run() EXCLUDES(mutex_);

  // Constant after construction.
  const std::size_t queue_max_;
  std::vector<std::thread> threads_;
  // Guarded by mutex_.
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
};

}  // namespace attune
