#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/mutex.h"
#include "serve/session_links.h"

namespace attune {

/// One event as the session store keeps it.
struct SessionEvent {
  std::string item_id;
  std::string event_type;
  std::int64_t timestamp_ms = 0;  ///< When it happened, by the client's clock.
  float event_value = 0;          ///< kMissing where there is none.
  std::uint64_t sequence = 0;     ///< In the event log.
};

/// The newest events of each user of one dataset group, as they arrive: what a model does not know yet. It is nothing
/// but the tail of the event log, replayed at start. Thread-safe; a call holds the lock of one of many shards.
///
/// Events without a user belong to their session and are found under the session's id, until an event of that session
/// names a user: then, and from then on, they are the user's (Amazon Personalize guide, "Event metrics and sessions").
class SessionStore {
 public:
  struct Limits {
    std::size_t events_per_user_max = 200;      ///< The oldest beyond it are forgotten.
    std::size_t events_max = 20'000'000;        ///< Over all users; those heard of longest ago are forgotten.
    std::size_t linked_sessions_max = 500'000;  ///< Sessions remembered as some user's.
  };

  SessionStore() : SessionStore(Limits{}) {}
  explicit SessionStore(Limits limits);

  /// Makes the event visible to the next Find. `user_id` may be empty. Events must come in the order of the log.
  void Apply(std::string_view user_id, std::string_view session_id, SessionEvent event);

  /// Events of the user (or of the session of that id, if no user has it) that stand in the log after `after_sequence`,
  /// oldest first by their own time, ties by arrival.
  std::vector<SessionEvent> Find(std::string_view user_id, std::uint64_t after_sequence) const;

  /// Forgets one user, or everything.
  void Forget(std::string_view user_id);
  void Clear();

  struct Figures {
    std::size_t users = 0;  ///< Sessions without a user included.
    std::size_t events = 0;
  };
  Figures figures() const;

 private:
  static constexpr std::size_t kShardCount = 64;

  struct Hasher {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return Hash64(text); }
  };
  struct Entry {
    std::deque<SessionEvent> events;
    std::list<std::string>::iterator recency;
  };
  struct Shard {
    mutable Mutex mutex;
    std::unordered_map<std::string, Entry, Hasher, std::equal_to<>> entries GUARDED_BY(mutex);
    std::list<std::string> by_recency GUARDED_BY(mutex);  ///< Newest first.
    std::size_t event_count GUARDED_BY(mutex) = 0;
  };

  // Keys begin with 'u' or 's', so that a session never meets a user of the same id.
  Shard& ShardOf(std::string_view key) const { return shards_[Hash64(key, 7) % kShardCount]; }
  void Insert(const std::string& key, SessionEvent event);
  void EvictOldest(Shard& shard) REQUIRES(shard.mutex);
  std::deque<SessionEvent> Take(const std::string& key);
  std::vector<SessionEvent> FindKey(const std::string& key, std::uint64_t after_sequence, bool* known) const;

  const Limits limits_;
  mutable std::array<Shard, kShardCount> shards_;
  Mutex links_mutex_;
  SessionLinks links_ GUARDED_BY(links_mutex_);
};

}  // namespace attune
