#include "serving_world.h"

#include <atomic>
#include <cmath>

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "train/test_world.h"
#include "train/train_solution.h"

namespace attune {

std::shared_ptr<const RecommenderModel> SmallModel() {
  static const std::shared_ptr<const RecommenderModel> model = [] {
    MemoryEnv env;
    FakeClock clock;
    ThreadPool pool(1, 16);
    std::atomic<bool> cancelled{false};
    TrainContext context{
        .env = env, .clock = clock, .pool = pool, .cancelled = cancelled, .on_progress = {}, .memory_bytes_max = 0};
    const TestWorld world = MakeTestWorld({.users = 80, .items = 60, .events_each = 24});
    const auto trained = TrainFull(world.data, {}, context, "/a/model");
    if (!trained.ok()) LogError("{}", trained.status().ToString());
    ATTUNE_CHECK(trained.ok());
    auto loaded = RecommenderModel::Load(env, "/a/model");
    ATTUNE_CHECK(loaded.ok());
    return *loaded;
  }();
  return model;
}

std::int64_t NewestOfTraining() { return SmallModel()->newest_interaction_ms(); }

Event Click(const std::string& item, std::string user) {
  return {.user_id = std::move(user),
          .session_id = "s",
          .item_id = item,
          .event_type = "click",
          .timestamp_ms = NewestOfTraining() + 60'000};
}

ServingWorld::ServingWorld(double weight, Exploration::Options options) : options_(std::move(options)) {
  store_ = KeyValueStore::Open(env_, "/log").value();
  log_ = EventLog::Open(*store_).value();
  served_lists_ = ServedLists::Open(env_, "/served", clock_).value();
  auto schema = Schema::Parse(
      R"({"type": "record", "name": "Items", "namespace": "com.amazonaws.personalize.schema", "version": "1.0", "fields": [
      {"name": "ITEM_ID", "type": "string"}, {"name": "GENRES", "type": "string", "categorical": true},
      {"name": "CREATION_TIMESTAMP", "type": "long"}]})");
  datasets_ = {.interactions_stream = "dataset/i",
               .items_stream = "dataset/j",
               .item_schema = std::make_shared<const Schema>(*std::move(schema))};
  exploration_ = std::make_shared<Exploration>(SmallModel(), options_);
  ATTUNE_CHECK(group_->Attach(exploration_, *log_, datasets_).ok());
  deployments_.Publish("campaign",
                       std::make_shared<Deployment>(Deployment::Configuration{.uid = "c", .exploration_weight = weight},
                                                    exploration_, group_));
}

void ServingWorld::Put(std::vector<Event> events) {
  std::vector<std::string> payloads;
  for (Event& event : events) {
    served_lists_->Resolve(&event);
    payloads.push_back(EncodeEvent(event));
  }
  ATTUNE_CHECK(log_->Append(datasets_.interactions_stream, payloads).ok());
  ATTUNE_CHECK(CatchUp().ok());
}

void ServingWorld::PutItem(const std::string& id, const std::string& genre, std::int64_t created_ms,
                           std::optional<std::int64_t> received_ms) {
  const EntityPut put{.id = id,
                      .received_ms = received_ms.value_or(created_ms),
                      .values = {Value(id), Value(genre), Value(created_ms)}};
  const std::string payload = EncodeEntityPut(put);
  ATTUNE_CHECK(log_->Append(datasets_.items_stream, {&payload, 1}).ok());
  ATTUNE_CHECK(CatchUp().ok());
}

std::string ServingWorld::Serve(const std::string& user, std::size_t count, std::vector<RecommendedItem>* out) {
  const std::string id = "RID-" + std::to_string(++served_count_);
  auto [list, factors, contenders] = Ask(user, count, Hash64(id));
  ServedList served{.model = options_.artifact_name, .factors = std::move(factors)};
  for (const auto& item : list) {
    served.item_ids.push_back(item.item_id);
    served.scores.push_back(item.log_probability);
    served.propensities.push_back(static_cast<float>(item.propensity));
  }
  ATTUNE_CHECK(served_lists_->Remember(id, std::move(served)).ok());
  if (out != nullptr) *out = list;
  return id;
}

std::vector<RecommendedItem> ServingWorld::List(const std::string& user, std::size_t count, std::uint64_t seed) {
  return Ask(user, count, seed).items;
}

Recommendation ServingWorld::Ask(const std::string& user, std::size_t count, std::uint64_t seed, ScoreCache* cache,
                                 SlateCache* slate_cache) {
  return Recommend(*deployment(), {.user_id = user,
                                   .result_count = count,
                                   .context = {},
                                   .seed = seed,
                                   .score_cache = cache,
                                   .slate_cache = slate_cache});
}

double ServingWorld::Probability(const std::string& user, const std::string& item) {
  for (const auto& each : List(user, 500)) {
    if (each.item_id == item) return std::exp(static_cast<double>(each.log_probability));
  }
  return 0;
}

std::shared_ptr<Exploration> ServingWorld::Replayed() {
  auto exploration = std::make_shared<Exploration>(SmallModel(), options_);
  LiveGroup group;
  ATTUNE_CHECK(group.Attach(exploration, *log_, datasets_).ok());
  ATTUNE_CHECK(group.CatchUp(*log_, datasets_, *served_lists_).ok());
  return exploration;
}

}  // namespace attune
