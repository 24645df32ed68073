#pragma once

#include "explore/policy.h"

namespace attune {

/// The highest expected score: learns from impressions that come its way, seeks none. Deterministic: probability 1.
class Greedy final : public Policy {
 public:
  std::string_view name() const override { return "greedy"; }
  std::vector<Choice> Choose(const SlateRequest& request, Random& random) const override;
};

}  // namespace attune
