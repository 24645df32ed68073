#pragma once

#include "explore/policy.h"

namespace attune {

/// Thompson sampling with beliefs that share strength: the policy that campaigns use.
///
/// One draw for the whole slate. Each eligible item is, with probability `weight`, lifted by max(0, a draw of its
/// deviation), and stands at its expected score otherwise: weight 1 is the full posterior, and for the same random
/// numbers a larger weight never lowers an eligible item. Lifting alone (no item falls below what is expected of it;
/// May et al., "Optimistic Bayesian sampling in contextual-bandit problems", 2012) shows more of what is unknown and
/// costs less than the symmetric draw; bench/exploration measures both.
///
/// Deviations have an own part and the effects of attributes, drawn once for all items that share them. Once a place
/// went to an item that an attribute lifted, this attribute lifts no other: the next place asks another question.
/// Beneath kFullMeanWeight the expected correction fades too, so that the slate comes to the plain ranking without a
/// leap.
///
/// Probabilities have no closed form: over draws of everything else, the served one among them, the chance that the
/// item's own draw carries it into the slate is averaged (Rao-Blackwell), with its standard error. Cost: about 0.1 ms
/// for 1,000 eligible candidates.
class GaussianThompson final : public Policy {
 public:
  struct Options {
    std::size_t propensity_draws = 16;
    bool optimistic = true;        ///< False: the symmetric draw, for comparison.
    bool spend_attributes = true;  ///< False: an attribute may lift any number of places, for comparison.
  };

  GaussianThompson() : GaussianThompson(Options{}) {}
  explicit GaussianThompson(Options options) : options_(options) {}

  std::string_view name() const override { return "gaussian-thompson"; }
  std::vector<Choice> Choose(const SlateRequest& request, Random& random) const override;

  static constexpr double kFullMeanWeight = 0.3;
  /// Another where the same request draws otherwise.
  static constexpr std::uint32_t kVersion = 2;

 private:
  const Options options_;
};

}  // namespace attune
