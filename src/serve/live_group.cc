#include "serve/live_group.h"

namespace attune {

void LiveGroup::SawEventAt(std::int64_t timestamp_ms) {
  std::int64_t newest = newest_event_ms_.load(std::memory_order_relaxed);
  while (newest < timestamp_ms && !newest_event_ms_.compare_exchange_weak(newest, timestamp_ms)) {
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
