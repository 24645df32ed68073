#include "serve/recommender.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "serve/user_query.h"

namespace attune {
namespace {

/// Log probabilities of the whole catalogue for one user.
std::vector<float> ScoreCatalogue(const Deployment& deployment, std::string_view user_id,
                                  std::span<const NamedValue> context) {
  const UserQuery user(deployment, user_id, context);
  std::vector<float> log_probabilities(deployment.model().item_count());
  auto scratch = deployment.scratch_pool().Borrow(deployment.model());
  deployment.model().ScoreAll(user.query(), *scratch, log_probabilities);
  deployment.scratch_pool().Return(std::move(scratch));
  return log_probabilities;
}

/// Whether training met an interaction with the item.
bool WasTaken(const RecommenderModel& model, std::uint32_t item) {
  return item < model.trained_item_count() && model.item_prior(item).interactions > 0;
}

}  // namespace

Recommendation Recommend(const Deployment& deployment, const RecommendRequest& request) {
  const RecommenderModel& model = deployment.model();
  const std::vector<float> log_probabilities = ScoreCatalogue(deployment, request.user_id, request.context);
  Random random(request.seed);
  Recommendation out{.items = {}, .factors = deployment.exploration().FactorsOf(log_probabilities)};
  const auto choices =
      deployment.exploration().Choose(model, log_probabilities, out.factors,
                                      {.size = request.result_count,
                                       .weight = deployment.configuration().exploration_weight,
                                       .age_cut_off_days = deployment.configuration().exploration_item_age_cut_off_days,
                                       .kept = request.kept},
                                      random);
  std::vector<RecommendedItem>& list = out.items;
  list.reserve(choices.size());
  for (const Choice& choice : choices) {
    list.push_back({.item_id = std::string(model.item_id(choice.index)),
                    .score = std::exp(static_cast<double>(log_probabilities[choice.index])),
                    .log_probability = log_probabilities[choice.index],
                    .propensity = choice.probability,
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

std::vector<RankedItem> Rank(const Deployment& deployment, const RankRequest& request) {
  const std::vector<float> log_probabilities = ScoreCatalogue(deployment, request.user_id, request.context);
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
