#include "serve/live_group.h"

#include <algorithm>

#include "data/training_data.h"

namespace attune {

Status LiveGroup::CatchUp(const EventLog& log, const GroupDatasets& datasets, ServedLists& served_lists) {
  const std::uint64_t last_sequence = log.LastSequence();
  const MutexLock lock(mutex_);
  if (applied_sequence_ >= last_sequence) return {};
  const auto explorations = LivingExplorations();
  const Status read = ReadGroupLog(log, datasets, applied_sequence_ + 1, last_sequence,
                                   [&](const GroupRecord& record) REQUIRES(mutex_) {
                                     if (const auto* event = std::get_if<Event>(&record.content)) {
                                       ApplyEvent(*event, record.sequence);
                                       served_lists.MarkObserved(*event);
                                       put_ids_.Insert(event->item_id);
                                     } else {
                                       put_ids_.Insert(std::get<EntityPut>(record.content).id);
                                     }
                                     for (const auto& exploration : explorations)
                                       exploration->Apply(record, datasets.item_schema.get());
                                     applied_sequence_ = record.sequence;
                                   });
  for (const auto& exploration : explorations) exploration->Publish();
  ATTUNE_RETURN_IF_ERROR(read);
  applied_sequence_ = last_sequence;
  return {};
}

Status LiveGroup::Attach(const std::shared_ptr<Exploration>& exploration, const EventLog& log,
                         const GroupDatasets& datasets) {
  std::uint64_t told_sequence = 0;
  while (true) {
    std::uint64_t goal = 0;
    {
      const MutexLock lock(mutex_);
      goal = applied_sequence_;
      if (told_sequence >= goal) {
        exploration->Publish();
        const MutexLock explorations_lock(explorations_mutex_);
        std::erase_if(explorations_, [](const auto& each) { return each.expired(); });
        explorations_.push_back(exploration);
        return {};
      }
    }
    ATTUNE_RETURN_IF_ERROR(ReadGroupLog(log, datasets, told_sequence + 1, goal, [&](const GroupRecord& record) {
      exploration->Apply(record, datasets.item_schema.get());
    }));
    told_sequence = goal;
  }
}

Status LiveGroup::CheckRoom(std::span<const std::string_view> item_ids) const {
  const auto explorations = LivingExplorations();
  if (explorations.empty()) return put_ids_.CheckRoom(item_ids);
  for (const auto& exploration : explorations) {
    ATTUNE_RETURN_IF_ERROR(exploration->catalogue().CheckRoom(item_ids));
  }
  return {};
}

Status LiveGroup::CheckRoomForPut(std::span<const std::string_view> item_ids) const {
  const auto explorations = LivingExplorations();
  if (explorations.empty()) return put_ids_.CheckRoom(item_ids);
  for (const auto& exploration : explorations) {
    ATTUNE_RETURN_IF_ERROR(exploration->catalogue().CheckRoomForPut(item_ids));
  }
  return {};
}

void LiveGroup::ApplyEvent(const Event& event, std::uint64_t sequence) {
  sessions_.Apply(event.user_id, event.session_id,
                  {.item_id = event.item_id,
                   .event_type = event.event_type,
                   .timestamp_ms = event.timestamp_ms,
                   .event_value = event.event_value.value_or(kMissing),
                   .sequence = sequence});
}

std::vector<std::shared_ptr<Exploration>> LiveGroup::LivingExplorations() const {
  const MutexLock lock(explorations_mutex_);
  std::vector<std::shared_ptr<Exploration>> living;
  for (const auto& each : explorations_) {
    if (auto exploration = each.lock()) living.push_back(std::move(exploration));
  }
  return living;
}

std::shared_ptr<LiveGroup> LiveGroups::Get(std::string_view group_uid) {
  {
    const ReaderLock lock(mutex_);
    if (const auto found = groups_.find(group_uid); found != groups_.end()) return found->second;
  }
  const WriterLock lock(mutex_);
  auto& group = groups_[std::string(group_uid)];
  if (!group) group = std::make_shared<LiveGroup>(put_ids_max_);
  return group;
}

void LiveGroups::Remove(std::string_view group_uid) {
  const WriterLock lock(mutex_);
  if (const auto found = groups_.find(group_uid); found != groups_.end()) groups_.erase(found);
}

}  // namespace attune
