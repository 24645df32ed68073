#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "model/recommender_model.h"
#include "serve/exploration.h"
#include "serve/live_group.h"

namespace attune {

/// Everything that one request of a campaign needs, as it was published. A request holds it from its first line to its
/// last, so an update never changes an answer half way. Immutable but for the scratch memory, which synchronises
/// itself.
class Deployment {
 public:
  struct Configuration {
    std::string uid;          ///< Of the campaign.
    std::string artifact_name;  ///< Of the solution version's, whose model this is.
    double exploration_weight = 0;
    double exploration_item_age_cut_off_days = 30;
  };

  /// `exploration` is of the same model.
  Deployment(Configuration configuration, std::shared_ptr<const RecommenderModel> model,
             std::shared_ptr<Exploration> exploration, std::shared_ptr<LiveGroup> group)
      : configuration_(std::move(configuration)),
        model_(std::move(model)),
        exploration_(std::move(exploration)),
        group_(std::move(group)) {}

  const Configuration& configuration() const { return configuration_; }
  const RecommenderModel& model() const { return *model_; }
  const std::shared_ptr<const RecommenderModel>& shared_model() const { return model_; }
  const Exploration& exploration() const { return *exploration_; }
  const std::shared_ptr<Exploration>& shared_exploration() const { return exploration_; }
  const LiveGroup& group() const { return *group_; }

  /// Memory to score in, for one thread; give it back so that the next request need not make its own.
  std::unique_ptr<ScoreScratch> BorrowScratch() const EXCLUDES(mutex_);
  void ReturnScratch(std::unique_ptr<ScoreScratch> scratch) const EXCLUDES(mutex_);

 private:
  // Constant after construction.
  const Configuration configuration_;
  const std::shared_ptr<const RecommenderModel> model_;
  const std::shared_ptr<Exploration> exploration_;
  const std::shared_ptr<LiveGroup> group_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  mutable std::vector<std::unique_ptr<ScoreScratch>> free_scratch_ GUARDED_BY(mutex_);
};

/// What every campaign serves now, by a key of the caller's choice (the campaign's ARN). Thread-safe: readers get a
/// snapshot and hold no lock while they use it.
class Deployments {
 public:
  /// Null where nothing is published under the key.
  std::shared_ptr<const Deployment> Find(std::string_view key) const EXCLUDES(mutex_);
  /// In one step, in the place of what was published before; requests that began earlier end with that.
  void Publish(const std::string& key, std::shared_ptr<const Deployment> deployment) EXCLUDES(mutex_);
  void Remove(std::string_view key) EXCLUDES(mutex_);
  std::vector<std::string> Keys() const EXCLUDES(mutex_);

 private:
  mutable SharedMutex mutex_;
  std::map<std::string, std::shared_ptr<const Deployment>, std::less<>> deployments_ GUARDED_BY(mutex_);
};

}  // namespace attune
