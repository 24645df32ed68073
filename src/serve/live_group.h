#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "serve/session_store.h"

namespace attune {

/// What is known of one dataset group beyond its trained models, as it happens. Thread-safe.
class LiveGroup {
 public:
  SessionStore& sessions() { return sessions_; }
  const SessionStore& sessions() const { return sessions_; }

  /// The newest time of an event; the age of items is measured against it. 0 before the first.
  std::int64_t newest_event_ms() const { return newest_event_ms_.load(std::memory_order_relaxed); }
  void SawEventAt(std::int64_t timestamp_ms);

 private:
  SessionStore sessions_;
  std::atomic<std::int64_t> newest_event_ms_{0};
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
