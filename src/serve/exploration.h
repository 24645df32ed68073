#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "explore/policy.h"
#include "explore/posterior.h"
#include "model/recommender_model.h"
#include "serve/served_lists.h"

namespace attune {

/// What one campaign believes of its model's items, and the choice of which to show. Thread-safe: choosing takes no
/// lock, observing excludes itself.
class Exploration {
 public:
  explicit Exploration(std::shared_ptr<const RecommenderModel> model);

  /// Learns what came of a list: every item that was shown and not clicked counts against it, the clicked one for it.
  /// `served` is the list if it was one of ours: then its scores are known, and the place of an item is its place
  /// there.
  void Observe(std::span<const std::string> shown_item_ids, std::string_view clicked_item_id, const ServedList* served);
  /// A list that was told as ignored before was clicked after all.
  void ObserveLateClick(std::string_view clicked_item_id, const ServedList& served);

  struct Slate {
    std::size_t size = 25;
    double weight = 0;                  ///< explorationWeight, in [0, 1].
    std::int64_t eligible_from_ms = 0;  ///< Items created then or later may be explored.
  };
  /// Chosen places, best first; Choice::index is an item of the model. At weight 0 the plain ranking.
  std::vector<Choice> Choose(std::span<const float> log_probabilities, const Slate& slate, Random& random) const;

  const Posterior& posterior() const { return posterior_; }

  /// How many of the best items by plain score compete with the eligible ones.
  static constexpr std::size_t kCandidatesMin = 300;
  /// How much wider the belief in an item that joined since training is than the spread of known items: wide enough
  /// that, at a high explorationWeight, people see such items at once; impressions narrow it within a few lists.
  static constexpr double kNewItemWidth = 2;
  /// Of an item that everybody knows; the posterior takes 0 for its default.
  static constexpr double kDeviationMin = 1e-3;
  /// The newest items that may be explored at once, so that a catalogue of new items alone costs no more.
  static constexpr std::size_t kEligibleMax = 20'000;

 private:
  const std::shared_ptr<const RecommenderModel> model_;
  const double spread_;  ///< Of a user's log probabilities over the catalogue: how uncertain an unmet item is.
  std::vector<std::pair<std::int64_t, std::uint32_t>> newest_first_;  ///< When created, and the item.
  Posterior posterior_;
};

}  // namespace attune
