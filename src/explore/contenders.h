#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "explore/policy.h"

namespace attune {

/// The candidates of a request that can reach its slate at one explorationWeight or another, with all that is believed
/// of them: enough to choose again, by any policy and at any weight, when the beliefs have moved on. N contenders.
struct Contenders {
  std::vector<std::uint32_t> indexes;  ///< [N] into the request's candidates, ascending.
  std::vector<float> scores;           ///< [N] as in the request.
  std::vector<std::uint8_t> eligible;  ///< [N]
  SlateBeliefs beliefs;                ///< Of the N.
  std::size_t left_out = 0;            ///< Further ones that could have reached it, but for `count_max`.

  SlateRequest Request(std::span<const float> seasoned_scores, std::size_t slate_size, double weight) const {
    return {.scores = seasoned_scores,
            .eligible = eligible,
            .beliefs = &beliefs,
            .slate_size = slate_size,
            .weight = weight};
  }
};

/// Requires beliefs in the request; its weight is not looked at. Who is more than kContenderReach standard deviations
/// away from the slate is none. Where more than `count_max` remain, those that come nearest to the top stay.
/// O(N log N).
Contenders FindContenders(const SlateRequest& request, double deviation_max, std::size_t count_max);

/// The scores that a campaign's policy is given at an explorationWeight: the mean of a log-normal stands above its
/// median by half the variance, so of two items of one median the less certain is expected to be taken more often. It
/// counts by the square of the weight, so that the default weight seasons the list and a high one fills it, and fades
/// as impressions narrow the belief. Deviations count up to `deviation_max`. [N]
std::vector<float> SeasonedScores(std::span<const float> scores, std::span<const std::uint8_t> eligible,
                                  const SlateBeliefs& beliefs, double weight, double deviation_max);

inline constexpr float kContenderReach = Posterior::kReach;  // As far as GaussianThompson draws.

}  // namespace attune
