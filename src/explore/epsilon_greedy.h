#pragma once

#include "explore/policy.h"

namespace attune {

/// The highest expected score; with probability min(1, weight * `epsilon_per_place` * K) one place, any of them alike,
/// goes to an eligible candidate that is not in the slate, any of them alike. Probabilities are exact. K slate size.
class EpsilonGreedy final : public Policy {
 public:
  explicit EpsilonGreedy(double epsilon_per_place = 0.02) : epsilon_per_place_(epsilon_per_place) {}

  std::string_view name() const override { return "epsilon-greedy"; }
  std::vector<Choice> Choose(const SlateRequest& request, Random& random) const override;

 private:
  const double epsilon_per_place_;
};

}  // namespace attune
