#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_set>

#include "base/mutex.h"
#include "base/status.h"

namespace attune {

/// The ids of items that were put one by one in a dataset group, or named by its events: nothing but what its log
/// tells, so they are the same after a restart. Some 40 bytes an id. Thread-safe.
class PutIds {
 public:
  /// As many as one training takes in (Amazon Personalize guide, "Quotas"): more would be of no use to anybody.
  static constexpr std::size_t kMax = 750'000;
  /// Requests that were checked at once may go beyond the limit by so many.
  static constexpr std::size_t kOvershootMax = 4096;

  explicit PutIds(std::size_t count_max = kMax) : count_max_(count_max) {}

  void Insert(std::string_view item_id) EXCLUDES(mutex_);
  /// LimitExceeded where these ids would be too many; Ok for known ones. Cheap until the limit is near.
  Status CheckRoom(std::span<const std::string_view> item_ids) const EXCLUDES(mutex_);
  std::size_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  const std::size_t count_max_;
  std::atomic<std::size_t> count_{0};
  // Guarded by mutex_.
  mutable Mutex mutex_;
  std::unordered_set<std::uint64_t> hashes_ GUARDED_BY(mutex_);
};

}  // namespace attune
