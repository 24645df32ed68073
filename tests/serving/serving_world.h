#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/recommender_model.h"
#include "serve/deployments.h"
#include "serve/live_group.h"
#include "serve/recommender.h"
#include "serve/served_lists.h"
#include "storage/event_log.h"
#include "storage/key_value_store.h"
#include "storage/memory_env.h"

namespace attune {

/// A small trained model: items "item0"… of six genres "genre0"…, users "user0"…; trained once for all tests.
std::shared_ptr<const RecommenderModel> SmallModel();

/// A dataset group with an event log in memory, and what stands on it.
class ServingWorld {
 public:
  explicit ServingWorld(double weight = 0.3, Exploration::Options options = {.artifact_name = "model"});

  /// As PutEvents: resolved, stored, taken.
  void Put(std::vector<Event> events);
  /// As PutItems, of one genre, created at `created_ms`; it came then, too, unless `received_ms` says otherwise.
  void PutItem(const std::string& id, const std::string& genre, std::int64_t created_ms,
               std::optional<std::int64_t> received_ms = std::nullopt);
  /// As GetRecommendations; remembers the list under the id that is returned.
  std::string Serve(const std::string& user, std::size_t count, std::vector<RecommendedItem>* list = nullptr);
  Recommendation Ask(const std::string& user, std::size_t count, std::uint64_t seed, ScoreCache* cache = nullptr,
                     SlateCache* slate_cache = nullptr);
  std::vector<RecommendedItem> List(const std::string& user, std::size_t count, std::uint64_t seed = 1);
  /// Every item's own probability for the user, by id.
  double Probability(const std::string& user, const std::string& item);

  /// What a start of the server on the same log makes of it.
  std::shared_ptr<Exploration> Replayed();
  Status CatchUp() { return group_->CatchUp(*log_, datasets_, *served_lists_); }

  const GroupDatasets& datasets() const { return datasets_; }
  EventLog& log() { return *log_; }
  LiveGroup& group() { return *group_; }
  Exploration& exploration() { return *exploration_; }
  ServedLists& served_lists() { return *served_lists_; }
  std::shared_ptr<const Deployment> deployment() { return deployments_.Find("campaign"); }

 private:
  const Exploration::Options options_;
  FakeClock clock_;
  MemoryEnv env_;
  std::unique_ptr<KeyValueStore> store_;
  std::unique_ptr<EventLog> log_;
  GroupDatasets datasets_;
  std::unique_ptr<ServedLists> served_lists_;
  std::shared_ptr<LiveGroup> group_ = std::make_shared<LiveGroup>();
  std::shared_ptr<Exploration> exploration_;
  Deployments deployments_;
  std::uint64_t served_count_ = 0;
};

/// A click by "u", a minute after the newest of training.
Event Click(const std::string& item, std::string user = "u");
std::int64_t NewestOfTraining();

}  // namespace attune
