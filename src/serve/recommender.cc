#include "serve/recommender.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "explore/gaussian_thompson.h"
#include "serve/user_query.h"

namespace attune {
namespace {

constexpr std::string_view kPlainRankingName = "plain-ranking";

/// Log probabilities of the whole catalogue for one user.
template <class Request>
ScoreCache::Scores ScoreCatalogue(const Deployment& deployment, const Request& request) {
  const UserQuery user(deployment, request.user_id, request.context, request.user_attributes);
  ScoreCache* const cache = request.score_cache;
  std::string key;
  if (cache != nullptr) {
    key = ScoreCache::KeyOf(deployment.model(), user.query());
    if (auto kept = cache->Find(deployment.shared_model(), key)) return kept;
  }
  auto scores = std::make_shared<std::vector<float>>(deployment.model().item_count());
  auto scratch = deployment.scratch_pool().Borrow(deployment.model());
  deployment.model().ScoreAll(user.query(), *scratch, *scores);
  deployment.scratch_pool().Return(std::move(scratch));
  if (cache != nullptr) cache->Keep(deployment.shared_model(), std::move(key), scores);
  return scores;
}

/// Whether training met an interaction with the item.
bool WasTaken(const RecommenderModel& model, std::uint32_t item) {
  return item < model.trained_item_count() && model.item_prior(item).interactions > 0;
}

}  // namespace

Recommendation Recommend(const Deployment& deployment, const RecommendRequest& request) {
  const RecommenderModel& model = deployment.model();
  const auto scores_of_all = ScoreCatalogue(deployment, request);
  const std::vector<float>& log_probabilities = *scores_of_all;
  Random random(request.seed);
  Recommendation out{
      .items = {}, .factors = deployment.exploration().FactorsOf(log_probabilities), .contenders = Contenders()};
  const auto choices =
      deployment.exploration().Choose(model, log_probabilities, out.factors,
                                      {.size = request.result_count,
                                       .weight = deployment.configuration().exploration_weight,
                                       .age_cut_off_days = deployment.configuration().exploration_item_age_cut_off_days,
                                       .kept = request.kept},
                                      random, request.tells_contenders ? &out.contenders : nullptr);
  std::vector<RecommendedItem>& list = out.items;
  list.reserve(choices.size());
  for (const Choice& choice : choices) {
    list.push_back({.item_id = std::string(model.item_id(choice.index)),
                    .score = std::exp(static_cast<double>(log_probabilities[choice.index])),
                    .log_probability = log_probabilities[choice.index],
                    .propensity = choice.probability,
                    .propensity_error = choice.probability_error,
                    .explored = choice.explored});
  }
  deployment.exploration().CountServed(
      list.size(), static_cast<std::size_t>(std::ranges::count_if(list, &RecommendedItem::explored)));
  // Scores fall along the list, as clients expect, and sum to no more than 1.
  std::vector<double> scores;
  for (const auto& item : list) scores.push_back(item.score);
  std::ranges::sort(scores, std::greater<>());
  for (std::size_t i = 0; i < list.size(); ++i) list[i].score = scores[i];
  return out;
}

RecommendationRecord RecordOf(const Deployment& deployment, std::int64_t time_ms, std::string_view recommendation_id,
                              const ServedList& served, Recommendation recommendation) {
  const Exploration& exploration = deployment.exploration();
  const double weight = deployment.configuration().exploration_weight;
  RecommendationRecord record{.time_ms = time_ms,
                              .recommendation_id = std::string(recommendation_id),
                              .campaign_arn = served.deployment,
                              .user_id = served.user_id,
                              .model = served.model,
                              .policy = std::string(weight > 0 ? GaussianThompson().name() : kPlainRankingName),
                              .policy_version = GaussianThompson::kVersion,
                              .exploration_weight = weight,
                              .reward_event_type = exploration.event_type(),
                              .item_ids = served.item_ids,
                              .scores = served.scores,
                              .propensities = served.propensities,
                              .propensity_errors = {},
                              .explored = {},
                              .drawn_from = {}};
  for (const RecommendedItem& item : recommendation.items) {
    record.explored.push_back(item.explored ? 1 : 0);
    record.propensity_errors.push_back(static_cast<float>(item.propensity_error));
  }
  if (weight <= 0) return record;
  RecommendationRecord::DrawnFrom drawn_from;
  for (const std::uint32_t item : recommendation.contenders.indexes) {
    drawn_from.item_ids.emplace_back(deployment.model().item_id(item));
  }
  drawn_from.contenders = std::move(recommendation.contenders);
  const ExaminationCurve examination = exploration.posterior().examination();
  for (std::uint32_t rank = 1; rank <= record.item_ids.size(); ++rank) {
    drawn_from.examination.push_back(examination.At(rank));
  }
  drawn_from.deviation_max = exploration.spread();
  record.drawn_from = std::move(drawn_from);
  return record;
}

std::vector<RankedItem> Rank(const Deployment& deployment, const RankRequest& request) {
  const auto scores_of_all = ScoreCatalogue(deployment, request);
  const std::vector<float>& log_probabilities = *scores_of_all;
  std::vector<RankedItem> known;
  std::vector<RankedItem> unknown;
  std::unordered_set<std::string_view> met;
  double sum = 0;
  for (const std::string_view item_id : request.item_ids) {
    if (!met.insert(item_id).second) continue;
    const auto item = deployment.model().FindItem(item_id);
    if (!item || !WasTaken(deployment.model(), *item)) {
      unknown.push_back({.item_id = std::string(item_id)});
      continue;
    }
    known.push_back(
        {.item_id = std::string(item_id), .score = std::exp(static_cast<double>(log_probabilities[*item]))});
    sum += *known.back().score;
  }
  for (auto& item : known) *item.score /= sum;
  std::ranges::stable_sort(known, [](const RankedItem& a, const RankedItem& b) { return *a.score > *b.score; });
  known.insert(known.end(), std::make_move_iterator(unknown.begin()), std::make_move_iterator(unknown.end()));
  return known;
}

}  // namespace attune
