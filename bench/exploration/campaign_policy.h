#pragma once

#include <memory>
#include <vector>

#include "explore/policy.h"
#include "explore/posterior.h"
#include "explore/user_factors.h"
#include "world.h"

namespace attune::exploration_bench {

/// What a recommender does with the explore floor, as the simulator drives it.
struct CampaignOptions {
  double weight = 0.3;
  std::size_t factor_count = 8;
  bool shares_attributes = true;
  /// As a service sees the world: scores are log probabilities over the live items, the click model is unknown and
  /// learned. Otherwise scores are the click logits that the reference policies get.
  bool service_view = false;
  std::size_t propensity_draws = 0;  ///< The simulator has no use for probabilities.
};

/// Drives `policy`; who examined what is never looked at.
class CampaignPolicy final : public SimulatedPolicy {
 public:
  CampaignPolicy(std::unique_ptr<Policy> policy, const CampaignOptions& options)
      : policy_(std::move(policy)), options_(options) {}

  void Start(const Episode& episode) override;
  std::vector<std::uint32_t> Choose(const LiveRequest& request, Random& random) override;
  void Observe(std::size_t user, std::span<const Shown> slate) override;

  const Posterior& posterior() const { return *posterior_; }

 private:
  std::span<const float> FactorsOf(std::size_t user) const {
    return std::span(factors_).subspan(user * factor_count_, factor_count_);
  }

  const std::unique_ptr<Policy> policy_;
  const CampaignOptions options_;
  std::unique_ptr<Posterior> posterior_;
  std::size_t factor_count_ = 0;
  std::vector<float> factors_;  ///< [U, D]
  std::vector<float> scores_;
  std::vector<float> normalizers_;  ///< [U], of the request last served: what a served list keeps.
};

/// The policy that campaigns use.
std::unique_ptr<CampaignPolicy> MakeCampaign(const CampaignOptions& options);

}  // namespace attune::exploration_bench
