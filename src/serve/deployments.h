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

/// Memory to score in, kept between requests. Thread-safe.
class ScratchPool {
 public:
  /// `model` or one that it was extended from must be the same at every call.
  std::unique_ptr<ScoreScratch> Borrow(const RecommenderModel& model) EXCLUDES(mutex_);
  /// So that the next request need not make its own. Never more than there were requests at once.
  void Return(std::unique_ptr<ScoreScratch> scratch) EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::vector<std::unique_ptr<ScoreScratch>> free_ GUARDED_BY(mutex_);
};

/// Everything that one request of a campaign needs, as it was published. A request holds it from its first line to its
/// last, so neither an update nor an item that joins changes an answer half way. Immutable but for what is learned,
/// which synchronises itself.
class Deployment {
 public:
  struct Configuration {
    std::string uid;            ///< Of the campaign.
    std::string artifact_name;  ///< Of the solution version's, whose model this is.
    double exploration_weight = 0;
    double exploration_item_age_cut_off_days = 30;
  };

  /// With the model of `exploration` as it is now.
  Deployment(Configuration configuration, std::shared_ptr<Exploration> exploration, std::shared_ptr<LiveGroup> group)
      : Deployment(std::move(configuration), std::move(exploration), std::move(group),
                   std::make_shared<ScratchPool>()) {}

  const Configuration& configuration() const { return configuration_; }
  const RecommenderModel& model() const { return *model_; }
  const std::shared_ptr<const RecommenderModel>& shared_model() const { return model_; }
  const Exploration& exploration() const { return *exploration_; }
  const std::shared_ptr<Exploration>& shared_exploration() const { return exploration_; }
  const LiveGroup& group() const { return *group_; }
  ScratchPool& scratch_pool() const { return *scratch_pool_; }

  /// Whether no item has joined or changed since this was made.
  bool IsCurrent() const { return exploration_->catalogue().Current() == model_; }
  /// The same with the items that there are now.
  std::shared_ptr<const Deployment> Renewed() const;

 private:
  Deployment(Configuration configuration, std::shared_ptr<Exploration> exploration, std::shared_ptr<LiveGroup> group,
             std::shared_ptr<ScratchPool> scratch_pool)
      : configuration_(std::move(configuration)),
        model_(exploration->catalogue().Current()),
        exploration_(std::move(exploration)),
        group_(std::move(group)),
        scratch_pool_(std::move(scratch_pool)) {}

  const Configuration configuration_;
  const std::shared_ptr<const RecommenderModel> model_;
  const std::shared_ptr<Exploration> exploration_;
  const std::shared_ptr<LiveGroup> group_;
  const std::shared_ptr<ScratchPool> scratch_pool_;
};

/// What every campaign serves now, by a key of the caller's choice (the campaign's ARN). Thread-safe: readers get a
/// snapshot and hold no lock while they use it.
class Deployments {
 public:
  /// With every item that joined before the call. Null where nothing is published under the key.
  std::shared_ptr<const Deployment> Find(std::string_view key) EXCLUDES(mutex_);
  /// In one step, in the place of what was published before; requests that began earlier end with that.
  void Publish(const std::string& key, std::shared_ptr<const Deployment> deployment) EXCLUDES(mutex_);
  void Remove(std::string_view key) EXCLUDES(mutex_);
  std::vector<std::string> Keys() const EXCLUDES(mutex_);

 private:
  mutable SharedMutex mutex_;
  std::map<std::string, std::shared_ptr<const Deployment>, std::less<>> deployments_ GUARDED_BY(mutex_);
};

}  // namespace attune
