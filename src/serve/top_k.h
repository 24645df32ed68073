#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attune {

/// The indexes of the `k` highest scores, highest first; equal scores by rising index.
/// Scores of -infinity are never chosen, so fewer may come back. O(N + k log k).
std::vector<std::uint32_t> TopK(std::span<const float> scores, std::size_t k);

}  // namespace attune
