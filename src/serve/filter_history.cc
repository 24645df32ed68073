#include "serve/filter_history.h"

#include <algorithm>
#include <tuple>

#include "data/interaction_rows.h"

namespace attune {
namespace {

std::string UserKey(std::string_view id) { return "u" + std::string(id); }
std::string SessionKey(std::string_view id) { return "s" + std::string(id); }

/// One interaction of any source, with views that live as long as the source.
struct Found {
  std::string_view event_type;
  std::int64_t timestamp_ms = 0;
  std::string_view item_id;

  friend bool operator==(const Found&, const Found&) = default;
};

}  // namespace

Status FilterHistory::Refresh(const StoredDataset& dataset, Env& env, const EventLog& log) {
  if (IsFresh(dataset)) return {};
  const MutexLock loading(load_mutex_);
  if (IsFresh(dataset)) return {};  // Somebody else read it meanwhile.
  bool must_read_log = false;
  {
    const WriterLock lock(mutex_);
    must_read_log = !has_read_log_;
    takes_events_ = true;  // Before the log is read, so that no event is missed.
  }
  ATTUNE_TRY(const auto segments, dataset.Open(env));
  ATTUNE_TRY(auto imported, ImportedHistory::Build(segments, limits_.events_per_type_max));
  if (must_read_log) {
    ATTUNE_RETURN_IF_ERROR(log.Read(dataset.stream, 0, [&](std::uint64_t, std::string_view payload) -> Status {
      ATTUNE_TRY(const Event event, DecodeEvent(payload));
      Apply({&event, 1});
      return {};
    }));
  }
  const WriterLock lock(mutex_);
  imported_ = std::move(imported);
  has_read_log_ = true;
  dataset_ = dataset;
  return {};
}

bool FilterHistory::IsFresh(const StoredDataset& dataset) const {
  const ReaderLock lock(mutex_);
  return has_read_log_ && imported_ != nullptr && dataset_.HoldsWhat(dataset);
}

void FilterHistory::Apply(std::span<const Event> events) {
  const WriterLock lock(mutex_);
  if (!takes_events_) return;
  for (const Event& event : events) ApplyOne(event);
}

void FilterHistory::ApplyOne(const Event& event) {
  const auto owner = links_.Find(event.user_id, event.session_id);
  if (owner.is_new) {
    if (auto earlier = live_.extract(SessionKey(event.session_id))) {
      for (const OfType& of_type : earlier.mapped()) {
        for (const LiveEvent& each : of_type.events) Insert(UserKey(owner.user_id), of_type.event_type, each);
      }
    }
  }
  Insert(owner.user_id.empty() ? SessionKey(event.session_id) : UserKey(owner.user_id),
         event_types_.Add(FoldEventType(event.event_type)),
         {.timestamp_ms = event.timestamp_ms, .item = items_.Add(event.item_id)});
}

void FilterHistory::Insert(const std::string& key, std::uint32_t event_type, LiveEvent event) {
  auto& types = live_[key];
  auto of_type = std::ranges::find(types, event_type, &OfType::event_type);
  if (of_type == types.end()) of_type = types.insert(types.end(), OfType{.event_type = event_type, .events = {}});
  auto& events = of_type->events;
  const auto place = std::ranges::lower_bound(events, event);
  if (place != events.end() && *place == event) return;
  events.insert(place, event);
  if (events.size() > limits_.events_per_type_max) events.erase(events.begin());
}

const std::vector<FilterHistory::OfType>* FilterHistory::FindLive(const std::string& key) const {
  const auto found = live_.find(key);
  return found == live_.end() ? nullptr : &found->second;
}

std::vector<FilterHistory::Entry> FilterHistory::Find(std::string_view user_id) const {
  const ReaderLock lock(mutex_);
  std::vector<Found> all;
  if (imported_) {
    for (const auto& event : imported_->Find(user_id)) {
      all.push_back({imported_->event_type(event), event.timestamp_ms, imported_->item_id(event)});
    }
  }
  const auto* live = FindLive(UserKey(user_id));
  if (live == nullptr && all.empty()) live = FindLive(SessionKey(user_id));
  if (live != nullptr) {
    for (const OfType& of_type : *live) {
      for (const LiveEvent& event : of_type.events) {
        all.push_back({event_types_.id(of_type.event_type), event.timestamp_ms, items_.id(event.item)});
      }
    }
  }
  std::ranges::sort(all, [](const Found& a, const Found& b) {
    return std::tie(a.event_type, b.timestamp_ms, a.item_id) < std::tie(b.event_type, a.timestamp_ms, b.item_id);
  });
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::vector<Entry> entries;
  std::size_t of_type = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    of_type = i > 0 && all[i - 1].event_type == all[i].event_type ? of_type + 1 : 0;
    if (of_type >= limits_.events_per_type_max) continue;
    entries.push_back({.item_id = std::string(all[i].item_id), .event_type = std::string(all[i].event_type)});
  }
  return entries;
}

}  // namespace attune
