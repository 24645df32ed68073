#include "serve/served_lists.h"

namespace attune {

void ServedLists::Remember(const std::string& recommendation_id, ServedList list) {
  list.served_ms = clock_.UnixMilliseconds();
  auto shared = std::make_shared<const ServedList>(std::move(list));
  const MutexLock lock(mutex_);
  if (!lists_.emplace(recommendation_id, std::move(shared)).second) return;
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
