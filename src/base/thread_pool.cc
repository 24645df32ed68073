#include "base/thread_pool.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>

namespace attune {

void LowerThreadPriority() {
  constexpr int kNice = 10;
  const auto thread = static_cast<id_t>(syscall(SYS_gettid));
  if (getpriority(PRIO_PROCESS, thread) < kNice) setpriority(PRIO_PROCESS, thread, kNice);
}

ThreadPool::ThreadPool(std::size_t thread_count, std::size_t queue_max, ThreadPriority priority)
    : queue_max_(queue_max) {
  threads_.reserve(thread_count);
  for (std::size_t i = 0; i < thread_count; ++i) {
    threads_.emplace_back([this, priority] {
      if (priority == ThreadPriority::kBackground) LowerThreadPriority();
      Run();
    });
  }
}

ThreadPool::~ThreadPool() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  for (auto& thread : threads_) thread.join();
}

Status ThreadPool::Submit(std::function<void()> task) {
  {
    const MutexLock lock(mutex_);
    if (queue_.size() >= queue_max_) {
      return ResourceExhausted(fmt::format("{} tasks wait already; the limit is {}", queue_.size(), queue_max_));
    }
    queue_.push_back(std::move(task));
  }
  changed_.NotifyOne();
  return {};
}

void ThreadPool::ParallelFor(std::size_t count, const std::function<void(std::size_t)>& body) {
  struct Shared {
    std::atomic<std::size_t> next{0};
    Mutex mutex;
    ConditionVariable changed;
    std::size_t helping GUARDED_BY(mutex) = 0;
    bool closed GUARDED_BY(mutex) = false;
  };
  // Shared, because a helper that is still queued when all bodies are done runs after this call returned.
  const auto shared = std::make_shared<Shared>();
  const auto help = [shared, count, &body] {
    for (std::size_t i = shared->next++; i < count; i = shared->next++) body(i);
  };
  const std::size_t helper_count = count > 0 ? std::min(threads_.size(), count - 1) : 0;
  for (std::size_t i = 0; i < helper_count; ++i) {
    const Status submitted = Submit([shared, help] {
      {
        const MutexLock lock(shared->mutex);
        if (shared->closed) return;
        ++shared->helping;
      }
      help();
      const MutexLock lock(shared->mutex);
      --shared->helping;
      shared->changed.NotifyAll();
    });
    if (!submitted.ok()) break;  // A full queue only means fewer helpers.
  }
  help();
  const MutexLock lock(shared->mutex);
  shared->closed = true;
  while (shared->helping > 0) shared->changed.Wait(shared->mutex);
}

void ThreadPool::Run() {
  for (;;) {
    std::function<void()> task;
    {
      const MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

}  // namespace attune
