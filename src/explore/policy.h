#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "explore/slate_beliefs.h"

namespace attune {

// How a recommender uses this floor:
//
//   once a model:   UserFactors::Fit(scores of some anchor items for a sample of histories) -> UserFactors
//                   Posterior posterior({.factor_count = factors.factor_count()});
//                   posterior.SetItem(item, item_prior.standard_deviation, attributes) for every item that may be new
//   a request:      factors.Project(scores of the anchors, x)
//                   beliefs = ReadBeliefs(posterior, items, eligible, x)
//                   GaussianThompson().Choose({.scores, .eligible, .beliefs, …}, random)
//                   the list with its scores, x and probabilities goes to where served lists are kept
//   an impression:  posterior.Observe(list with ranks, scores and clicks, x)      before the 200, in the log's order
//   a new item:     posterior.SetItem(its index, deviation, attributes)
//   a restart:      the same calls in the same order, or Parse(Serialize()) and the calls since
//   a new model:    posterior.Relax(0.5) if indexes stay; else a new Posterior and the events since
//
// Candidates should be the best few hundred by score and every eligible item. An item is eligible when its age is
// within the cut-off or it has few interactions: the caller decides, here everything else keeps its plain score.

/// One place of a slate.
struct Choice {
  std::uint32_t index = 0;       ///< Into the candidates of the request.
  double probability = 1;        ///< The chance, over draws, that this candidate is anywhere in this request's slate.
  double probability_error = 0;  ///< Standard error of `probability`; 0 where it is exact.
  bool explored = false;         ///< The plain ranking would not show it.
};

/// Candidates and what is known of them. Views only. N candidates.
struct SlateRequest {
  std::span<const float> scores;           ///< [N] log probabilities; -infinity is never chosen. No NaN.
  std::span<const std::uint8_t> eligible;  ///< [N], 1: may be explored.
  const SlateBeliefs* beliefs = nullptr;   ///< Of N candidates. Null: the plain ranking.
  std::size_t slate_size = 25;
  double weight = 0.3;  ///< explorationWeight, in [0, 1].
};

/// How a slate is chosen. Every policy gives, at weight 0 or when nothing is eligible, the plain ranking: the highest
/// scores, equal ones by rising index, probability 1. Immutable: thread-safe, one Random for each thread.
class Policy {
 public:
  virtual ~Policy() = default;
  virtual std::string_view name() const = 0;
  /// Best place first; fewer than slate_size only where candidates are fewer. The same request, beliefs and state of
  /// `random` give the same slate.
  virtual std::vector<Choice> Choose(const SlateRequest& request, Random& random) const = 0;
};

}  // namespace attune
