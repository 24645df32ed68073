#include "serve/live_group.h"

#include <algorithm>

#include "data/training_data.h"

namespace attune {

void LiveGroup::Apply(std::span<const Event> events, std::uint64_t first_sequence, const ServedLists& served_lists) {
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    sessions_.Apply(event.user_id, event.session_id,
                    {.item_id = event.item_id,
                     .event_type = event.event_type,
                     .timestamp_ms = event.timestamp_ms,
                     .event_value = event.event_value.value_or(kMissing),
                     .sequence = first_sequence + i});
    newest_event_ms_ = std::max(newest_event_ms_.load(), event.timestamp_ms);
    Learn(event, served_lists);
  }
}

void LiveGroup::Attach(const std::shared_ptr<Exploration>& exploration) {
  const MutexLock lock(mutex_);
  std::erase_if(explorations_, [](const auto& each) { return each.expired(); });
  explorations_.push_back(exploration);
}

void LiveGroup::Learn(const Event& event, const ServedLists& served_lists) {
  const auto served = event.recommendation_id.empty() ? nullptr : served_lists.Find(event.recommendation_id);
  const bool is_explicit = !event.impression.empty();
  if (!is_explicit && !served) return;
  // A list is told as ignored once; what is clicked of it afterwards takes that back for the item.
  const bool is_late = !is_explicit && served->observed.exchange(true);
  for (const auto& weak : explorations_) {
    const auto exploration = weak.lock();
    if (!exploration) continue;
    if (is_late) {
      exploration->ObserveLateClick(event.item_id, *served);
    } else {
      exploration->Observe(is_explicit ? event.impression : served->item_ids, event.item_id, served.get());
    }
  }
}

std::shared_ptr<LiveGroup> LiveGroups::Get(std::string_view group_uid) {
  {
    const ReaderLock lock(mutex_);
    if (const auto found = groups_.find(group_uid); found != groups_.end()) return found->second;
  }
  const WriterLock lock(mutex_);
  auto& group = groups_[std::string(group_uid)];
  if (!group) group = std::make_shared<LiveGroup>();
  return group;
}

void LiveGroups::Remove(std::string_view group_uid) {
  const WriterLock lock(mutex_);
  if (const auto found = groups_.find(group_uid); found != groups_.end()) groups_.erase(found);
}

}  // namespace attune
