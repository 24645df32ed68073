#include "served.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>

#include "base/check.h"
#include "base/hash.h"
#include "base/thread_pool.h"
#include "serve/deployments.h"
#include "serve/live_group.h"
#include "serve/recommender.h"
#include "serve/served_lists.h"
#include "storage/key_value_store.h"
#include "storage/memory_env.h"
#include "train/train_solution.h"

namespace attune::exploration_bench {
namespace {

constexpr std::size_t kUsers = 300;
constexpr std::size_t kOld = 120;
constexpr std::size_t kNew = 180;
constexpr std::size_t kTail = 1000;  // Further old items of a catalogue with a long tail: nobody took one.
constexpr double kTailLoss = 1;      // They are that much worse, in logits.
constexpr std::size_t kGenres = 12;
constexpr std::size_t kTaste = 6;
constexpr std::size_t kSlate = 10;
constexpr std::size_t kRequests = 12'000;
constexpr std::int64_t kStartMs = 1'600'000'000'000;
constexpr std::int64_t kStepMs = 60'000;

/// Who likes what, drawn: tastes and places of items, of which genres tell a part, and a quality that nothing tells.
struct Truth {
  Truth(std::uint64_t seed, std::size_t tail) : item_count(kOld + kNew + tail) {
    Random random(seed);
    std::vector<float> genre_place(kGenres * kTaste);
    for (float& value : genre_place) value = static_cast<float>(random.Normal());
    for (std::size_t user = 0; user < kUsers * kTaste; ++user) taste.push_back(static_cast<float>(random.Normal()));
    for (std::size_t item = 0; item < item_count; ++item) {
      genre.push_back(static_cast<std::uint32_t>(random.Below(kGenres)));
      for (std::size_t d = 0; d < kTaste; ++d) {
        place.push_back(0.8F * genre_place[genre[item] * kTaste + d] + 0.6F * static_cast<float>(random.Normal()));
      }
      quality.push_back(static_cast<float>(0.8 * random.Normal() - (item < kOld + kNew ? 0 : kTailLoss)));
    }
  }
  double Logit(std::size_t user, std::size_t item) const {
    double affinity = 0;
    for (std::size_t d = 0; d < kTaste; ++d) affinity += taste[user * kTaste + d] * place[item * kTaste + d];
    return 0.9 * std::clamp(affinity / std::sqrt(kTaste), -2.0, 4.0) + quality[item];
  }
  double ClickChance(std::size_t user, std::size_t item) const { return 1 / (1 + std::exp(4.2 - Logit(user, item))); }

  /// How well an item does with everybody.
  double Worth(std::size_t item) const {
    double worth = 0;
    for (std::size_t user = 0; user < kUsers; ++user) worth += ClickChance(user, item);
    return worth;
  }

  const std::size_t item_count;  // The old ones, the new ones, the long tail.
  std::vector<float> taste;      // [kUsers, kTaste]
  std::vector<float> place;      // [item_count, kTaste]
  std::vector<float> quality;    // [item_count]
  std::vector<std::uint32_t> genre;
};

std::string ItemId(std::size_t item) { return "i" + std::to_string(item); }
std::string GenreName(const Truth& truth, std::size_t item) { return "g" + std::to_string(truth.genre[item]); }

/// What people took of the old items before the first request; as later, nothing keeps them from taking one again.
TrainingData History(const Truth& truth, std::uint64_t seed) {
  Random random(seed + 1000);
  TrainingData data;
  CategoricalColumn genres{.name = "GENRES", .categories = {}, .offsets = {0}, .values = {}};
  for (std::size_t item = 0; item < truth.item_count; ++item) {
    if (item >= kOld && item < kOld + kNew) continue;
    data.items.Add(ItemId(item));
    genres.values.push_back(genres.categories.Add(GenreName(truth, item)));
    genres.offsets.push_back(static_cast<std::uint32_t>(genres.values.size()));
    data.item_created_ms.push_back(kStartMs - std::int64_t{400} * 24 * 3600 * 1000);
  }
  data.item_attributes.categorical.push_back(std::move(genres));
  Interactions& out = data.interactions;
  out.user_offsets.push_back(0);
  for (std::size_t user = 0; user < kUsers; ++user) {
    data.users.Add("u" + std::to_string(user));
    std::vector<double> weights;
    for (std::size_t item = 0; item < kOld; ++item) weights.push_back(std::exp(truth.Logit(user, item)));
    for (std::size_t event = 0; event < 20; ++event) {
      double total = 0;
      for (const double weight : weights) total += weight;
      double drawn = random.Uniform() * total;
      std::size_t item = 0;
      while (item + 1 < kOld && (drawn -= weights[item]) >= 0) ++item;
      out.user.push_back(static_cast<std::uint32_t>(user));
      out.item.push_back(static_cast<std::uint32_t>(item));
      out.timestamp_ms.push_back(kStartMs - 1'000'000 + static_cast<std::int64_t>(event * 1000));
      out.event_type.push_back(out.event_types.Add("click"));
      out.event_value.push_back(kMissing);
      data.newest_interaction_ms = std::max(data.newest_interaction_ms, out.timestamp_ms.back());
    }
    out.user_offsets.push_back(static_cast<std::uint32_t>(out.item.size()));
  }
  return data;
}

std::shared_ptr<const RecommenderModel> Train(const Truth& truth, std::uint64_t seed) {
  MemoryEnv env;
  FakeClock clock;
  ThreadPool pool(1, 16);
  std::atomic<bool> cancelled{false};
  TrainContext context{
      .env = env, .clock = clock, .pool = pool, .cancelled = cancelled, .on_progress = {}, .memory_bytes_max = 0};
  ATTUNE_CHECK(TrainFull(History(truth, seed), {}, context, "/a/model").ok());
  auto model = RecommenderModel::Load(env, "/a/model");
  ATTUNE_CHECK(model.ok());
  return *model;
}

struct Entry {
  std::string name;
  double weight = 0;
  Exploration::Options options;
  bool learns = true;
};

struct Outcome {
  double clicks = 0;
  double oracle = 0;
  double new_share = 0;
  double tail_share = 0;
  std::size_t never_shown = 0;
  std::size_t good_found = 0;
};

/// One group with its log, as a server has it.
class Service {
 public:
  Service(std::shared_ptr<const RecommenderModel> model, const Entry& entry)
      : store_(KeyValueStore::Open(env_, "/log").value()),
        log_(EventLog::Open(*store_).value()),
        lists_(ServedLists::Open(env_, "/lists", clock_).value()) {
    auto schema = Schema::Parse(R"({"type": "record", "name": "Items", "namespace": "com.amazonaws.personalize.schema",
        "version": "1.0", "fields": [{"name": "ITEM_ID", "type": "string"},
        {"name": "GENRES", "type": "string", "categorical": true}, {"name": "CREATION_TIMESTAMP", "type": "long"}]})");
    datasets_ = {.interactions_stream = "events",
                 .items_stream = "items",
                 .item_schema = std::make_shared<const Schema>(*std::move(schema))};
    const auto exploration = std::make_shared<Exploration>(std::move(model), entry.options);
    ATTUNE_CHECK(group_->Attach(exploration, *log_, datasets_).ok());
    deployments_.Publish(
        "c", std::make_shared<Deployment>(Deployment::Configuration{.uid = "c", .exploration_weight = entry.weight},
                                          exploration, group_));
  }

  void PutItem(const Truth& truth, std::size_t item, std::int64_t when_ms) {
    const EntityPut put{.id = ItemId(item),
                        .received_ms = 1,
                        .values = {Value(ItemId(item)), Value(GenreName(truth, item)), Value(when_ms)}};
    Append(datasets_.items_stream, EncodeEntityPut(put));
  }
  std::vector<RecommendedItem> Serve(std::size_t user, std::size_t count, const std::string& id) {
    Recommendation recommendation =
        Recommend(*deployments_.Find("c"),
                  {.user_id = "u" + std::to_string(user), .result_count = count, .context = {}, .seed = Hash64(id)});
    ServedList served{.model = "", .factors = std::move(recommendation.factors)};
    for (const auto& item : recommendation.items) {
      served.item_ids.push_back(item.item_id);
      served.scores.push_back(item.log_probability);
      served.propensities.push_back(static_cast<float>(item.propensity));
    }
    ATTUNE_CHECK(lists_->Remember(id, std::move(served)).ok());
    return std::move(recommendation.items);
  }
  void Tell(std::size_t user, const std::string& id, const std::string& item, bool clicked, std::int64_t when_ms) {
    Event event{.session_id = "s" + std::to_string(user),
                .item_id = item,
                .event_type = clicked ? "click" : "view",
                .timestamp_ms = when_ms,
                .recommendation_id = id};
    lists_->Resolve(&event);
    Append(datasets_.interactions_stream, EncodeEvent(event));
  }

 private:
  void Append(const std::string& stream, const std::string& payload) {
    ATTUNE_CHECK(log_->Append(stream, {&payload, 1}).ok());
    ATTUNE_CHECK(group_->CatchUp(*log_, datasets_, *lists_).ok());
  }

  MemoryEnv env_;
  FakeClock clock_;
  std::unique_ptr<KeyValueStore> store_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<ServedLists> lists_;
  GroupDatasets datasets_;
  std::shared_ptr<LiveGroup> group_ = std::make_shared<LiveGroup>();
  Deployments deployments_;
};

/// New items come at even times; nothing retires. People are told of by their sessions, so that a click moves beliefs
/// and not a history, which this world's truth does not look at.
Outcome Simulate(const Truth& truth, const std::shared_ptr<const RecommenderModel>& model, const Entry& entry,
                 std::uint64_t seed) {
  Service service(model, entry);
  Random random(seed + 77);
  std::vector<std::size_t> shown(truth.item_count);
  std::size_t arrived = 0;
  Outcome outcome;
  std::size_t impressions = 0;
  for (std::size_t request = 0; request < kRequests; ++request) {
    const std::int64_t now_ms = kStartMs + static_cast<std::int64_t>(request) * kStepMs;
    while (arrived < kNew && request >= arrived * kRequests / kNew) service.PutItem(truth, kOld + arrived++, now_ms);
    const std::size_t user = random.Below(kUsers);
    std::vector<double> chances;
    for (std::size_t item = 0; item < truth.item_count; ++item) {
      if (item < kOld + arrived || item >= kOld + kNew) chances.push_back(truth.ClickChance(user, item));
    }
    std::ranges::sort(chances, std::greater<>());
    for (std::size_t rank = 1; rank <= kSlate; ++rank) outcome.oracle += chances[rank - 1] / std::pow(rank, 0.6);

    const std::string id = fmt::format("r{}", request);
    const auto list = service.Serve(user, kSlate, id);
    bool told = false;
    std::string first;
    std::size_t rank = 0;
    for (const auto& item : list) {
      ++rank;
      const std::size_t index = std::stoul(item.item_id.substr(1));
      if (first.empty()) first = item.item_id;
      ++impressions;
      ++shown[index];
      outcome.new_share += index >= kOld && index < kOld + kNew;
      outcome.tail_share += index >= kOld + kNew;
      const double chance = truth.ClickChance(user, index) / std::pow(rank, 0.6);
      outcome.clicks += chance;
      if (random.Uniform() < chance) {
        service.Tell(user, id, item.item_id, true, now_ms);
        told = true;
      }
    }
    if (!told) service.Tell(user, id, first, false, now_ms);
  }
  outcome.new_share /= static_cast<double>(impressions);
  outcome.tail_share /= static_cast<double>(impressions);
  std::vector<std::pair<double, std::size_t>> by_worth;
  for (std::size_t item = kOld; item < kOld + kNew; ++item) {
    by_worth.emplace_back(truth.Worth(item), item);
    outcome.never_shown += shown[item] == 0;
  }
  std::ranges::sort(by_worth, std::greater<>());
  for (std::size_t i = 0; i < kNew / 5; ++i) outcome.good_found += shown[by_worth[i].second] >= 20;
  return outcome;
}

/// What lists made from the truth lose, in percent of the oracle's clicks, over every user at every arrival: the same
/// list for all people, of all items that are there or of the old ones; and each one's best list of old items.
struct KnownLosses {
  double same_for_all = 0;
  double same_for_all_old = 0;
  double own_old = 0;
};
KnownLosses LossesOfTheTruth(const Truth& truth) {
  std::vector<double> worth;
  for (std::size_t item = 0; item < kOld + kNew; ++item) worth.push_back(truth.Worth(item));
  const auto clicks = [&](std::size_t user, std::size_t items, bool is_own) {
    std::vector<std::pair<double, double>> ranked;  // By what is known, with the chance.
    for (std::size_t item = 0; item < items; ++item) {
      const double chance = truth.ClickChance(user, item);
      ranked.emplace_back(is_own ? chance : worth[item], chance);
    }
    std::ranges::sort(ranked, std::greater<>());
    double sum = 0;
    for (std::size_t rank = 1; rank <= kSlate; ++rank) sum += ranked[rank - 1].second / std::pow(rank, 0.6);
    return sum;
  };
  KnownLosses sums;
  double oracle = 0;
  for (std::size_t user = 0; user < kUsers; ++user) {
    for (std::size_t arrived = 1; arrived <= kNew; ++arrived) {
      oracle += clicks(user, kOld + arrived, true);
      sums.same_for_all += clicks(user, kOld + arrived, false);
    }
    sums.same_for_all_old += kNew * clicks(user, kOld, false);
    sums.own_old += kNew * clicks(user, kOld, true);
  }
  const auto percent = [&](double sum) { return 100 * (1 - sum / oracle); };
  return {percent(sums.same_for_all), percent(sums.same_for_all_old), percent(sums.own_old)};
}

void PrintEntries(const std::vector<Entry>& entries, std::size_t seed_count, std::size_t tail) {
  fmt::print(
      "\n| | regret % | new, % of impressions | long tail, % | never shown of {} | good found of {} |\n"
      "|---|---|---|---|---|---|\n",
      kNew, kNew / 5);
  for (const Entry& entry : entries) {
    Outcome sum;
    double regret = 0;
    double squares = 0;
    const auto count = static_cast<double>(seed_count);
    for (std::uint64_t seed = 0; seed < seed_count; ++seed) {
      const Truth truth(seed, tail);
      const Outcome outcome = Simulate(truth, Train(truth, seed), entry, seed);
      const double percent = 100 * (1 - outcome.clicks / outcome.oracle);
      regret += percent / count;
      squares += percent * percent / count;
      sum.new_share += outcome.new_share / count;
      sum.tail_share += outcome.tail_share / count;
      sum.never_shown += outcome.never_shown;
      sum.good_found += outcome.good_found;
    }
    const double deviation = std::sqrt(std::max(0.0, squares - regret * regret) * count / std::max(1.0, count - 1));
    fmt::print("| {} | {:.2f} ± {:.2f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |\n", entry.name, regret, deviation,
               100 * sum.new_share, 100 * sum.tail_share, static_cast<double>(sum.never_shown) / count,
               static_cast<double>(sum.good_found) / count);
    std::fflush(stdout);
  }
}

}  // namespace

void PrintServed(std::size_t seed_count) {
  const auto options = [](std::size_t factor_count, bool shares_attributes) {
    return Exploration::Options{
        .event_type = "click", .limits = {}, .factor_count = factor_count, .shares_attributes = shares_attributes};
  };
  const std::vector<Entry> entries{
      {"weight 0: the plain ranking", 0, options(8, true)},
      {"weight 0.1", 0.1, options(8, true)},
      {"weight 0.3", 0.3, options(8, true)},
      {"weight 0.9", 0.9, options(8, true)},
      {"weight 0.3, no user factors", 0.3, options(0, true)},
      {"weight 0.3, nothing shared by attributes", 0.3, options(8, false)},
  };
  PrintEntries(entries, seed_count, 0);
  KnownLosses mean;
  for (std::uint64_t seed = 0; seed < seed_count; ++seed) {
    const KnownLosses losses = LossesOfTheTruth(Truth(seed, 0));
    mean.own_old += losses.own_old / static_cast<double>(seed_count);
    mean.same_for_all += losses.same_for_all / static_cast<double>(seed_count);
    mean.same_for_all_old += losses.same_for_all_old / static_cast<double>(seed_count);
  }
  fmt::print("| who knows all, of old items | {:.2f} | 0 | | {} | 0 |\n", mean.own_old, kNew);
  fmt::print("| who knows all but tastes | {:.2f} | | | | |\n", mean.same_for_all);
  fmt::print("| who knows all but tastes, of old items | {:.2f} | 0 | | {} | 0 |\n", mean.same_for_all_old, kNew);

  fmt::print("\nWith {} further old items that nobody took:\n", kTail);
  std::vector<Entry> tail_entries{{"weight 0: the plain ranking", 0, options(8, true)}};
  for (const std::size_t unmet_max : {0, 10, 50, 200, 1000}) {
    Entry entry{fmt::format("weight 0.3, {} of them at a time", unmet_max), 0.3, options(8, true)};
    entry.options.unmet_max = unmet_max;
    tail_entries.push_back(std::move(entry));
  }
  PrintEntries(tail_entries, seed_count, kTail);
}

}  // namespace attune::exploration_bench
