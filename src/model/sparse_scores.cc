#include "model/sparse_scores.h"

#include <algorithm>

namespace attune {

void SparseScores::WriteLogShares(std::span<float> feature) const {
  std::fill(feature.begin(), feature.end(), std::log(kShareFloor));
  double total = 0;
  for (const std::uint32_t item : touched_) total += sums_[item];
  if (total <= 0) return;
  const auto scale = static_cast<float>(1 / total);
  for (const std::uint32_t item : touched_) feature[item] = std::log(sums_[item] * scale + kShareFloor);
}

}  // namespace attune
