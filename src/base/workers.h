#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

#include "base/thread_pool.h"

namespace attune {

/// The threads of a long computation, and whether somebody wishes that it stop. Once cancelled() is true, bodies are
/// passed over and what was being computed means nothing: whoever asked for it checks before using it. Copies share
/// pool and flag, which outlive them. Thread-safe.
class Workers {
 public:
  Workers(ThreadPool& pool) : pool_(&pool) {}  // NOLINT(google-explicit-constructor): nobody can stop these.
  Workers(ThreadPool& pool, const std::atomic<bool>& cancelled) : pool_(&pool), cancelled_(&cancelled) {}

  bool cancelled() const { return cancelled_ != nullptr && cancelled_->load(std::memory_order_relaxed); }
  /// ThreadPool::ParallelFor, but bodies that have not begun when the wish comes are passed over.
  void ParallelFor(std::size_t count, const std::function<void(std::size_t)>& body) const {
    pool_->ParallelFor(count, [&](std::size_t i) {
      if (!cancelled()) body(i);
    });
  }

 private:
  ThreadPool* pool_;
  const std::atomic<bool>* cancelled_ = nullptr;
};

}  // namespace attune
