#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mutex.h"
#include "data/put_record.h"

namespace attune {

/// A list that was served: what an event with its recommendationId says was shown.
struct ServedList {
  std::string deployment;  ///< The key under which it was served.
  std::string model;       ///< Names the model that made it.
  std::string user_id;
  std::int64_t served_ms = 0;         ///< Since 1970 UTC.
  std::vector<std::string> item_ids;  ///< In the order of the list.
  std::vector<float> scores;          ///< Natural log of each item's probability.
  std::vector<float> propensities;    ///< The chance each item had to be in the list; 1 where nothing was drawn.
  std::vector<float> factors;         ///< Of the user, by the model's measure; may be empty.
  mutable std::atomic<bool> observed{false};  ///< Whether an event has told that it was shown.
};

/// Remembers served lists by recommendationId, for a time and up to a number. Thread-safe.
class ServedLists {
 public:
  struct Limits {
    std::chrono::hours keep_for{48};
    std::size_t lists_max = 200'000;
  };

  explicit ServedLists(const Clock& clock) : ServedLists(clock, Limits{}) {}
  ServedLists(const Clock& clock, Limits limits) : clock_(clock), limits_(limits) {}

  void Remember(const std::string& recommendation_id, std::shared_ptr<ServedList> list) EXCLUDES(mutex_);
  /// Null for an id that was never given, is too old, or had to make room.
  std::shared_ptr<const ServedList> Find(std::string_view recommendation_id) const EXCLUDES(mutex_);
  std::size_t size() const EXCLUDES(mutex_);

  /// Writes down with the event what its recommendationId stands for, if that is known. The first event of a list tells
  /// that it was shown. Call before the event is stored, and Withdraw it if that fails.
  void Resolve(Event* event) const EXCLUDES(mutex_);
  void Withdraw(const Event& event) const EXCLUDES(mutex_);
  /// An event that was stored earlier told that its list was shown.
  void MarkObserved(const Event& event) const EXCLUDES(mutex_);

 private:
  struct Hasher {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return Hash64(text); }
  };

  void ForgetOldest() REQUIRES(mutex_);

  // Constant after construction.
  const Clock& clock_;
  const Limits limits_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const ServedList>, Hasher, std::equal_to<>> lists_ GUARDED_BY(mutex_);
  std::deque<std::string> oldest_first_ GUARDED_BY(mutex_);
};

}  // namespace attune
