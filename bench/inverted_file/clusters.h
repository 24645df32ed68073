#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attune {

/// Rows [N, D] in lists of neighbours. Lists are found by k-means (Lloyd) on a sample of kSamplesPerList rows a list.
struct Clusters {
  std::vector<float> centres;                     ///< [lists, D]
  std::vector<std::vector<std::uint32_t>> lists;  ///< Of rows, ascending.
};

/// About sqrt(N) lists. The same rows and seed give the same lists.
Clusters FindClusters(std::span<const float> rows, std::size_t width, std::uint64_t seed);

inline constexpr std::size_t kSamplesPerList = 32;
inline constexpr int kRounds = 6;

}  // namespace attune
