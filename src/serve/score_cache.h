#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bounded_cache.h"
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
  explicit ScoreCache(std::uint64_t bytes_max = kBytesMaxDefault) : cache_(bytes_max) {}

  /// Everything that scores depend on, as a key.
  static std::string KeyOf(const RecommenderModel& model, const Query& query);
  /// Null where they are not kept. The key must be of this model.
  Scores Find(const std::shared_ptr<const RecommenderModel>& model, const std::string& key);
  void Keep(const std::shared_ptr<const RecommenderModel>& model, std::string key, Scores scores);

  auto figures() const { return cache_.figures(); }

  static constexpr std::uint64_t kBytesMaxDefault = std::uint64_t{64} << 20;

 private:
  struct Kept {
    std::weak_ptr<const RecommenderModel> model;  ///< Another one may stand at the same address later.
    Scores scores;
  };

  BoundedCache<Kept> cache_;  // Synchronises itself.
};

}  // namespace attune
