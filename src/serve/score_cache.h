#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "model/query.h"
#include "model/recommender_model.h"

namespace attune {

/// Log probabilities of whole catalogues, for people who ask again before they did anything: another page, another
/// filter, another draw of the exploration. What was asked is compared whole, the history included, so an event, an
/// item that joins or a new model is never missed; whatever was not asked for longest makes room. Thread-safe.
class ScoreCache {
 public:
  using Scores = std::shared_ptr<const std::vector<float>>;  ///< [items of the model]

  /// 0: keeps nothing.
  explicit ScoreCache(std::uint64_t bytes_max = kBytesMaxDefault) : bytes_max_(bytes_max) {}

  /// Everything that scores depend on, as a key.
  static std::string KeyOf(const RecommenderModel& model, const Query& query);
  /// Null where they are not kept. The key must be of this model.
  Scores Find(const std::shared_ptr<const RecommenderModel>& model, const std::string& key) EXCLUDES(mutex_);
  void Keep(const std::shared_ptr<const RecommenderModel>& model, std::string key, Scores scores) EXCLUDES(mutex_);

  struct Figures {
    std::uint64_t asked = 0;
    std::uint64_t found = 0;
    std::uint64_t bytes = 0;  ///< Of keys and scores.
  };
  Figures figures() const EXCLUDES(mutex_);

  static constexpr std::uint64_t kBytesMaxDefault = std::uint64_t{64} << 20;

 private:
  struct Entry {
    std::string key;
    std::weak_ptr<const RecommenderModel> model;  ///< Another one may stand at the same address later.
    Scores scores;
  };
  using Entries = std::list<Entry>;

  static std::uint64_t BytesOf(const Entry& entry) { return entry.key.size() + entry.scores->size() * sizeof(float); }
  void Remove(Entries::iterator entry) REQUIRES(mutex_);

  const std::uint64_t bytes_max_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  Entries entries_ GUARDED_BY(mutex_);  ///< Asked for last first.
  std::unordered_map<std::string_view, Entries::iterator> by_key_ GUARDED_BY(mutex_);
  Figures figures_ GUARDED_BY(mutex_);
};

}  // namespace attune
