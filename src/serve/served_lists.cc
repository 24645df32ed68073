#include "serve/served_lists.h"

#include <algorithm>

namespace attune {

std::optional<std::size_t> ServedList::PlaceOf(std::string_view item_id) const {
  const auto found = std::ranges::find(item_ids, item_id);
  if (found == item_ids.end()) return std::nullopt;
  return static_cast<std::size_t>(found - item_ids.begin());
}

void ServedLists::Remember(const std::string& recommendation_id, std::shared_ptr<ServedList> list) {
  list->served_ms = clock_.UnixMilliseconds();
  const MutexLock lock(mutex_);
  if (!lists_.emplace(recommendation_id, std::move(list)).second) return;
  oldest_first_.push_back(recommendation_id);
  ForgetOldest();
}

std::shared_ptr<const ServedList> ServedLists::Find(std::string_view recommendation_id) const {
  const MutexLock lock(mutex_);
  const auto found = lists_.find(recommendation_id);
  if (found == lists_.end()) return nullptr;
  const auto age = std::chrono::milliseconds(clock_.UnixMilliseconds() - found->second->served_ms);
  return age > limits_.keep_for ? nullptr : found->second;
}

std::size_t ServedLists::size() const {
  const MutexLock lock(mutex_);
  return lists_.size();
}

void ServedLists::ForgetOldest() {
  const std::int64_t now_ms = clock_.UnixMilliseconds();
  while (!oldest_first_.empty()) {
    const auto oldest = lists_.find(oldest_first_.front());
    const bool is_old = std::chrono::milliseconds(now_ms - oldest->second->served_ms) > limits_.keep_for;
    if (lists_.size() <= limits_.lists_max && !is_old) return;
    lists_.erase(oldest);
    oldest_first_.pop_front();
  }
}

}  // namespace attune
