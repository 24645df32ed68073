#pragma once

#include "explore/policy.h"

namespace attune {

/// Thompson sampling on each eligible item's own clicks and showings, Beta(1, 1) before the first: knows neither the
/// user nor the attributes. Here for comparison. With probability `weight` an item stands where its draw puts it, at
/// its plain score otherwise. Probabilities are shares of `propensity_draws` further slates, the served one counted
/// too, with their standard error.
class BetaThompson final : public Policy {
 public:
  explicit BetaThompson(std::size_t propensity_draws = 100) : propensity_draws_(propensity_draws) {}

  std::string_view name() const override { return "beta-thompson"; }
  std::vector<Choice> Choose(const SlateRequest& request, Random& random) const override;

 private:
  const std::size_t propensity_draws_;
};

}  // namespace attune
