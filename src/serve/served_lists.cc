#include "serve/served_lists.h"

#include <algorithm>

namespace attune {

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

void ServedLists::Resolve(Event* event) const {
  if (event->recommendation_id.empty()) return;
  const auto list = Find(event->recommendation_id);
  if (!list) return;
  const bool is_explicit = !event->impression.empty();
  const bool is_first = !list->observed.exchange(true);
  ServedImpression served{.is_late = !is_explicit && !is_first, .model = list->model, .factors = list->factors};
  for (std::size_t i = 0; i < list->item_ids.size(); ++i) {
    const std::string& item_id = list->item_ids[i];
    if (is_explicit && std::ranges::find(event->impression, item_id) == event->impression.end()) continue;
    if (served.is_late && item_id != event->item_id) continue;
    served.items.push_back({.item_id = item_id, .rank = static_cast<std::uint32_t>(i + 1), .score = list->scores[i]});
  }
  event->served = std::move(served);
}

void ServedLists::Withdraw(const Event& event) const {
  if (!event.served || event.served->is_late) return;
  if (const auto list = Find(event.recommendation_id)) list->observed = false;
}

void ServedLists::MarkObserved(const Event& event) const {
  if (!event.served) return;
  if (const auto list = Find(event.recommendation_id)) list->observed = true;
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
