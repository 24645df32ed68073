#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/query.h"
#include "serve/deployments.h"
#include "serve/recommendation_record.h"
#include "serve/score_cache.h"
#include "serve/slate_cache.h"

namespace attune {

struct RecommendRequest {
  std::string_view user_id;  ///< Or a session's id, for who has no other.
  std::size_t result_count = 25;
  std::span<const NamedValue> context;
  std::span<const NamedValue> user_attributes;
  std::uint64_t seed = 0;         ///< Of the draw, where there is exploration.
  const ItemSet* kept = nullptr;  ///< The items that may be in the list; null for all.
  bool tells_drawn_from = false;
  ScoreCache* score_cache = nullptr;  ///< Null: none.
  SlateCache* slate_cache = nullptr;  ///< Null: none; else there is a score_cache.
};

struct RecommendedItem {
  std::string item_id;
  /// The list's items have these shares of the whole catalogue's probability together, and the first place has the
  /// largest: in the plain ranking each item's own; where exploration put an item before likelier ones, they trade.
  double score = 0;
  float log_probability = 0;    ///< Natural log of the item's own share.
  double propensity = 1;        ///< The chance that the draw put it into this list.
  double propensity_error = 0;  ///< Standard error of it; 0 where it is exact.
  bool explored = false;        ///< Here because of the draw: the plain ranking would not show it.
};

struct Recommendation {
  std::vector<RecommendedItem> items;
  std::vector<float> factors;  ///< Of the user, by the model's measure: what ServedList keeps.
  /// What it was drawn from; null in the plain ranking. Tells PreparedSlate::drawn_from where the request asks for it.
  std::shared_ptr<const PreparedSlate> slate;
};

/// The list for one user, from what the deployment's model learned and what the user did since. Fewer than asked for
/// only when fewer items of the catalogue are kept; nothing else is ever in it. Scores are shares of the whole
/// catalogue all the same. Thread-safe.
Recommendation Recommend(const Deployment& deployment, const RecommendRequest& request);

/// What the recommendation log keeps of a list that was served; what it was drawn from is said by
/// Recommendation::slate.
RecommendationRecord RecordOf(const Deployment& deployment, std::int64_t time_ms, std::string_view recommendation_id,
                              const ServedList& served, const Recommendation& recommendation);

struct RankRequest {
  std::string_view user_id;
  std::span<const std::string_view> item_ids;
  std::span<const NamedValue> context;
  std::span<const NamedValue> user_attributes;
  ScoreCache* score_cache = nullptr;  ///< Null: none.
};

struct RankedItem {
  std::string item_id;
  std::optional<double> score;  ///< Sums to 1 over those that the model knows; absent for the others.
};

/// The given items for one user: known ones by falling score, then unknown ones as they came; of an id that is given
/// several times the first counts. Known are those that training saw somebody take: what joined later, or has
/// attributes alone, waits at the end for the next training. No exploration. Thread-safe.
std::vector<RankedItem> Rank(const Deployment& deployment, const RankRequest& request);

}  // namespace attune
