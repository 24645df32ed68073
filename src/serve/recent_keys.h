#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_set>

namespace attune {

/// Which of the last keys were met already. A key that was met again and again counts from its first time. One thread
/// at a time.
class RecentKeys {
 public:
  explicit RecentKeys(std::size_t count_max) : count_max_(count_max) {}

  /// False if the key is among the last `count_max` that were new.
  bool Insert(std::uint64_t key) {
    if (!keys_.insert(key).second) return false;
    order_.push_back(key);
    if (order_.size() > count_max_) {
      keys_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

 private:
  const std::size_t count_max_;
  std::unordered_set<std::uint64_t> keys_;
  std::deque<std::uint64_t> order_;  ///< Oldest first.
};

}  // namespace attune
