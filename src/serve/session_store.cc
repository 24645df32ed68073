#include "serve/session_store.h"

#include <algorithm>

namespace attune {
namespace {

std::string UserKey(std::string_view id) { return "u" + std::string(id); }
std::string SessionKey(std::string_view id) { return "s" + std::string(id); }

}  // namespace

SessionStore::SessionStore(Limits limits) : limits_(limits), links_(limits.linked_sessions_max) {}

void SessionStore::Apply(std::string_view user_id, std::string_view session_id, SessionEvent event) {
  const auto owner = [&] {
    const MutexLock lock(links_mutex_);
    return links_.Find(user_id, session_id);
  }();
  if (owner.is_new) {
    for (auto& earlier : Take(SessionKey(session_id))) Insert(UserKey(owner.user_id), std::move(earlier));
  }
  Insert(owner.user_id.empty() ? SessionKey(session_id) : UserKey(owner.user_id), std::move(event));
}

std::vector<SessionEvent> SessionStore::Find(std::string_view user_id, std::uint64_t after_sequence) const {
  bool known = false;
  auto events = FindKey(UserKey(user_id), after_sequence, &known);
  if (!known) events = FindKey(SessionKey(user_id), after_sequence, &known);
  return events;
}

void SessionStore::Forget(std::string_view user_id) { Take(UserKey(user_id)); }

void SessionStore::Clear() {
  for (auto& shard : shards_) {
    const MutexLock lock(shard.mutex);
    shard.entries.clear();
    shard.by_recency.clear();
    shard.event_count = 0;
  }
  const MutexLock lock(links_mutex_);
  links_.Clear();
}

SessionStore::Figures SessionStore::figures() const {
  Figures figures;
  for (const auto& shard : shards_) {
    const MutexLock lock(shard.mutex);
    figures.users += shard.entries.size();
    figures.events += shard.event_count;
  }
  return figures;
}

void SessionStore::Insert(const std::string& key, SessionEvent event) {
  Shard& shard = ShardOf(key);
  const MutexLock lock(shard.mutex);
  const auto [found, is_new] = shard.entries.try_emplace(key);
  Entry& entry = found->second;
  if (is_new) {
    shard.by_recency.push_front(key);
    entry.recency = shard.by_recency.begin();
  } else {
    shard.by_recency.splice(shard.by_recency.begin(), shard.by_recency, entry.recency);
  }
  // Clients may send late: events stand by their own time, and those of one time in the order of arrival.
  const auto place = std::ranges::upper_bound(entry.events, event.timestamp_ms, {}, &SessionEvent::timestamp_ms);
  entry.events.insert(place, std::move(event));
  ++shard.event_count;
  if (entry.events.size() > limits_.events_per_user_max) {
    entry.events.pop_front();
    --shard.event_count;
  }
  while (shard.event_count > limits_.events_max / kShardCount && shard.by_recency.size() > 1) EvictOldest(shard);
}

void SessionStore::EvictOldest(Shard& shard) {
  const auto oldest = shard.entries.find(shard.by_recency.back());
  shard.event_count -= oldest->second.events.size();
  shard.entries.erase(oldest);
  shard.by_recency.pop_back();
}

std::deque<SessionEvent> SessionStore::Take(const std::string& key) {
  Shard& shard = ShardOf(key);
  const MutexLock lock(shard.mutex);
  const auto found = shard.entries.find(key);
  if (found == shard.entries.end()) return {};
  auto events = std::move(found->second.events);
  shard.event_count -= events.size();
  shard.by_recency.erase(found->second.recency);
  shard.entries.erase(found);
  return events;
}

std::vector<SessionEvent> SessionStore::FindKey(const std::string& key, std::uint64_t after_sequence,
                                                bool* known) const {
  const Shard& shard = ShardOf(key);
  const MutexLock lock(shard.mutex);
  const auto found = shard.entries.find(key);
  *known = found != shard.entries.end();
  std::vector<SessionEvent> events;
  if (!*known) return events;
  for (const auto& event : found->second.events) {
    if (event.sequence > after_sequence) events.push_back(event);
  }
  return events;
}

}  // namespace attune
