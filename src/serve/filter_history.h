#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/mutex.h"
#include "data/put_record.h"
#include "data/vocabulary.h"
#include "serve/imported_history.h"
#include "serve/session_links.h"
#include "serve/stored_dataset.h"
#include "storage/event_log.h"

namespace attune {

/// What every user did, as filters see it: of each event type the newest interactions, of imports once Refresh was
/// called, of events once Apply was. Nothing is forgotten to save memory but what is older than those: a filter that
/// hides what was bought must not forget. Thread-safe.
///
/// Events without a user belong to their session until an event of the session names a user (see SessionStore).
class FilterHistory {
 public:
  struct Limits {
    std::size_t events_per_type_max = 100;      ///< Of one user; the oldest beyond it do not count.
    std::size_t linked_sessions_max = 500'000;  ///< Sessions remembered as some user's.
  };

  explicit FilterHistory(Limits limits) : limits_(limits), links_(limits.linked_sessions_max) {}

  /// Reads the imports anew if they changed, and the log if nothing was read yet; whoever calls meanwhile waits. Cheap
  /// otherwise. After an error what was there stays.
  Status Refresh(const StoredDataset& dataset, Env& env, const EventLog& log) EXCLUDES(load_mutex_, mutex_);

  /// Makes events visible that stand in the log. Before the first Refresh nothing is done: that will read them. Order
  /// does not matter, and an event may come twice.
  void Apply(std::span<const Event> events) EXCLUDES(mutex_);

  /// Whether Refresh would do nothing.
  bool IsFresh(const StoredDataset& dataset) const EXCLUDES(mutex_);

  struct Entry {
    std::string item_id;
    std::string event_type;  ///< Lower case; "" where an import had none.

    friend bool operator==(const Entry&, const Entry&) = default;
  };
  /// What counts of the user, or of the session of that id where no user has it. An item may stand several times.
  std::vector<Entry> Find(std::string_view user_id) const EXCLUDES(mutex_);

 private:
  struct LiveEvent {
    std::int64_t timestamp_ms = 0;
    std::uint32_t item = 0;

    friend auto operator<=>(const LiveEvent&, const LiveEvent&) = default;
  };
  struct OfType {
    std::uint32_t event_type = 0;
    std::vector<LiveEvent> events;  ///< Oldest first.
  };
  struct Hasher {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return Hash64(text); }
  };

  void ApplyOne(const Event& event) REQUIRES(mutex_);
  void Insert(const std::string& key, std::uint32_t event_type, LiveEvent event) REQUIRES(mutex_);
  const std::vector<OfType>* FindLive(const std::string& key) const REQUIRES_SHARED(mutex_);

  const Limits limits_;
  /// One reads at a time. Taken before mutex_.
  Mutex load_mutex_;
  // Guarded by mutex_.
  mutable SharedMutex mutex_;
  bool takes_events_ GUARDED_BY(mutex_) = false;
  bool has_read_log_ GUARDED_BY(mutex_) = false;
  StoredDataset dataset_ GUARDED_BY(mutex_);
  std::shared_ptr<const ImportedHistory> imported_ GUARDED_BY(mutex_);
  SessionLinks links_ GUARDED_BY(mutex_);
  Vocabulary items_ GUARDED_BY(mutex_);
  Vocabulary event_types_ GUARDED_BY(mutex_);
  /// Keys begin with 'u' or 's', so that a session never meets a user of the same id.
  std::unordered_map<std::string, std::vector<OfType>, Hasher, std::equal_to<>> live_ GUARDED_BY(mutex_);
};

}  // namespace attune
