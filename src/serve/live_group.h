#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "data/put_record.h"
#include "serve/exploration.h"
#include "serve/group_log.h"
#include "serve/put_ids.h"
#include "serve/served_lists.h"
#include "serve/session_store.h"

namespace attune {

/// What is known of one dataset group beyond its trained models, as it happens: nothing but what the event log holds,
/// taken in the order of the log. Thread-safe.
class LiveGroup {
 public:
  explicit LiveGroup(std::size_t put_ids_max = PutIds::kMax) : put_ids_(put_ids_max) {}

  const SessionStore& sessions() const { return sessions_; }

  /// Takes what stands in the log up to now and was not taken yet: it is visible when the call returns. Whoever comes
  /// while another one reads finds his own records taken. Call after every Append to one of the streams.
  Status CatchUp(const EventLog& log, const GroupDatasets& datasets, ServedLists& served_lists) EXCLUDES(mutex_);

  /// Tells `exploration` all that stands in the log, and from then on everything that is taken, as long as it lives.
  Status Attach(const std::shared_ptr<Exploration>& exploration, const EventLog& log, const GroupDatasets& datasets)
      EXCLUDES(mutex_);

  /// LimitExceeded where one of the deployed models has no room for the items of these ids or, while none is deployed,
  /// the group has none.
  Status CheckRoom(std::span<const std::string_view> item_ids) const EXCLUDES(explorations_mutex_);
  Status CheckRoomForPut(std::span<const std::string_view> item_ids) const EXCLUDES(explorations_mutex_);

 private:
  void ApplyEvent(const Event& event, std::uint64_t sequence) REQUIRES(mutex_);
  std::vector<std::shared_ptr<Exploration>> LivingExplorations() const EXCLUDES(explorations_mutex_);

  // Synchronises itself.
  SessionStore sessions_;
  PutIds put_ids_;
  // Guarded by mutex_: the order of the log.
  Mutex mutex_;
  std::uint64_t applied_sequence_ GUARDED_BY(mutex_) = 0;
  // Guarded by explorations_mutex_, which is taken after mutex_ and never held for long.
  mutable Mutex explorations_mutex_;
  std::vector<std::weak_ptr<Exploration>> explorations_ GUARDED_BY(explorations_mutex_);
};

/// The live groups of a server by the uid of their dataset group. Thread-safe.
class LiveGroups {
 public:
  /// `put_ids_max`: of each group, see PutIds.
  explicit LiveGroups(std::size_t put_ids_max = PutIds::kMax) : put_ids_max_(put_ids_max) {}

  /// Made at the first call for a uid.
  std::shared_ptr<LiveGroup> Get(std::string_view group_uid) EXCLUDES(mutex_);
  void Remove(std::string_view group_uid) EXCLUDES(mutex_);

 private:
  const std::size_t put_ids_max_;
  SharedMutex mutex_;
  std::map<std::string, std::shared_ptr<LiveGroup>, std::less<>> groups_ GUARDED_BY(mutex_);
};

}  // namespace attune
