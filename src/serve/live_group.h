#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "data/put_record.h"
#include "serve/exploration.h"
#include "serve/served_lists.h"
#include "serve/session_store.h"

namespace attune {

/// What is known of one dataset group beyond its trained models, as it happens: nothing but what the event log holds,
/// taken in the order of the log. Thread-safe.
class LiveGroup {
 public:
  const SessionStore& sessions() const { return sessions_; }

  /// The newest time of an event; the age of items is measured against it. 0 before the first.
  std::int64_t newest_event_ms() const { return newest_event_ms_.load(std::memory_order_relaxed); }

  /// Makes events visible that stand in the log from `first_sequence` on, and lets every campaign's exploration learn
  /// from what they say was shown: the event's own impression, else the list of its recommendationId.
  void Apply(std::span<const Event> events, std::uint64_t first_sequence, const ServedLists& served_lists)
      EXCLUDES(mutex_);

  /// `exploration` learns from the events that are applied from now on, as long as it lives.
  void Attach(const std::shared_ptr<Exploration>& exploration) EXCLUDES(mutex_);

 private:
  void Learn(const Event& event, const ServedLists& served_lists) REQUIRES(mutex_);

  // Synchronises itself.
  SessionStore sessions_;
  std::atomic<std::int64_t> newest_event_ms_{0};
  // Guarded by mutex_, which also keeps events in order.
  Mutex mutex_;
  std::vector<std::weak_ptr<Exploration>> explorations_ GUARDED_BY(mutex_);
};

/// The live groups of a server by the uid of their dataset group. Thread-safe.
class LiveGroups {
 public:
  /// Made at the first call for a uid.
  std::shared_ptr<LiveGroup> Get(std::string_view group_uid) EXCLUDES(mutex_);
  void Remove(std::string_view group_uid) EXCLUDES(mutex_);

 private:
  SharedMutex mutex_;
  std::map<std::string, std::shared_ptr<LiveGroup>, std::less<>> groups_ GUARDED_BY(mutex_);
};

}  // namespace attune
