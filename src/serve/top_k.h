#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "filter/item_set.h"

namespace attune {

/// The indexes of the `k` highest scores, highest first; equal scores by rising index. Of those in `kept` alone, if it
/// is given; then it has the size of `scores`. Scores of -infinity are never chosen, so fewer may come back.
/// O(N + k log k); with `kept`, O(N / 64 + kept + k log k).
std::vector<std::uint32_t> TopK(std::span<const float> scores, std::size_t k, const ItemSet* kept = nullptr);

/// The same items by rising index. O(N) where all that are kept fit.
std::vector<std::uint32_t> TopKByIndex(std::span<const float> scores, std::size_t k, const ItemSet* kept = nullptr);

}  // namespace attune
