#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/query.h"
#include "serve/deployments.h"

namespace attune {

struct RecommendRequest {
  std::string_view user_id;  ///< Or a session's id, for who has no other.
  std::size_t result_count = 25;
  std::span<const NamedValue> context;
  std::uint64_t seed = 0;  ///< Of the draw, where there is exploration.
};

struct RecommendedItem {
  std::string item_id;
  /// Its share of the whole catalogue's probability. An explored item that stands before likelier ones is given the
  /// likeliest one's, so that scores fall along the list as clients expect.
  double score = 0;
  double propensity = 1;  ///< The chance that the draw put it into this list.
  bool explored = false;  ///< Here because of the draw: the plain ranking would not show it.
};

/// The list for one user, from what the deployment's model learned and what the user did since. Fewer than asked for
/// only when the catalogue is smaller. Thread-safe.
std::vector<RecommendedItem> Recommend(const Deployment& deployment, const RecommendRequest& request);

struct RankRequest {
  std::string_view user_id;
  std::span<const std::string_view> item_ids;
  std::span<const NamedValue> context;
};

struct RankedItem {
  std::string item_id;
  std::optional<double> score;  ///< Sums to 1 over those that the model knows; absent for the others.
};

/// The given items for one user: known ones by falling score, then unknown ones as they came; of an id that is given
/// several times the first counts. No exploration. Thread-safe.
std::vector<RankedItem> Rank(const Deployment& deployment, const RankRequest& request);

}  // namespace attune
