#include "serve/recommender.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "explore/gaussian_thompson.h"
#include "serve/top_k.h"
#include "serve/user_query.h"

namespace attune {
namespace {

constexpr std::string_view kPlainRankingName = "plain-ranking";

struct CatalogueScores {
  ScoreCache::Scores log_probabilities;  ///< Of the whole catalogue for one user.
  bool were_kept = false;                ///< From an earlier request.
};

template <class Request>
CatalogueScores ScoreCatalogue(const Deployment& deployment, const Request& request) {
  const UserQuery user(deployment, request.user_id, request.context, request.user_attributes);
  ScoreCache* const cache = request.score_cache;
  std::string key;
  if (cache != nullptr) {
    key = ScoreCache::KeyOf(deployment.model(), user.query());
    if (auto kept = cache->Find(deployment.shared_model(), key)) return {std::move(kept), true};
  }
  auto scores = std::make_shared<std::vector<float>>(deployment.model().item_count());
  auto scratch = deployment.scratch_pool().Borrow(deployment.model());
  deployment.model().ScoreAll(user.query(), *scratch, *scores);
  deployment.scratch_pool().Return(std::move(scratch));
  if (cache != nullptr) cache->Keep(deployment.shared_model(), std::move(key), scores);
  return {std::move(scores)};
}

/// Whether training met an interaction with the item.
bool WasTaken(const RecommenderModel& model, std::uint32_t item) {
  return item < model.trained_item_count() && model.item_prior(item).interactions > 0;
}

/// What the log says of those that a list was drawn from.
std::string DrawnFromOf(const Deployment& deployment, Contenders contenders, std::size_t slate_size) {
  RecommendationRecord::DrawnFrom drawn_from;
  for (const std::uint32_t item : contenders.indexes) {
    drawn_from.item_ids.emplace_back(deployment.model().item_id(item));
  }
  const ExaminationCurve examination = deployment.exploration().posterior().examination();
  const std::size_t places = std::min(slate_size, contenders.indexes.size());
  for (std::uint32_t rank = 1; rank <= places; ++rank) drawn_from.examination.push_back(examination.At(rank));
  drawn_from.contenders = std::move(contenders);
  drawn_from.deviation_max = deployment.exploration().spread();
  return EncodeDrawnFrom(drawn_from);
}

std::shared_ptr<const PreparedSlate> PrepareSlate(const Deployment& deployment, const RecommendRequest& request,
                                                  const CatalogueScores& scores, std::span<const float> factors,
                                                  const Exploration::Slate& slate) {
  SlateCache* const cache = scores.were_kept ? request.slate_cache : nullptr;
  const SlateCache::Request asked{.exploration = deployment.shared_exploration(),
                                  .scores = scores.log_probabilities,
                                  .slate = slate,
                                  .tells_drawn_from = request.tells_drawn_from};
  const std::uint64_t revision = deployment.exploration().revision();
  if (cache != nullptr) {
    if (auto kept = cache->Find(asked, revision)) return kept;
  }
  Contenders contenders;
  std::shared_ptr<PreparedSlate> prepared = deployment.exploration().Prepare(
      deployment.model(), *scores.log_probabilities, factors, slate, request.tells_drawn_from ? &contenders : nullptr);
  if (request.tells_drawn_from) {
    prepared->set_drawn_from(DrawnFromOf(deployment, std::move(contenders), slate.size));
  }
  if (cache != nullptr) cache->Keep(asked, revision, prepared);
  return prepared;
}

std::vector<Choice> PlainList(std::span<const float> log_probabilities, const Exploration::Slate& slate) {
  std::vector<Choice> choices;
  for (const std::uint32_t item : TopK(log_probabilities, slate.size, slate.kept)) choices.push_back({.index = item});
  return choices;
}

}  // namespace

Recommendation Recommend(const Deployment& deployment, const RecommendRequest& request) {
  const RecommenderModel& model = deployment.model();
  const CatalogueScores scores_of_all = ScoreCatalogue(deployment, request);
  const std::vector<float>& log_probabilities = *scores_of_all.log_probabilities;
  Recommendation out{.items = {}, .factors = deployment.exploration().FactorsOf(log_probabilities), .slate = nullptr};
  const Exploration::Slate slate{.size = request.result_count,
                                 .weight = deployment.configuration().exploration_weight,
                                 .age_cut_off_days = deployment.configuration().exploration_item_age_cut_off_days,
                                 .kept = request.kept};
  if (slate.weight > 0) out.slate = PrepareSlate(deployment, request, scores_of_all, out.factors, slate);
  Random random(request.seed);
  const auto choices = out.slate ? out.slate->Choose(random) : PlainList(log_probabilities, slate);
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
                              const ServedList& served, const Recommendation& recommendation) {
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
  return record;
}

std::vector<RankedItem> Rank(const Deployment& deployment, const RankRequest& request) {
  const CatalogueScores scores_of_all = ScoreCatalogue(deployment, request);
  const std::vector<float>& log_probabilities = *scores_of_all.log_probabilities;
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
