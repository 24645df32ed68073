#pragma once

#include "explore/policy.h"

namespace attune {

/// The highest expected score plus weight * `width` standard deviations. Deterministic: probability 1, so that nothing
/// can be estimated from its log about what it does not show.
class Ucb final : public Policy {
 public:
  explicit Ucb(double width = 0.7) : width_(width) {}

  std::string_view name() const override { return "ucb"; }
  std::vector<Choice> Choose(const SlateRequest& request, Random& random) const override;

 private:
  const double width_;
};

}  // namespace attune
