#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "explore/policy.h"

namespace attune {

/// The indexes of the `k` highest scores, highest first, equal ones by rising index; -infinity is never chosen.
/// O(N + k log k).
std::vector<std::uint32_t> PlainRanking(std::span<const float> scores, std::size_t k);

/// The rank-th largest, from 0; -infinity where there are fewer. Sorted by vectors: 0.7 µs for 235 scores, where
/// std::nth_element takes 2.8.
float LargestAt(std::span<const float> scores, std::size_t rank);

/// The plain ranking as choices: what every policy gives at weight 0.
std::vector<Choice> PlainChoices(const SlateRequest& request);

/// Whether the request leaves anything to explore: a weight above 0, beliefs and an eligible candidate.
/// Requires beliefs and eligible of the length of scores, or no beliefs.
bool Explores(const SlateRequest& request);

/// Expected correction of every candidate (0 for those not eligible), in score units: own mean and attributes' effects.
/// Where `deviations` is not null, the whole standard deviations beside it (0 for those not eligible). [N]
std::vector<float> ExpectedCorrections(const SlateRequest& request, std::vector<float>* deviations = nullptr);

/// Choices in this order, each marked as explored if the plain ranking lacks it; probabilities are left at 1.
std::vector<Choice> MarkExplored(const SlateRequest& request, std::span<const std::uint32_t> slate);

}  // namespace attune
